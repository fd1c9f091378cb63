package moment

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// wal makes a write-ahead log with pages of 512 bytes; a frame is 'c' (ends a commit), 'f' (does not) or 'o' (of the
// generation before). cut bytes are missing at its end.
func wal(frames string, cut int) []byte {
	b := make([]byte, 32)
	binary.BigEndian.PutUint32(b[8:], 512)
	copy(b[16:], "saltsalt")
	for _, kind := range frames {
		frame := make([]byte, 24+512)
		copy(frame[8:], "saltsalt")
		switch kind {
		case 'c':
			binary.BigEndian.PutUint32(frame[4:], 7)
		case 'o':
			copy(frame[8:], "old salt")
		}
		b = append(b, frame...)
	}
	return b[:len(b)-cut]
}

func index(done, wanted uint32) []byte {
	b := make([]byte, 32768)
	binary.NativeEndian.PutUint32(b[nBackfill:], done)
	binary.NativeEndian.PutUint32(b[nBackfillAttempted:], wanted)
	return b
}

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name       string
		log, index []byte
		dbLast     bool
		want       Left
	}{
		{"nothing", nil, nil, false, Left{}},
		{"a header alone", wal("", 0), nil, false, Left{}},
		{"commits", wal("cffc", 0), nil, false, Left{}},
		{"frames without their commit", wal("cff", 0), nil, false, Left{LogTail: true}},
		{"a torn frame", wal("cc", 100), nil, false, Left{LogTail: true}},
		{"a commit before the generation before", wal("cof", 0), nil, false, Left{}},
		{"frames before the generation before", wal("cfoc", 0), nil, false, Left{LogTail: true}},
		{"a checkpoint under way", wal("cc", 0), index(0, 2), true, Left{Backfilling: true}},
		{"a checkpoint that ended", wal("cc", 0), index(2, 2), true, Left{}},
		{"no checkpoint since a crash", wal("cc", 0), index(0, 2), false, Left{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			for name, data := range map[string][]byte{"edge.db": []byte("database"), "edge.db-wal": c.log, "edge.db-shm": c.index} {
				if data == nil {
					continue
				}
				path, at := filepath.Join(folder, name), time.Unix(1_700_000_000, 0)
				if name == "edge.db" && c.dbLast {
					at = at.Add(time.Second)
				} else if name == "edge.db" {
					at = at.Add(-time.Second)
				}
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(path, at, at); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := Read(folder); err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestWhere(t *testing.T) {
	for _, c := range []struct {
		want string
		e    Evidence
	}{
		{StartUp, Evidence{Pending: 3, Left: Left{LogTail: true}}},
		{Idle, Evidence{Ready: true}},
		{Queued, Evidence{Ready: true, Pending: 3}},
		{Keys, Evidence{Ready: true, Pending: 3, Left: Left{KeyTail: true}}},
		{Writing, Evidence{Ready: true, Pending: 3, Found: 1, Left: Left{LogTail: true}}},
		{Syncing, Evidence{Ready: true, Pending: 3, Found: 1, InSync: true}},
		{Answering, Evidence{Ready: true, Pending: 3, Found: 1}},
		{Checkpoint, Evidence{Ready: true, Pending: 3, Found: 1, Left: Left{Backfilling: true}}},
	} {
		if got := c.e.Where(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.e, got, c.want)
		}
	}
}

// A process that is no more, or one of whose calls the system does not tell, is not in a sync.
func TestInSync(t *testing.T) {
	if InSync(1<<30) || InSync(os.Getpid()) {
		t.Error("in a sync")
	}
}
