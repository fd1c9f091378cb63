package disk

import (
	"encoding/binary"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"multistream/edge/faulttest/systrace"
)

// Layout of SQLite's write-ahead log: a header, then frames of a header and a page each. A write of the header begins a
// new generation; what lies behind its last frame is left over from the one before.
const (
	walHeader   = 32
	frameHeader = 24
)

// writeAhead follows the writes of the running generation of a write-ahead log.
type writeAhead struct {
	spans []span
	size  int64 // end of the generation
	floor int64 // frames below may be in the database already, where a cut can't undo them
}

type span struct {
	begin    int
	from, to int64
}

func (w *writeAhead) note(o *systrace.Op) {
	if o.Kind != systrace.Write || o.Offset == 0 {
		*w = writeAhead{}
	}
	if o.Kind == systrace.Write {
		to := o.Offset + int64(len(o.Data))
		w.spans = append(w.spans, span{o.Begin, o.Offset, to})
		w.size = max(w.size, to)
	}
}

// before gives the point in time at which the bytes from cut on began to be written.
func (w *writeAhead) before(cut int64) int {
	at := math.MaxInt
	for _, s := range w.spans {
		if s.to > cut {
			at = min(at, s.begin)
		}
	}
	return at
}

// noteBackfill remembers, when a database is written, how long its log was then.
func (d *Disk) noteBackfill(o *systrace.Op) {
	if f := d.names[o.Path+"-wal"]; f != nil {
		f.log.floor = f.log.size
	}
}

// Cuts lists the lengths to which the write-ahead log called name can be cut now without contradicting its database: its
// frame boundaries and, if rng is set, as many random lengths.
func (d *Disk) Cuts(name string, rng *rand.Rand) []int64 {
	f := d.names[name]
	if f == nil || len(f.current) < walHeader {
		return nil
	}
	end := f.log.size
	frame := frameHeader + int64(binary.BigEndian.Uint32(f.current[8:12]))
	var cuts []int64
	for at := int64(walHeader); at <= end; at += frame {
		if at >= f.log.floor {
			cuts = append(cuts, at)
		}
	}
	if rng != nil && end > f.log.floor {
		for range len(cuts) {
			cuts = append(cuts, f.log.floor+rng.Int64N(end-f.log.floor))
		}
	}
	return cuts
}

// Cut builds the folder as it is now with the write-ahead log called name cut to a length, and gives the marks that were
// made before any of the bytes cut away was written: what they acknowledge must have survived.
func (d *Disk) Cut(name string, length int64) (Image, [][]byte) {
	im := Image{Files: map[string][]byte{}, Mode: "cut"}
	for n, f := range d.names {
		if !strings.HasSuffix(n, "-shm") {
			im.Files[n] = cloned(f.current)
		}
	}
	im.Files[name] = resize(im.Files[name], length)
	return im, d.MarksBefore(d.names[name].log.before(length))
}

type named struct {
	name string
	file *file
}

// sorted lists files by name, so that random numbers are drawn in the same order each time.
func sorted(names map[string]*file) []named {
	var out []named
	for _, name := range slices.Sorted(maps.Keys(names)) {
		out = append(out, named{name, names[name]})
	}
	return out
}
