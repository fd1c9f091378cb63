package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// FuzzInspectWAL: whatever a write-ahead log holds, it is taken as far as whole commits go or called damaged; the file is left
// as it was, and every byte of it is accounted for.
func FuzzInspectWAL(f *testing.F) {
	dir := f.TempDir()
	s := open(f, dir)
	c := eventlogtest.NewChain(event.NewID())
	for range 3 {
		if err := s.Append(context.Background(), withSummary(c, "live", c.Several(1)...)); err != nil {
			f.Fatal(err)
		}
	}
	whole, err := inspectWAL(filepath.Join(dir, "edge.db-wal"))
	if err != nil || whole.Commits < 2 {
		f.Fatalf("%+v (%v)", whole, err)
	}
	wal, err := os.ReadFile(filepath.Join(dir, "edge.db-wal"))
	if err != nil {
		f.Fatal(err)
	}
	wal = wal[:whole.KeptBytes] // it is made longer in advance
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, wal[:walHeader], wal, wal[:len(wal)-100], flip(wal, 8*len(wal)-9), flip(wal, 8*(walHeader+frameHeader)+3), flip(wal, 70)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(t.TempDir(), "edge.db-wal")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := inspectWAL(file)
		switch {
		case err != nil && !errors.Is(err, eventlog.ErrDamaged):
			t.Fatalf("neither taken nor damaged: %v", err)
		case err == nil && (r.KeptBytes < 0 || r.TornBytes < 0 || r.KeptBytes+r.TornBytes != int64(len(content)) || r.Commits > r.Frames):
			t.Fatalf("of %d bytes: %+v", len(content), r)
		}
		if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, content) {
			t.Fatalf("looking changed the file (%v)", err)
		}
	})
}
