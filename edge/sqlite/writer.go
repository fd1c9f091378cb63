package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// writer writes edge.db. All its fields below queue belong to whoever has the turn to write (see queue): its goroutine, or a
// caller who found nobody at it.
type writer struct {
	store       *Store
	incarnation atomic.Pointer[incarnation]
	fence       fence
	condition   condition

	ended   chan struct{} // closed when the goroutine has ended
	started bool          // before Open returns, or never
	queue   *queue

	db     *sql.DB
	conn   *sql.Conn
	stmts  writeStatements
	heads  map[sessionKey]eventlog.Head
	place  int64 // of the last committed event
	next   int64 // of the last event, committed or not
	wal    walGauge
	group  []*request // being written
	size   int64      // bytes of it
	crowd  bool       // the last group had several requests
	caller bool       // a caller writes the group
	args   []any
	// careful: a batch of several events lies between savepoints, so that refusing it undoes nothing else.
	careful bool
}

type sessionKey struct{ tenant, session event.ID }

func newWriter(ctx context.Context, s *Store, db *sql.DB) (_ *writer, err error) {
	w := &writer{
		store: s, db: db, queue: newQueue(), ended: make(chan struct{}),
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

// run is the writer's goroutine: given the turn, it writes until nothing comes.
func (w *writer) run() {
	defer close(w.ended)
	for range w.queue.given {
		for more := true; more; {
			wrote := w.round()
			w.checkpointIfDue()
			more = wrote || w.queue.keep()
		}
	}
}

// write has the caller write one group, if something waits and nobody is at it: its own request is then durable, or answered,
// without a hand-over between goroutines. What came meanwhile, and what may take long, is left to the writer's goroutine; so
// is all while several are written for at once, who come back together.
func (w *writer) write() {
	if !w.queue.take() {
		return
	}
	defer endAfterPanic()
	if !w.crowd {
		w.caller = true
		w.round()
		w.caller = false
		if !w.checkpointMayBeDue() && !w.queue.keep() {
			return
		}
	}
	w.queue.given <- struct{}{}
}

// endAfterPanic ends the process after a panic in a caller's turn to write, as one in the writer's goroutine does: whoever
// serves that caller would go on after it, over a transaction that nobody ends.
func endAfterPanic() {
	if p := recover(); p != nil {
		text := fmt.Sprintf("panic while writing the log: %v\n%s", p, debug.Stack())
		go panic(text)
		select {}
	}
}

// close refuses new requests, writes those that wait, and closes the connection after a last checkpoint.
func (w *writer) close() error {
	w.queue.close()
	if w.started {
		<-w.ended
	}
	var errs []error
	if w.fence.err() == nil {
		errs = append(errs, w.checkpoint("TRUNCATE"))
	}
	return errors.Join(append(errs, w.stmts.close(), w.conn.Close(), w.db.Close())...)
}
