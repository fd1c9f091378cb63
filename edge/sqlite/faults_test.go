package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"multistream/edge/sqlite/faultvfs"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// A disk is broken by a test: break is asked before every operation on the folder's databases.
type disk struct{ fault atomic.Pointer[faultvfs.Hook] }

func (d *disk) breaks(h faultvfs.Hook) { d.fault.Store(&h) }
func (d *disk) heal()                  { d.fault.Store(nil) }

// fails lets every operation of a kind on one of the files fail.
func (d *disk) fails(kind faultvfs.Kind, file string, err error) {
	d.breaks(func(op faultvfs.Op) error {
		if op.Kind == kind && op.File == file {
			return err
		}
		return nil
	})
}

// holdsSync keeps the log's syncs waiting until done is closed; syncing is closed when the first waits.
func (d *disk) holdsSync() (syncing, done chan struct{}) {
	syncing, done = make(chan struct{}), make(chan struct{})
	var once sync.Once
	d.breaks(func(op faultvfs.Op) error {
		if op.Kind == faultvfs.Sync && op.File == "edge.db-wal" {
			once.Do(func() { close(syncing) })
			<-done
		}
		return nil
	})
	return syncing, done
}

func breakable(t *testing.T, dir string) (*disk, func(*Options)) {
	d := &disk{}
	t.Cleanup(faultvfs.Use(dir, func(op faultvfs.Op) error {
		if h := d.fault.Load(); h != nil {
			return (*h)(op)
		}
		return nil
	}))
	return d, func(o *Options) { o.VFS, o.ScrubPause = faultvfs.Name, -1 }
}

func appendOne(s *Store, c *eventlogtest.Chain, events ...event.Event) error {
	return s.Append(context.Background(), eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: events})
}

// wantRows fails unless the session's log has exactly these rows.
func wantRows(t *testing.T, s *Store, c *eventlogtest.Chain, want []event.Event) {
	t.Helper()
	got, err := s.Read(context.Background(), c.Tenant, c.Session, 0, 1<<20)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d rows, %v, want %d", len(got), err, len(want))
	}
	for i := range want {
		if !got[i].Same(&want[i]) {
			t.Fatalf("row %d is another one", i+1)
		}
	}
}

func TestFailedSyncFences(t *testing.T) {
	for _, failing := range []string{"edge.db-wal", "keys.db-wal"} {
		for _, once := range []bool{true, false} {
			dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
			d, opt := breakable(t, dir)
			s := open(t, dir, opt)
			first := c.Next()
			if err := appendOne(s, c, first); err != nil {
				t.Fatal(err)
			}
			var failed atomic.Int32
			d.breaks(func(op faultvfs.Op) error {
				if op.Kind == faultvfs.Sync && op.File == failing && (failed.Add(1) == 1 || !once) {
					return faultvfs.ErrIO
				}
				return nil
			})
			second := c.Next()
			var err error
			if failing == "keys.db-wal" {
				_, err = s.Keys().Current(c.Tenant, event.NewID())
			} else {
				err = appendOne(s, c, second)
			}
			if !errors.Is(err, eventlog.ErrFenced) {
				t.Fatalf("%s, once %v: got %v, want ErrFenced", failing, once, err)
			}
			d.heal()
			for range 3 {
				if err := appendOne(s, c, second); !errors.Is(err, eventlog.ErrFenced) {
					t.Fatalf("after the fence: got %v, want ErrFenced", err)
				}
				if _, err := s.Keys().Current(c.Tenant, event.NewID()); !errors.Is(err, eventlog.ErrFenced) {
					t.Fatalf("keys after the fence: got %v, want ErrFenced", err)
				}
			}
			<-s.Fenced()
			if s.FenceCause() == nil || !s.Stats().Fenced || !errors.Is(s.AcceptingStarts(), eventlog.ErrFenced) {
				t.Error("the fence is not told")
			}
			wantRows(t, s, c, []event.Event{first})
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			// Whether the second is there was not known; the log must be whole either way and go on.
			s = open(t, dir, opt)
			head, err := s.Head(context.Background(), c.Tenant, c.Session)
			if err != nil || head.Sequence > 2 {
				t.Fatalf("after a restart: %+v, %v", head, err)
			}
			all := []event.Event{first, second}
			for _, e := range append(all, c.Next())[head.Sequence:] {
				if err := appendOne(s, c, e); err != nil {
					t.Fatal(err)
				}
				all = append(all[:e.Sequence-1], e)
			}
			wantRows(t, s, c, all)
		}
	}
}

func TestFailedSyncOfCheckpointFences(t *testing.T) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	d, opt := breakable(t, dir)
	s := open(t, dir, opt)
	d.fails(faultvfs.Sync, "edge.db", faultvfs.ErrIO)
	var err error
	for n := 0; err == nil && n < 5000; n++ {
		err = appendOne(s, c, c.Several(20)...)
	}
	if !errors.Is(err, eventlog.ErrFenced) {
		t.Fatalf("got %v, want ErrFenced", err)
	}
}

