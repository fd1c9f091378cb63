package sqlite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog/eventlogtest"
)

func TestTwoEdgesOnOneFolder(t *testing.T) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	s := open(t, dir)
	if _, err := tryOpen(t, dir); err == nil || !strings.Contains(err.Error(), "another edge") {
		t.Fatalf("the second: %v", err)
	}
	e := c.Next()
	if err := appendOne(s, c, e); err != nil {
		t.Fatalf("the first, after the second was refused: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantRows(t, open(t, dir), c, []event.Event{e})
}

func TestFolderOfAnotherEdge(t *testing.T) {
	dir, id := t.TempDir(), event.NewID()
	s := open(t, dir, func(o *Options) { o.EdgeID = id })
	if s.EdgeID() != id {
		t.Error("the given id is not the edge's")
	}
	s.Close()
	if _, err := tryOpen(t, dir, func(o *Options) { o.EdgeID = event.NewID() }); err == nil || !strings.Contains(err.Error(), id.String()) {
		t.Errorf("another id: %v", err)
	}
	if s := open(t, dir); s.EdgeID() != id {
		t.Error("the id was not kept")
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for _, file := range []string{"edge.db", "keys.db"} {
		dir := t.TempDir()
		s := open(t, dir)
		conn := s.writer.conn
		if file == "keys.db" {
			conn = s.keys.conn
		}
		if _, err := conn.ExecContext(context.Background(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)"); err != nil {
			t.Fatal(err)
		}
		s.Close()
		before, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tryOpen(t, dir); err == nil || !strings.Contains(err.Error(), "schema 9999") {
			t.Errorf("%s: %v", file, err)
		}
		if after, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was changed, %v", file, err)
		}
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	if _, err := tryOpen(t, "/proc/nothing/is/made/here"); err == nil || !strings.Contains(err.Error(), "can't be made") {
		t.Errorf("a folder of a read-only file system: %v", err)
	}
	if _, err := tryOpen(t, "/proc/self"); err == nil || !strings.Contains(err.Error(), "can't be written") {
		t.Errorf("a read-only folder: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "edge.db"), bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tryOpen(t, dir); err == nil {
		t.Error("a file that is no database was opened")
	}
}

func TestSQLiteVersion(t *testing.T) {
	for version, good := range map[string]bool{"3.51.3": true, "3.51.2": false, "3.54.1": true, "3.9.9": false, "4.0": true, "2.99.99": false, "3.51": false} {
		if err := checkVersion(version); (err == nil) != good {
			t.Errorf("SQLite %s: %v", version, err)
		}
	}
}

func TestIncarnationsNumberPositionsAnew(t *testing.T) {
	ctx, dir, c := context.Background(), t.TempDir(), eventlogtest.NewChain(event.NewID())
	s := open(t, dir)
	first := s.Incarnation()
	all := c.Several(3)
	if err := appendOne(s, c, all...); err != nil {
		t.Fatal(err)
	}
	second, err := s.NewIncarnation(ctx, "restored")
	if err != nil || second == first || s.Incarnation() != second {
		t.Fatalf("%v, %v, %v", first, second, err)
	}
	all = append(all, c.Several(2)...)
	if err := appendOne(s, c, all[3:]...); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	all = append(all, c.Next())
	if err := appendOne(s, c, all[5]); err != nil {
		t.Fatal(err)
	}
	if s.Incarnation() != second {
		t.Error("a restart began another incarnation")
	}
	for _, in := range []struct {
		id   event.ID
		want []event.Event
	}{{first, all[:3]}, {second, all[3:]}, {event.NewID(), nil}} {
		for after := range int64(4) {
			got, err := s.ReadPositions(ctx, in.id, after, 100)
			if err != nil {
				t.Fatal(err)
			}
			want := in.want[min(int(after), len(in.want)):]
			if len(got) != len(want) {
				t.Fatalf("after %d: %d rows, want %d", after, len(got), len(want))
			}
			for i, p := range got {
				if p.Incarnation != in.id || p.Position != after+int64(i)+1 || !p.Event.Same(&want[i]) {
					t.Errorf("after %d: row %d is %+v", after, i, p)
				}
			}
		}
	}
	if got, err := s.ReadPositions(ctx, first, 1, 1); err != nil || len(got) != 1 || got[0].Position != 2 {
		t.Errorf("limit 1: %d rows, %v", len(got), err)
	}
}

// A batch that is refused beside others leaves no gap in the positions.
func TestPositionsHaveNoGaps(t *testing.T) {
	s := open(t, t.TempDir())
	var chains []*eventlogtest.Chain
	for range 8 {
		chains = append(chains, eventlogtest.NewChain(event.NewID()))
	}
	answers := make(chan error)
	for i, c := range chains {
		go func() {
			var last error
			for n := range 20 {
				fork := *c
				bad := []event.Event{fork.Next(), fork.NextWith(func(e *event.Event) { e.IdempotencyKey = "key-1#1" })}
				if n > 0 && i%2 == 0 && appendOne(s, c, bad...) == nil {
					last = errors.New("a bad batch was taken")
				}
				if err := appendOne(s, c, c.Several(2)...); err != nil {
					last = err
				}
			}
			answers <- last
		}()
	}
	for range chains {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.ReadPositions(context.Background(), s.Incarnation(), 0, 1000)
	if err != nil || len(got) != 8*40 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	for i, p := range got {
		if p.Position != int64(i)+1 {
			t.Fatalf("position %d in place %d", p.Position, i+1)
		}
	}
}
