package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// A truth is what a folder holds, remembered apart from it.
type truth struct {
	chains    []*eventlogtest.Chain
	rows      [][]event.Event
	summaries []eventlog.Summary
	snapshots []eventlog.Snapshot
}

// write fills a folder: a live class, an ended one, one of another tenant.
func (tr *truth) write(t *testing.T, s *Store) {
	t.Helper()
	ctx, tenant := context.Background(), event.NewID()
	for i, status := range []string{"live", "ended", "live"} {
		c := eventlogtest.NewChain(tenant)
		if i == 2 {
			c = eventlogtest.NewChain(event.NewID())
		}
		var all []event.Event
		for len(all) < 30 {
			batch := c.Several(3)
			all = append(all, batch...)
			b := withSummary(c, status, batch...)
			b.Summary.HostIDs, b.Summary.JoinCode = []event.ID{c.Actor, event.NewID()}, "ABC"+status
			if err := s.Append(ctx, b); err != nil {
				t.Fatal(err)
			}
			if len(all) == 30 {
				tr.summaries = append(tr.summaries, *b.Summary)
			}
		}
		h := event.HeadOf(&all[20])
		h.KeyID, h.Signature = event.NewID(), bytes.Repeat([]byte{7}, 64)
		n := eventlog.Snapshot{TenantID: c.Tenant, SessionID: c.Session, Epoch: 1, Sequence: 21, Hash: all[20].Hash, Format: 1,
			State: bytes.Repeat([]byte("state "), 100), Signed: h}
		if err := s.SaveSnapshot(ctx, n); err != nil {
			t.Fatal(err)
		}
		tr.chains, tr.rows, tr.snapshots = append(tr.chains, c), append(tr.rows, all), append(tr.snapshots, n)
	}
}

// wrong asks a store for everything and returns what it served that is not the truth. Errors are fine; damaged is how
// many said that something is damaged.
func (tr *truth) wrong(s *Store) (wrong []string, damaged int) {
	ctx := context.Background()
	served := func(what string, err error, same bool) {
		switch {
		case errors.Is(err, eventlog.ErrDamaged):
			damaged++
		case err == nil && !same:
			wrong = append(wrong, what)
		}
	}
	var positions []event.Event
	all, err := s.ReadPositions(ctx, s.Incarnation(), 0, 1000)
	for _, p := range all {
		positions = append(positions, p.Event)
	}
	served("positions", err, sameRows(positions, slices.Concat(tr.rows...)))
	for i, c := range tr.chains {
		rows, err := s.Read(ctx, c.Tenant, c.Session, 0, 1000)
		served("read", err, sameRows(rows, tr.rows[i]))
		rows, err = s.Read(ctx, c.Tenant, c.Session, 12, 5)
		served("page", err, sameRows(rows, tr.rows[i][12:17]))
		for _, n := range []int{1, 7, 30} {
			e := tr.rows[i][n-1]
			client, _, _ := event.ClientKey(e.IdempotencyKey)
			rows, err = s.ByKey(ctx, c.Tenant, c.Session, e.ActorID, client)
			served("key", err, sameRows(rows, []event.Event{e}))
		}
		n, ok, err := s.LatestSnapshot(ctx, c.Tenant, c.Session, 30, 1)
		served("snapshot", err, !ok || reflect.DeepEqual(n, tr.snapshots[i]))
		m, err := s.Session(ctx, c.Tenant, c.Session)
		served("session", err, reflect.DeepEqual(m, tr.summaries[i]))
		list, err := s.Sessions(ctx, c.Tenant, eventlog.Filter{JoinCode: tr.summaries[i].JoinCode})
		served("list", err, len(list) == 1 && reflect.DeepEqual(list[0], tr.summaries[i]))
	}
	return wrong, damaged
}

func sameRows(got, want []event.Event) bool {
	return slices.EqualFunc(got, want, func(a, b event.Event) bool { return a.Same(&b) })
}

func readFiles(t testing.TB, dir string) map[string][]byte {
	files := map[string][]byte{}
	for _, name := range []string{"edge.db", "edge.db-wal", "edge.db-sums", "keys.db", "keys.db-wal", "keys.db-sums", "kek"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			files[name] = b
		} else if !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	return files
}

