package orchestrator

import (
	"hash/maphash"

	"multistream/shared/event"
)

// seenKey names a command: who gave it, with which key.
type seenKey struct {
	actor event.ID
	key   string
}

// filterBits are 128 KiB a class. With 100,000 keys in them one new command in 100 is looked for in the log for nothing; with
// ever more keys every one is, and the class needs no more memory for it.
const filterBits = 1 << 20

// keyFilter knows of most new keys that they are new, so that the log need not be asked. It never takes a used key for a new one.
// The nil filter knows nothing of any.
type keyFilter struct {
	seed maphash.Seed // of this filter alone: nobody can choose keys that look used
	bits [filterBits / 64]uint64
}

func newKeyFilter() *keyFilter { return &keyFilter{seed: maphash.MakeSeed()} }

// add notes a key that is used.
func (f *keyFilter) add(k seenKey) {
	if f == nil {
		return
	}
	for _, at := range f.places(k) {
		f.bits[at/64] |= 1 << (at % 64)
	}
}

// isNew tells that a key was certainly never added.
func (f *keyFilter) isNew(k seenKey) bool {
	if f == nil {
		return false
	}
	for _, at := range f.places(k) {
		if f.bits[at/64]&(1<<(at%64)) == 0 {
			return true
		}
	}
	return false
}

func (f *keyFilter) places(k seenKey) (places [4]uint32) {
	sum := maphash.Comparable(f.seed, k)
	at, step := uint32(sum), uint32(sum>>32)|1
	for i := range places {
		places[i] = at % filterBits
		at += step
	}
	return places
}