func TestFullOrReadOnlyDisk(t *testing.T) {
	for name, answer := range map[string]error{"full": faultvfs.ErrFull, "read-only": faultvfs.ErrIO} {
		dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
		d, opt := breakable(t, dir)
		s := open(t, dir, opt)
		all := c.Several(3)
		if err := appendOne(s, c, all...); err != nil {
			t.Fatal(err)
		}
		// The disk takes ever more of a commit before it refuses: its first frame's header, its content, … its last frame.
		batch := c.Several(5)
		refused := false
		for allowed := 0; ; allowed++ {
			var writes atomic.Int32
			d.breaks(func(op faultvfs.Op) error {
				if op.Kind == faultvfs.Write && int(writes.Add(1)) > allowed {
					return answer
				}
				return nil
			})
			err := appendOne(s, c, batch...)
			if err == nil {
				break
			}
			refused = true
			if !errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrFenced) {
				t.Fatalf("%s after %d writes: got %v, want ErrUnavailable", name, allowed, err)
			}
			wantRows(t, s, c, all)
			if err := s.Writable(); !errors.Is(err, eventlog.ErrUnavailable) {
				t.Fatalf("%s after %d writes: the store says %v", name, allowed, err)
			}
			if err := s.Probe(context.Background()); allowed == 0 && !errors.Is(err, eventlog.ErrUnavailable) {
				t.Fatalf("%s: the probe says %v", name, err)
			}
			if err := s.Keys().Probe(context.Background()); allowed == 0 && (!errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrFenced)) {
				t.Fatalf("%s: the probe of the keys says %v", name, err)
			}
		}
		if !refused {
			t.Fatal("nothing was refused")
		}
		d.heal()
		if err := errors.Join(s.Probe(context.Background()), s.Writable()); err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
		wantRows(t, s, c, all)
		next := c.Next()
		if err := appendOne(s, c, next); err != nil {
			t.Fatal(err)
		}
		s.Close()
		wantRows(t, open(t, dir, opt), c, append(all, next))
	}
}

func TestReserveKeepsClassesGoing(t *testing.T) {
	t.Run("log", func(t *testing.T) { reserveKeepsClassesGoing(t, false) })
	t.Run("keys", func(t *testing.T) { reserveKeepsClassesGoing(t, true) })
}

func reserveKeepsClassesGoing(t *testing.T, forKeys bool) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	d, opt := breakable(t, dir)
	var free atomic.Int64
	free.Store(1 << 30)
	s := open(t, dir, opt, func(o *Options) {
		o.ReserveBytes = 1 << 20
		o.FreeSpace = func(string) (int64, error) { return free.Load(), nil }
	})
	if r := s.Reserve(); !r.Held || r.Bytes != 1<<20 || s.AcceptingStarts() != nil {
		t.Fatalf("%+v, %v", r, s.AcceptingStarts())
	}
	free.Store(0)
	d.breaks(func(op faultvfs.Op) error {
		if _, err := os.Stat(filepath.Join(dir, "reserve")); op.Kind == faultvfs.Write && err == nil {
			return faultvfs.ErrFull
		}
		return nil
	})
	all := c.Several(4)
	if forKeys {
		if _, err := s.Keys().Current(c.Tenant, c.Actor); err != nil {
			t.Fatalf("a key, with a reserve: %v", err)
		}
	}
	if err := appendOne(s, c, all...); err != nil {
		t.Fatalf("with a reserve: %v", err)
	}
	wantRows(t, s, c, all)
	if err := s.AcceptingStarts(); s.Reserve().Held || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("reserve %+v, new starts: %v", s.Reserve(), err)
	}
	if err := s.reserve.refill(); err == nil || s.Reserve().Held {
		t.Error("the reserve was taken from a full disk")
	}
	free.Store(1 << 30)
	d.heal()
	if err := s.reserve.refill(); err != nil || !s.Reserve().Held || s.AcceptingStarts() != nil {
		t.Errorf("space is back: %v, %+v, %v", err, s.Reserve(), s.AcceptingStarts())
	}
}

func TestFullDiskAtCheckpoint(t *testing.T) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	d, opt := breakable(t, dir)
	s := open(t, dir, opt)
	d.fails(faultvfs.Write, "edge.db", faultvfs.ErrFull)
	var all []event.Event
	for s.Stats().CheckpointsFailed == 0 {
		batch := c.Several(20)
		if err := appendOne(s, c, batch...); err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
	}
	d.heal()
	for before := s.Stats().Checkpoints; s.Stats().Checkpoints == before; {
		batch := c.Several(20)
		if err := appendOne(s, c, batch...); err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
	}
	wantRows(t, s, c, all)
}

