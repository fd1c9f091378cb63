package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"

	"multistream/shared/event"
	"multistream/shared/eventlog"
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
