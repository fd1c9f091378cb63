package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Most requests and bytes of one transaction: bounds how long the first of a group waits for the last.
const (
	groupLength = 256
	groupBytes  = 4 << 20
)

// writer is the one goroutine that writes edge.db. All its fields below queue belong to that goroutine.
type writer struct {
	store       *Store
	incarnation atomic.Pointer[incarnation]
	fence       fence
	condition   condition

	mu      sync.RWMutex // held for reading while sending to queue, so that it can be closed
	closed  bool
	queue   chan *request
	queued  atomic.Int64 // bytes
	ended   chan struct{}
	started bool // before Open returns, or never

	db    *sql.DB
	conn  *sql.Conn
	stmts writeStatements
	heads map[sessionKey]eventlog.Head
	place int64 // of the last committed event
	next  int64 // of the last event, committed or not
	wal   walGauge
	group []*request // being written
	size  int64      // bytes of it
	args  []any
	// careful: a batch of several events lies between savepoints, so that refusing it undoes nothing else.
	careful bool
}

// A request is one unit: all of it is committed, or nothing of it.
type request struct {
	batch  *eventlog.Batch                            // or
	do     func(ctx context.Context, q querier) error // runs within the transaction, between savepoints
	after  func()                                     // runs after the commit, before the answer
	size   int64
	taken  atomic.Bool // by the writer, or by a caller that no longer waits
	err    error
	answer chan error
	done   func(error) // in place of answer, if set
}

type sessionKey struct{ tenant, session event.ID }

func newWriter(ctx context.Context, s *Store, db *sql.DB) (_ *writer, err error) {
	w := &writer{
		store: s, db: db, queue: make(chan *request, s.opts.QueueLength), ended: make(chan struct{}),
		heads: map[sessionKey]eventlog.Head{}, fence: newFence(),
	}
	if w.conn, err = db.Conn(ctx); err != nil {
		return nil, asReadError(err)
	}
	if err := s.loadIdentity(ctx, w.conn); err != nil {
		return nil, err
	}
	if err := w.stmts.prepare(ctx, w.conn); err != nil {
		return nil, asReadError(err)
	}
	err = w.conn.QueryRowContext(ctx, `SELECT max(coalesce((SELECT max(place) FROM session_state_events), 0),
		coalesce((SELECT max(place) FROM session_state_events_superseded), 0),
		coalesce((SELECT max(last_place) FROM tombstones), 0))`).Scan(&w.place)
	if err != nil {
		return nil, asReadError(err)
	}
	w.begin(s.current)
	return w, nil
}

// begin makes later events belong to this incarnation.
func (w *writer) begin(in incarnation) {
	w.place = max(w.place, in.number*placesPerIncarnation)
	w.next = w.place
	w.incarnation.Store(&in)
}

func (w *writer) start() {
	w.started = true
	go w.run()
}

// do runs a function in the writer's transaction, as one unit beside the batches. after, if any, runs in the writer's
// goroutine once it is committed.
func (w *writer) do(ctx context.Context, f func(context.Context, querier) error, after func()) error {
	return w.submit(ctx, &request{do: f, after: after, size: 256})
}

// submit queues a request and waits until it is durable or refused.
func (w *writer) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.answer = make(chan error, 1)
	if err := w.enqueue(r); err != nil {
		return err
	}
	select {
	case err := <-r.answer:
		return err
	case <-ctx.Done():
		if r.taken.CompareAndSwap(false, true) {
			return fmt.Errorf("not written, the caller no longer waits: %w", ctx.Err())
		}
		return fmt.Errorf("the outcome is not known, read the log before going on: %w", ctx.Err())
	}
}

func (w *writer) enqueue(r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if err := w.fence.err(); err != nil {
		return err
	}
	if w.closed {
		return fmt.Errorf("the store is closed: %w", eventlog.ErrUnavailable)
	}
	if w.queued.Add(r.size) > w.store.opts.QueueBytes && len(w.queue) > 0 {
		w.queued.Add(-r.size)
		w.store.stats.busy.Add(1)
		return fmt.Errorf("%d bytes wait to be written: %w", w.queued.Load(), eventlog.ErrBusy)
	}
	select {
	case w.queue <- r:
		return nil
	default:
		w.queued.Add(-r.size)
		w.store.stats.busy.Add(1)
		return fmt.Errorf("%d requests wait to be written: %w", len(w.queue), eventlog.ErrBusy)
	}
}

// run takes what waits, writes it in one transaction, answers, and goes on until the queue is closed.
func (w *writer) run() {
	defer close(w.ended)
	for r := range w.queue {
		w.group, w.size = w.group[:0], 0
		w.take(r)
		w.write()
		w.reply(w.group)
		w.checkpointIfDue()
	}
}

// gathered gives the i-th request of the group; past its end one more that waits, or nil. So rows are written while others
// are still on their way, and one sync serves them all. Callers that were just answered are runnable and about to send their
// next events: letting them run first costs no waiting.
func (w *writer) gathered(i int) *request {
	for yields := 0; len(w.group) <= i && len(w.group) < groupLength && w.size < groupBytes; {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return nil
			}
			w.take(r)
			yields = 0
		default:
			if yields == 2 {
				return nil
			}
			yields++
			runtime.Gosched()
		}
	}
	return nth(w.group)(i)
}

func nth(group []*request) func(int) *request {
	return func(i int) *request {
		if i < len(group) {
			return group[i]
		}
		return nil
	}
}

// take adds a request to the group, unless its caller has gone.
func (w *writer) take(r *request) {
	w.queued.Add(-r.size)
	if r.taken.CompareAndSwap(false, true) {
		w.group = append(w.group, r)
		w.size += r.size
	}
}

