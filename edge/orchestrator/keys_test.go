package orchestrator

import (
	"strconv"
	"testing"

	"multistream/shared/event"
)

// TestKeyFilter: a used key is never taken for a new one, and up to what a class of a day has, new ones are known as such.
func TestKeyFilter(t *testing.T) {
	f, ada, ben := newKeyFilter(), event.NewID(), event.NewID()
	looked := 0
	for i := range 100_000 {
		key := seenKey{ada, strconv.Itoa(i)}
		f.add(key)
		if f.isNew(key) {
			t.Fatalf("key %d, just used, is taken for a new one", i)
		}
		if !f.isNew(seenKey{ben, key.key}) {
			looked++
		}
	}
	for i := range 100_000 {
		if f.isNew(seenKey{ada, strconv.Itoa(i)}) {
			t.Fatalf("key %d is taken for a new one", i)
		}
	}
	if looked > 1000 {
		t.Errorf("%d of 100,000 new keys are looked for in the log", looked)
	}
	if (*keyFilter)(nil).isNew(seenKey{}) {
		t.Error("who knows no key takes one for new")
	}
}