func writeFiles(t testing.TB, files map[string][]byte) (dir string) {
	dir = t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func flip(b []byte, bit int) []byte {
	b = bytes.Clone(b)
	b[bit/8] ^= 1 << (bit % 8)
	return b
}

// Every byte of a row's columns, wherever SQLite put it: the row is named and not served, its neighbours are.
func TestFlippedBitInRow(t *testing.T) {
	dir, tr := t.TempDir(), &truth{}
	s := open(t, dir)
	tr.write(t, s)
	s.Close()
	files, row := readFiles(t, dir), tr.rows[1][14]
	for name, part := range map[string][]byte{"payload": row.Payload, "hash": row.Hash[:], "salt": row.Salt[:], "digest": row.CommandDigest} {
		// The hash is the row's last column; the rest lies before it. SQLite fills pages from their ends, so the next row,
		// which has the hash as its prevHash, comes first in the file.
		end := bytes.LastIndex(files["edge.db"], row.Hash[:]) + len(row.Hash)
		at := bytes.LastIndex(files["edge.db"][:end], part)
		if at < 0 {
			t.Fatalf("%s of the row is not in the file", name)
		}
		for _, bit := range []int{0, 8*len(part) - 1, 4 * len(part)} {
			damagedFile := map[string][]byte{"edge.db": flip(files["edge.db"], at*8+bit), "keys.db": files["keys.db"], "kek": files["kek"]}
			s := open(t, writeFiles(t, damagedFile), func(o *Options) { o.ScrubPause = -1 })
			c := tr.chains[1]
			_, err := s.Read(context.Background(), c.Tenant, c.Session, 0, 100)
			if !errors.Is(err, eventlog.ErrDamaged) || !bytes.Contains([]byte(err.Error()), []byte(fmt.Sprintf("session %s sequence 1", c.Session))) {
				t.Errorf("%s: got %v, want ErrDamaged that names session and sequence", name, err)
			}
			wantRows(t, s, tr.chains[0], tr.rows[0])
			if s.Stats().Damaged == 0 {
				t.Error("the damage was not counted")
			}
			if err := s.scrubRound(context.Background()); err != nil {
				t.Fatal(err)
			}
			if d := s.Damaged(); len(d) != 1 || d[0].SessionID != c.Session || d[0].TenantID != c.Tenant || s.Stats().ScrubDamaged != 1 {
				t.Errorf("%s: the background check found %+v", name, d)
			}
			if err := appendOne(s, c, c.Peek(func(*event.Event) {})); !errors.Is(err, eventlog.ErrDamaged) {
				t.Errorf("%s: a damaged session takes events: %v", name, err)
			}
			s.Close()
		}
	}
}

// Bits anywhere in the database file: nothing but the truth is served. Where there are no checksums of pages, as after a
// restore, a damaged index may answer wrongly until the background check has found it.
func TestFlippedBitAnywhere(t *testing.T) {
	t.Run("checksums", func(t *testing.T) { flippedBitAnywhere(t, true) })
	t.Run("none", func(t *testing.T) { flippedBitAnywhere(t, false) })
}

func flippedBitAnywhere(t *testing.T, sums bool) {
	dir, tr := t.TempDir(), &truth{}
	s := open(t, dir)
	tr.write(t, s)
	s.Close()
	files := readFiles(t, dir)
	random := rand.New(rand.NewPCG(5, 2026))
	refused, named, silent := 0, 0, 0
	const flips = 150
	for range flips {
		bit := random.IntN(8 * len(files["edge.db"]))
		flipped := maps.Clone(files)
		flipped["edge.db"] = flip(files["edge.db"], bit)
		if !sums {
			delete(flipped, "edge.db-sums")
		}
		s, err := tryOpen(t, writeFiles(t, flipped), func(o *Options) { o.ScrubPause = -1 })
		if err != nil {
			if sums && !errors.Is(err, eventlog.ErrDamaged) {
				t.Errorf("bit %d: refused with %v, want ErrDamaged", bit, err)
			}
			refused++
			continue
		}
		wrong, damaged := tr.wrong(s)
		if damaged > 0 || len(s.Damaged()) > 0 {
			named++
		}
		if len(wrong) > 0 && sums {
			t.Errorf("bit %d of page %d: served %v", bit, bit/8/4096+1, wrong)
		} else if len(wrong) > 0 {
			err := s.scrubRound(context.Background())
			if err == nil && len(s.Damaged()) == 0 && damaged == 0 {
				t.Errorf("bit %d of page %d: served %v, and the background check finds nothing", bit, bit/8/4096+1, wrong)
			}
			silent++
			t.Logf("bit %d of page %d offset %d: %v", bit, bit/8/4096+1, bit/8%4096, wrong)
		}
		s.Close()
	}
	t.Logf("%d flips: %d refused at the start, %d named, %d served before the background check found them", flips, refused, named, silent)
}

// A damaged page stops those whose rows or keys it holds, by name; others are written and read, in the same commit too.
func TestDamageStopsOnlyItsOwn(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s := open(t, dir, func(o *Options) { o.ScrubPause = -1 })
	victim, other := eventlogtest.NewChain(event.NewID()), eventlogtest.NewChain(event.NewID())
	first := victim.Several(300)
	if err := appendOne(s, victim, first...); err != nil {
		t.Fatal(err)
	}
	rows := other.Several(300)
	if err := appendOne(s, other, rows...); err != nil {
		t.Fatal(err)
	}
	s.Close()
	files := readFiles(t, dir)
	// Every page that holds a key of the victim in the index of keys, and no row of anybody.
	for at := 0; at < len(files["edge.db"]); at += 4096 {
		page := files["edge.db"][at : at+4096]
		if page[0] == 10 && bytes.Contains(page, append(victim.Session[:], victim.Actor[:]...)) && !bytes.Contains(page, other.Session[:]) {
			page[2048] ^= 1
		}
	}
	s = open(t, writeFiles(t, files), func(o *Options) { o.ScrubPause = -1 })
	next := other.Next()
	// Both wait while the writer is held, so that they share a commit.
	entered, release, held := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		held <- s.writer.do(ctx, func(context.Context, querier) error {
			once.Do(func() { close(entered); <-release })
			return nil
		}, nil)
	}()
	<-entered
	var answers []chan error
	for c, e := range map[*eventlogtest.Chain]event.Event{victim: victim.Next(), other: next} {
		r := &request{batch: &eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: []event.Event{e}}, size: 1, answer: make(chan error, 1)}
		if err := s.writer.enqueue(r); err != nil {
			t.Fatal(err)
		}
		if c == victim {
			answers = append(answers, r.answer)
		} else {
			answers = append([]chan error{r.answer}, answers...)
		}
	}
	close(release)
	if err := <-held; err != nil {
		t.Errorf("what held the writer: %v", err)
	}
	if err := <-answers[0]; err != nil {
		t.Errorf("the other session: %v", err)
	}
	if err := <-answers[1]; !errors.Is(err, eventlog.ErrDamaged) || errors.Is(err, eventlog.ErrFenced) {
		t.Errorf("the damaged session: %v, want ErrDamaged", err)
	}
	wantRows(t, s, other, append(rows, next))
	wantRows(t, s, victim, first)
	if _, err := s.ByKey(ctx, victim.Tenant, victim.Session, victim.Actor, "key-250"); !errors.Is(err, eventlog.ErrDamaged) {
		t.Errorf("a key of the damaged index: %v, want ErrDamaged", err)
	}
	if d := s.Damaged(); len(d) != 1 || d[0].SessionID != victim.Session {
		t.Errorf("damage is told as %+v", d)
	}
}