func (w *writer) reply(group []*request) {
	for i, r := range group {
		if r.err == nil && r.after != nil {
			r.after()
		}
		if r.done != nil {
			r.done(r.err)
		} else {
			r.answer <- r.err
		}
		group[i] = nil
	}
}

// write gathers a group and commits it.
func (w *writer) write() {
	if w.gathered(0) == nil {
		return
	}
	err := w.transaction(w.gathered)
	w.outcome(w.group, err)
}

// outcome tells a group what became of it. A full disk is tried once more after the reserve was given back; where damage is
// in the way of one request, the others are written without it.
func (w *writer) outcome(group []*request, err error) {
	if isFull(err) && w.store.reserve.release() {
		err = w.transaction(nth(group))
	}
	switch {
	case err == nil:
		w.store.stats.committed(len(group))
		return
	case errors.Is(err, eventlog.ErrFenced) || !errors.Is(err, eventlog.ErrDamaged):
	case len(group) > 1:
		for i := range group {
			one := group[i : i+1]
			w.outcome(one, w.transaction(nth(one)))
		}
		return
	case group[0].batch != nil:
		w.store.noteDamage(sessionKey{group[0].batch.TenantID, group[0].batch.SessionID}, err)
	}
	w.store.stats.failed.Add(1)
	w.store.log.Error("nothing of a group was written", "requests", len(group), "error", err)
	for _, r := range group {
		r.err = err
	}
}

// errHalfWritten: a batch was refused after some of its events had been written, and there is no savepoint to go back to.
var errHalfWritten = errors.New("half of a refused batch is written")

// transaction writes a group of requests, as next gives them, between BEGIN and COMMIT. It sets the error of each request
// that was refused alone; an error that it returns is that of them all, and nothing was acknowledged. Savepoints cost a copy of
// every page that is touched and batches are hardly ever refused, so they come in only where one was: the group is then
// written anew.
func (w *writer) transaction(next func(int) *request) error {
	err := w.attempt(next)
	if errors.Is(err, errHalfWritten) {
		w.careful = true
		err = w.attempt(next)
		w.careful = false
	}
	return err
}

func (w *writer) attempt(next func(int) *request) error {
	ctx := context.Background() // a caller that goes away must not interrupt its neighbours
	if err := w.fence.err(); err != nil {
		return err
	}
	if _, err := w.stmts.begin.ExecContext(ctx); err != nil {
		return w.failed(ctx, err, false)
	}
	w.next = w.place
	wrote := false
	for i := 0; ; i++ {
		r := next(i)
		if r == nil {
			break
		}
		var err error
		if r.batch != nil {
			r.err, err = w.append(ctx, r.batch)
		} else {
			r.err, err = w.perform(ctx, r)
		}
		if errors.Is(err, errHalfWritten) {
			clear(w.heads)
			if _, broken := w.stmts.rollback.ExecContext(ctx); broken != nil {
				return w.failed(ctx, broken, false)
			}
			return err
		}
		if err != nil {
			return w.failed(ctx, err, false)
		}
		wrote = wrote || r.err == nil
	}
	if !wrote {
		_, err := w.stmts.rollback.ExecContext(ctx)
		if err != nil {
			return w.failed(ctx, err, false)
		}
		return nil
	}
	if _, err := w.stmts.commit.ExecContext(ctx); err != nil {
		return w.failed(ctx, err, true)
	}
	w.condition.wrote()
	w.store.stats.events.Add(w.next - w.place)
	w.place = w.next
	return nil
}

// failed ends a broken transaction and says what that means to everyone in it.
func (w *writer) failed(ctx context.Context, cause error, atCommit bool) error {
	clear(w.heads)
	_, rollback := w.stmts.rollback.ExecContext(ctx)
	if atCommit && isFailedWrite(cause) && w.nothingCommitted() {
		atCommit = false
	}
	err := asWriteError(cause, atCommit)
	if rollback != nil && !isNoTransaction(rollback) {
		err = fmt.Errorf("%w; rolling back: %w: %w", err, rollback, eventlog.ErrFenced)
	}
	if errors.Is(err, eventlog.ErrFenced) {
		w.fence.close(err)
	}
	w.condition.failed(err)
	return err
}

// nothingCommitted reads the write-ahead log after a write to it failed: if it ends where SQLite thinks that it ends, no
// part of the failed commit can come back after a crash. The next commit overwrites what there is of it.
func (w *writer) nothingCommitted() bool {
	pages, _, err := w.walPages("NOOP")
	if err != nil {
		return false
	}
	return endsAt(filepath.Join(w.store.opts.Dir, "edge.db-wal"), pages)
}

// endsAt tells whether a write-ahead log holds no more whole commits than its first pages.
func endsAt(file string, pages int64) bool {
	found, err := inspectWAL(file)
	return err == nil && int64(found.Frames) <= pages
}

// perform runs a function between savepoints, so that a refusal undoes only itself.
func (w *writer) perform(ctx context.Context, r *request) (refused, broken error) {
	if _, err := w.stmts.savepoint.ExecContext(ctx); err != nil {
		return nil, err
	}
	err := r.do(ctx, w.conn)
	if isBroken(err) {
		return nil, err
	}
	if err != nil {
		_, broken = w.stmts.undo.ExecContext(ctx)
	}
	if broken == nil {
		_, broken = w.stmts.release.ExecContext(ctx)
	}
	return err, broken
}

// close refuses new requests, writes those that wait, and closes the connection after a last checkpoint.
func (w *writer) close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	if w.started {
		<-w.ended
	}
	var errs []error
	if w.fence.err() == nil {
		errs = append(errs, w.checkpoint("TRUNCATE"))
	}
	return errors.Join(append(errs, w.stmts.close(), w.conn.Close(), w.db.Close())...)
}
