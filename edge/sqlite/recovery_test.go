package sqlite

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// interrupted gives the files of an edge that was killed: a database and a write-ahead log with several commits.
func interrupted(t *testing.T) (files map[string][]byte, c *eventlogtest.Chain, all []event.Event, ends []int) {
	dir := t.TempDir()
	s := open(t, dir)
	c = eventlogtest.NewChain(event.NewID())
	for range 12 {
		batch := c.Several(2)
		if err := appendOne(s, c, batch...); err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
		r, err := inspectWAL(dir + "/edge.db-wal")
		if err != nil || r.TornBytes != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		ends = append(ends, int(r.KeptBytes))
	}
	return readFiles(t, dir), c, all, ends
}

// The log may end anywhere: whole commits before the cut are there, nothing else is, and the edge says what it dropped.
func TestWALCutAnywhere(t *testing.T) {
	files, c, all, ends := interrupted(t)
	wal := files["edge.db-wal"]
	var cuts []int
	for at := 0; at <= len(wal); at += frameHeader + 4096 {
		cuts = append(cuts, at, min(at+walHeader, len(wal)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		cuts = append(cuts, random.IntN(len(wal)))
	}
	for _, cut := range append(cuts, ends...) {
		whole := 0
		for whole < len(ends) && ends[whole] <= cut {
			whole++
		}
		files["edge.db-wal"] = wal[:cut]
		s := open(t, writeFiles(t, files), func(o *Options) { o.ScrubPause = -1 })
		wantRows(t, s, c, all[:2*whole])
		r := s.Recovery()
		if kept := int(r.KeptBytes); whole > 0 && kept != ends[whole-1] || int(r.KeptBytes+r.TornBytes) != cut {
			t.Errorf("cut at %d: %+v", cut, r)
		}
		for _, rest := range [][]event.Event{all[2*whole:]} {
			if len(rest) > 0 {
				if err := appendOne(s, c, rest...); err != nil {
					t.Fatalf("cut at %d: %v", cut, err)
				}
			}
		}
		wantRows(t, s, c, all)
		s.Close()
	}
}

// One bit of an acknowledged commit, the last one included, is damage and not a torn end: the edge does not start and
// leaves the file as it is.
func TestWALFlippedBit(t *testing.T) {
	files, c, all, ends := interrupted(t)
	wal := files["edge.db-wal"]
	wal = wal[:ends[len(ends)-1]]
	random := rand.New(rand.NewPCG(3, 4))
	bits := []int{0, 12 * 8, 16 * 8, 31 * 8, walHeader * 8, (walHeader + 7) * 8, (walHeader + 8) * 8, (walHeader + 23) * 8, 8*len(wal) - 1}
	last := 8 * (len(wal) - frameHeader - 4096) // nothing lies behind it that would tell
	for bit := range 8 * frameHeader {
		bits = append(bits, last+bit)
	}
	for range 150 {
		bits = append(bits, last+8*frameHeader+random.IntN(8*4096))
	}
	for range 150 {
		bits = append(bits, random.IntN(8*len(wal)))
	}
	for _, bit := range bits {
		files["edge.db-wal"] = flip(wal, bit)
		dir := writeFiles(t, files)
		s, err := tryOpen(t, dir)
		if err == nil {
			// Two fields of the header are not used when reading: the checkpoint number and the version's lowest bits.
			rows, err := s.Read(context.Background(), c.Tenant, c.Session, 0, 1000)
			t.Errorf("bit %d (byte %d): opened with %d of %d rows, %v", bit, bit/8, len(rows), len(all), err)
			continue
		}
		if !errors.Is(err, eventlog.ErrDamaged) {
			t.Errorf("bit %d: %v, want ErrDamaged", bit, err)
		}
		if after := readFiles(t, dir); !bytes.Equal(after["edge.db-wal"], files["edge.db-wal"]) || !bytes.Equal(after["edge.db"], files["edge.db"]) {
			t.Fatalf("bit %d: the files were changed", bit)
		}
	}
}

// A torn commit, sectors of it lost in any order, was never acknowledged and is dropped.
func TestWALTornCommit(t *testing.T) {
	files, c, all, ends := interrupted(t)
	wal := files["edge.db-wal"][:ends[len(ends)-1]]
	from := ends[len(ends)-2]
	random := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		torn := bytes.Clone(wal)
		lost := 0
		for at := from - from%512; at < len(torn); at += 512 {
			if random.IntN(3) == 0 {
				part := torn[max(at, from):min(at+512, len(torn))]
				lost += len(bytes.Trim(part, "\x00"))
				clear(part)
			}
		}
		if lost == 0 {
			continue
		}
		files["edge.db-wal"] = torn
		s := open(t, writeFiles(t, files), func(o *Options) { o.ScrubPause = -1 })
		wantRows(t, s, c, all[:len(all)-2])
		if s.Recovery().TornBytes == 0 {
			t.Error("nothing is said of the torn commit")
		}
		s.Close()
	}
}

// A whole page of garbage in the middle: commits behind it were acknowledged, so it is damage. In the last commit the same
// can't be told from a torn write, and that commit goes: the one thing that only a hub or a standby can make good.
func TestWALDamagedInTheMiddle(t *testing.T) {
	files, c, all, ends := interrupted(t)
	wal := files["edge.db-wal"][:ends[len(ends)-1]]
	for at := walHeader; at < len(wal); at += frameHeader + 4096 {
		damaged := bytes.Clone(wal)
		for i := range 300 {
			damaged[at+frameHeader+i*13] ^= 0x5a
		}
		files["edge.db-wal"] = damaged
		s, err := tryOpen(t, writeFiles(t, files), func(o *Options) { o.ScrubPause = -1 })
		if last := at >= ends[len(ends)-2]; !last {
			if !errors.Is(err, eventlog.ErrDamaged) {
				t.Errorf("byte %d: got %v, want ErrDamaged", at, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		wantRows(t, s, c, all[:len(all)-2])
		s.Close()
	}
}
