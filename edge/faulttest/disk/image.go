package disk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"multistream/edge/faulttest/systrace"
)

// Mode is one way in which the unsynced part may end.
type Mode uint8

// The modes. All but Synced and Written draw lots.
const (
	Synced  Mode = iota // nothing that was not synced is there
	Written             // everything is there
	Prefix              // writes reached the disk in order, the last one torn
	Subset              // any subset of the writes: reordered or lost
	Pages               // any subset of their blocks of 4,096 bytes
	Sectors             // any subset of their sectors of 512 bytes
	Holes               // files have their new sizes, but new blocks hold zeros or rubbish
	modes
)

// Modes is the number of modes.
const Modes = int(modes)

var modeNames = [...]string{"synced", "written", "prefix", "subset", "pages", "sectors", "holes"}

func (m Mode) String() string { return modeNames[m] }

// Image is what a power cut left of the folder.
type Image struct {
	Files map[string][]byte
	Mode  string
}

const (
	sector = 512
	block  = 4096
)

// Image builds one folder that a power cut now may leave behind. The same state, mode and random numbers make the same
// image. Shared-memory indexes are never durable: they are absent, empty or filled with rubbish.
func (d *Disk) Image(mode Mode, rng *rand.Rand) Image {
	im := Image{Files: map[string][]byte{}, Mode: mode.String()}
	horizon := d.horizon(rng)
	built := map[*file][]byte{}
	for _, name := range sorted(d.namesAfter(mode, horizon, rng)) {
		if strings.HasSuffix(name.name, "-shm") {
			if data, ok := staleIndex(rng); ok {
				im.Files[name.name] = data
			}
			continue
		}
		if _, ok := built[name.file]; !ok {
			built[name.file] = name.file.after(mode, horizon, rng)
		}
		im.Files[name.name] = built[name.file]
	}
	return im
}

// horizon draws the point in time up to which Prefix keeps writes.
func (d *Disk) horizon(rng *rand.Rand) int {
	var begins []int
	for _, f := range sorted(d.names) {
		for _, c := range f.file.changes {
			begins = append(begins, c.op.Begin)
		}
	}
	for _, n := range d.pending {
		begins = append(begins, n.op.Begin)
	}
	if len(begins) == 0 {
		return 0
	}
	slices.Sort(begins)
	return begins[rng.IntN(len(begins))]
}

// namesAfter gives the names that a power cut leaves.
func (d *Disk) namesAfter(mode Mode, horizon int, rng *rand.Rand) map[string]*file {
	names := map[string]*file{}
	for name, f := range d.kept {
		names[name] = f
	}
	for _, n := range d.pending {
		keep := rng.IntN(2) == 0
		switch mode {
		case Synced:
			keep = false
		case Written:
			keep = true
		case Prefix:
			keep = n.op.Begin <= horizon
		}
		if keep {
			n.apply(names)
		}
	}
	return names
}

// after gives the content that a power cut leaves of one file.
func (f *file) after(mode Mode, horizon int, rng *rand.Rand) []byte {
	if mode == Written {
		return cloned(f.current)
	}
	b := cloned(f.durable)
	if mode == Holes {
		return f.holes(b, rng)
	}
	for _, c := range f.changes {
		switch {
		case mode == Synced, mode == Prefix && c.op.Begin > horizon:
		case mode == Prefix && c.op.Begin == horizon:
			b = torn(b, c.op, sector, rng)
		case mode == Prefix:
			b = applied(b, c.op)
		case mode == Subset:
			if rng.IntN(2) == 0 {
				b = applied(b, c.op)
			}
		case mode == Pages:
			b = torn(b, c.op, block, rng)
		case mode == Sectors:
			b = torn(b, c.op, sector, rng)
		}
	}
	return b
}

// torn applies any subset of the units of a write; other changes happen or not.
func torn(b []byte, o *systrace.Op, unit int64, rng *rand.Rand) []byte {
	if o.Kind != systrace.Write {
		if rng.IntN(2) == 0 {
			return applied(b, o)
		}
		return b
	}
	odds := rng.IntN(9) + 1 // from nearly nothing to nearly all
	for from := int64(0); from < int64(len(o.Data)); {
		at := o.Offset + from
		to := min(int64(len(o.Data)), from+unit-at%unit)
		if rng.IntN(10) < odds {
			b = overwrite(b, at, o.Data[from:to])
		}
		from = to
	}
	return b
}

// holes keeps the file's new size and, of what is new, random sectors; the others hold zeros or old rubbish.
func (f *file) holes(b []byte, rng *rand.Rand) []byte {
	old := int64(len(b))
	rubbish := rng.IntN(2) == 0
	for at := old; at < int64(len(f.current)); at += sector {
		to := min(at+sector, int64(len(f.current)))
		b = resize(b, to)
		switch {
		case rng.IntN(4) == 0:
			copy(b[at:to], f.current[at:to])
		case rubbish:
			for i := at; i < to; i++ {
				b[i] = byte(rng.Uint32())
			}
		}
	}
	for _, c := range f.changes {
		if c.op.Kind == systrace.Write && c.op.Offset < old && rng.IntN(2) == 0 {
			b = torn(b, c.op, sector, rng)
		}
	}
	return b
}

func staleIndex(rng *rand.Rand) (data []byte, there bool) {
	switch rng.IntN(3) {
	case 0:
		return nil, false
	case 1:
		return make([]byte, 32768), true
	}
	data = make([]byte, 32768)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data, true
}

// String says how many files and bytes the image has.
func (im Image) String() string {
	size := 0
	for _, b := range im.Files {
		size += len(b)
	}
	return fmt.Sprintf("%s: %d files, %d bytes", im.Mode, len(im.Files), size)
}