// Keys that can't be written are told apart from a log that can, and found by the probe alone.
func TestKeysThatCantBeWritten(t *testing.T) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	d, opt := breakable(t, dir)
	s := open(t, dir, opt)
	d.fails(faultvfs.Write, "keys.db-wal", faultvfs.ErrFull)
	k := s.Keys()
	if err := k.Writable(); err != nil {
		t.Fatalf("before a write: %v", err)
	}
	for range 3 {
		if err := k.Probe(context.Background()); !errors.Is(err, eventlog.ErrUnavailable) || !errors.Is(k.Writable(), eventlog.ErrUnavailable) {
			t.Fatalf("the probe says %v, the keys %v", err, k.Writable())
		}
		if err := s.Writable(); err != nil {
			t.Fatalf("the log says %v", err)
		}
		if err := appendOne(s, c, c.Next()); err != nil {
			t.Fatal(err)
		}
	}
	d.heal()
	for range 3 { // a probe that changes nothing would write nothing
		if err := errors.Join(k.Probe(context.Background()), k.Writable()); err != nil {
			t.Fatal(err)
		}
	}
}

// A sync that takes long holds the queue, never more memory than its bounds.
func TestSlowDiskPushesBack(t *testing.T) {
	dir := t.TempDir()
	d, opt := breakable(t, dir)
	s := open(t, dir, opt, func(o *Options) { o.QueueLength, o.QueueBytes = 8, 64<<10 })
	syncing, done := d.holdsSync()
	tenant, results := event.NewID(), make(chan error)
	send := func(payload int) {
		c := eventlogtest.NewChain(tenant)
		e := c.NextWith(func(e *event.Event) { e.Payload = []byte(strings.Repeat("x", payload)) })
		go func() { results <- appendOne(s, c, e) }()
	}
	send(1)
	<-syncing
	for range 30 {
		send(100)
	}
	busy, written := 0, 0
	count := func(err error) {
		switch {
		case err == nil:
			written++
		case errors.Is(err, eventlog.ErrBusy):
			busy++
		default:
			t.Errorf("got %v", err)
		}
	}
	for range 22 { // 8 wait, 22 are refused at once, while the disk still syncs
		count(<-results)
	}
	if st := s.Stats(); busy != 22 || st.QueueLength != 8 || st.QueueBytes > 64<<10 {
		t.Errorf("%d refused, %+v", busy, st)
	}
	close(done)
	for range 9 {
		count(<-results)
	}
	if written != 9 {
		t.Errorf("%d of 9 were written", written)
	}
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	dir := t.TempDir()
	d, opt := breakable(t, dir)
	s := open(t, dir, opt, func(o *Options) { o.QueueBytes = 64 << 10 })
	syncing, done := d.holdsSync()
	results := make(chan error)
	send := func() {
		c := eventlogtest.NewChain(event.NewID())
		e := c.NextWith(func(e *event.Event) { e.Payload = make([]byte, 20<<10) })
		go func() { results <- appendOne(s, c, e) }()
	}
	send()
	<-syncing
	for range 10 {
		send()
	}
	for range 7 {
		if err := <-results; !errors.Is(err, eventlog.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
	}
	close(done)
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestCallerThatNoLongerWaits(t *testing.T) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	d, opt := breakable(t, dir)
	s := open(t, dir, opt)
	syncing, done := d.holdsSync()
	ctx, cancel := context.WithCancel(context.Background())
	results := make(chan error)
	all := c.Several(1)
	go func() {
		results <- s.Append(ctx, eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: all})
	}()
	<-syncing
	cancel()
	err := <-results
	for _, known := range []error{eventlog.ErrConflict, eventlog.ErrUnavailable, eventlog.ErrBusy, eventlog.ErrFenced} {
		if err == nil || errors.Is(err, known) {
			t.Errorf("the outcome is not known, but Append says %v", err)
		}
	}
	close(done)
	if err := s.Close(); err != nil { // writes what waits
		t.Fatal(err)
	}
	wantRows(t, open(t, dir, opt), c, all)
}

// A box that was killed with a full disk starts from its reserve.
func TestStartOnAFullDisk(t *testing.T) {
	dir, c := t.TempDir(), eventlogtest.NewChain(event.NewID())
	d, opt := breakable(t, dir)
	reserve := func(o *Options) {
		o.ReserveBytes = 1 << 20
		o.FreeSpace = func(string) (int64, error) { return 4 << 20, nil }
	}
	s := open(t, dir, opt, reserve)
	all := c.Several(40)
	if err := appendOne(s, c, all...); err != nil {
		t.Fatal(err)
	}
	files := readFiles(t, dir) // as a kill leaves them: the rows are in the write-ahead log
	s.Close()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.breaks(func(op faultvfs.Op) error {
		if _, err := os.Stat(filepath.Join(dir, "reserve")); op.Kind == faultvfs.Write && err == nil {
			return faultvfs.ErrFull
		}
		return nil
	})
	s = open(t, dir, opt, reserve, func(o *Options) { o.FreeSpace = func(string) (int64, error) { return 0, nil } })
	wantRows(t, s, c, all)
	if s.Reserve().Held || !errors.Is(s.AcceptingStarts(), eventlog.ErrUnavailable) {
		t.Errorf("%+v, %v", s.Reserve(), s.AcceptingStarts())
	}
}