// Rows or a head that are gone without a trace in what is left: the end and the beginning of a log are checked too.
func TestMissingRows(t *testing.T) {
	ctx := context.Background()
	for name, statements := range map[string][]string{
		"the last":    {"DROP TRIGGER session_state_events_kept", "DELETE FROM session_state_events WHERE sequence = 9"},
		"one between": {"DROP TRIGGER session_state_events_kept", "DELETE FROM session_state_events WHERE sequence = 4"},
		"the first":   {"DROP TRIGGER session_state_events_kept", "DELETE FROM session_state_events WHERE sequence = 1"},
		"all":         {"DROP TRIGGER session_state_events_kept", "DELETE FROM session_state_events"},
		"the head":    {"DROP TRIGGER session_heads_kept", "DELETE FROM session_heads"},
		"head moved":  {"UPDATE session_heads SET sequence = 8"},
	} {
		s, c := open(t, t.TempDir(), func(o *Options) { o.ScrubPause = -1 }), eventlogtest.NewChain(event.NewID())
		if err := s.Append(ctx, withSummary(c, "live", c.Several(9)...)); err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements {
			if _, err := s.writer.conn.ExecContext(ctx, statement); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Read(ctx, c.Tenant, c.Session, 0, 100); !errors.Is(err, eventlog.ErrDamaged) {
			t.Errorf("%s: read %d rows, %v, want ErrDamaged", name, len(got), err)
		}
		if err := s.VerifySession(ctx, c.Tenant, c.Session, nil); !errors.Is(err, eventlog.ErrDamaged) {
			t.Errorf("%s: the check of the session: %v, want ErrDamaged", name, err)
		}
		if err := s.verifyLive(ctx); err != nil || len(s.Damaged()) != 1 && name != "one between" && name != "the first" {
			t.Errorf("%s: at the start %+v, %v", name, s.Damaged(), err)
		}
	}
}

// A log that is gone whole, head and all, is damage as long as anything names it that no purge leaves behind.
func TestWholeLogGone(t *testing.T) {
	ctx := context.Background()
	s, c := open(t, t.TempDir(), func(o *Options) { o.ScrubPause = -1 }), eventlogtest.NewChain(event.NewID())
	all := c.Several(3)
	if err := s.Append(ctx, withSummary(c, "ended", all...)); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveSignedHead(ctx, event.HeadOf(&all[2])); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		left, statements string
		want             error
	}{
		{"a row in the list and a signed head", `DROP TRIGGER session_state_events_kept; DELETE FROM session_state_events;
			DROP TRIGGER session_heads_kept; DELETE FROM session_heads`, eventlog.ErrDamaged},
		{"a signed head", "DELETE FROM sessions", eventlog.ErrDamaged},
		{"nothing", "DROP TRIGGER signed_heads_kept; DELETE FROM signed_heads", eventlog.ErrNotFound},
	} {
		if _, err := s.writer.conn.ExecContext(ctx, step.statements); err != nil {
			t.Fatal(err)
		}
		if err := s.VerifySession(ctx, c.Tenant, c.Session, nil); !errors.Is(err, step.want) {
			t.Errorf("%s is left: %v, want %v", step.left, err, step.want)
		}
	}
}
