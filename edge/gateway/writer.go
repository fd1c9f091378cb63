package gateway

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"multistream/edge/gateway/websocket"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
)

var (
	errStopping = errors.New("the gateway stops")
	errUnloaded = errors.New("the class left memory")
	errGone     = errors.New("the client is gone")
)

// writer tells one person what happens in a class, frame by frame: over a socket, or in the answers of polls.
type writer struct {
	g       *Gateway
	who     rest.Principal
	session event.ID
	ctx     context.Context                   // ends with the client or the gateway
	write   func(kind string, b []byte) error // takes a frame; b is used again afterwards
	batch
	stream Stream
	wake   lease     // for waiting
	skip   time.Time // when a hidden event must be told as a moved position; zero: there is none
}

// socketWriter writes to a socket for as long as it is open. Its goroutine holds the lock but while it is seated and waits: then
// the hall writes, and leaves it to the goroutine to do what is more than that.
type socketWriter struct {
	mu sync.Mutex
	writer
	socket *socket
	hall   *hall
	place  int           // among the seats, from 1; 0: it has none. Under the hall's lock
	seated atomic.Bool   // it has a place
	nudge  chan struct{} // holds one: who waits in a seat has something to do
	timer  *time.Timer   // ends that wait
	torn   bool          // the hall wrote a part of a frame: the rest must follow
	over   bool          // nothing may be written any more
	by     time.Time     // for writing; moved seldom, so that no message needs a timer of its own
	ping   time.Time
	ear    *ear      // of what no history keeps; nil where the box has no signals
	retry  time.Time // when the ear is to be asked again without a nudge; zero: not
	beat   time.Time // when a client that got nothing for a while is told so: browsers don't show pings to scripts
}

func newSocketWriter(s *socket) *socketWriter {
	w := &socketWriter{writer: writer{g: s.g, who: s.who, session: s.session, ctx: s.ctx}, socket: s, nudge: make(chan struct{}, 1)}
	w.write = w.send
	return w
}

// run writes until the connection ends. It returns nil if the client is gone.
func (w *socketWriter) run(after event.Position, resume bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.over = true }()
	if err := w.begin(after, resume); err != nil {
		return w.ended(err)
	}
	if w.socket.conn.Offers() {
		w.hall = w.g.hall(roomKey{w.who.TenantID, w.session}, event.Position{Epoch: w.epoch, Sequence: w.upTo})
	}
	w.ear = w.g.listen(w.who, w.session, w)
	now := time.Now()
	w.ping = now.Add(w.g.o.Pace.Ping)
	if w.beat.IsZero() {
		w.beat = now // who resumes and missed nothing is told that at once
	}
	for {
		at := w.ping
		if w.beat.Before(at) {
			at = w.beat
		}
		if !w.skip.IsZero() && w.skip.Before(at) {
			at = w.skip
		}
		if !w.retry.IsZero() && w.retry.Before(at) {
			at = w.retry
		}
		u, err := w.next(at)
		switch {
		case err == nil:
			err = w.update(u)
		case w.ctx.Err() != nil:
		case errors.Is(err, context.DeadlineExceeded):
			err = nil
		}
		if err == nil {
			err = w.due(time.Now())
		}
		if err == nil && len(u.Entries) == 0 {
			err = w.ephemerals(time.Now())
		}
		if err != nil {
			return w.ended(err)
		}
	}
}

// ended tells why a connection ends.
func (w *socketWriter) ended(err error) error {
	switch {
	case w.g.base.Err() != nil:
		return errStopping
	case rest.EndedBy(w.ctx) != nil:
		return rest.EndedBy(w.ctx)
	case w.ctx.Err() != nil, errors.Is(err, errGone):
		return nil
	case errors.Is(err, io.EOF):
		return errUnloaded
	}
	return err
}

// begin brings the client to the present: by the events it missed, or by a fresh view.
func (w *writer) begin(after event.Position, resume bool) error {
	w.user = w.who.UserID
	now, err := w.g.look(w.ctx, w.who, w.session, false)
	if err != nil {
		return err
	}
	w.standing, w.from, w.upTo, w.epoch = now.standing, after.Sequence, after.Sequence, now.at.Epoch
	if gone := now.out(now.standing); gone != nil {
		if resume { // its last view may be older than the reason
			_ = w.fresh(nil)
		}
		return gone
	}
	var rewind *event.Position
	if resume && now.at.Sequence-after.Sequence <= limits.CatchUpEvents {
		w.stream, err = w.g.o.Classes.Follow(w.ctx, w.who.TenantID, w.session, w.user, after)
		var cut *RewindError
		if !errors.As(err, &cut) {
			return err
		}
		rewind = &cut.To
		w.from, w.upTo = 0, 0 // nothing of what the client knows counts
	}
	if err := w.fresh(rewind); err != nil {
		return err
	}
	w.stream, err = w.g.o.Classes.Follow(w.ctx, w.who.TenantID, w.session, w.user, event.Position{Epoch: w.epoch, Sequence: w.upTo})
	return err
}

// fresh writes a fresh view and goes on from its position. It returns why the person is out, if they are.
func (w *writer) fresh(rewind *event.Position) error {
	v, err := w.g.look(w.ctx, w.who, w.session, true)
	if err != nil {
		return err
	}
	buf := buffers.Get().(*[]byte)
	*buf = appendView((*buf)[:0], w.from, v, rewind)
	err = w.write("view", *buf)
	if cap(*buf) <= frameBytes {
		buffers.Put(buf)
	}
	was := w.standing
	w.standing, w.epoch, w.from, w.upTo, w.skip = v.standing, v.at.Epoch, v.at.Sequence, v.at.Sequence, time.Time{}
	if w.stream != nil {
		w.stream.Skip(w.upTo)
	}
	if err != nil {
		return err
	}
	return v.out(was)
}

// due does what its time has come for: the position after hidden events, a sign of life, a ping, the check of the token.
func (w *socketWriter) due(now time.Time) error {
	kind := ""
	switch {
	case !w.skip.IsZero() && !now.Before(w.skip):
		kind = "skip"
	case !now.Before(w.beat):
		kind = "beat"
	}
	if kind != "" {
		if err := w.flush(kind); err != nil {
			return err
		}
	}
	if now.Before(w.ping) {
		return nil
	}
	w.ping = now.Add(w.g.o.Pace.Ping)
	if _, err := w.g.o.Identity.Authenticate(w.ctx, w.socket.token, w.socket.host); err != nil {
		if f := rest.ToFault(err); fault.Lookup(f.Code).Status == 401 {
			return err
		} // identity that is down puts nobody out
	}
	if w.socket.pinging.CompareAndSwap(false, true) {
		go w.socket.pong()
	}
	return nil
}

// pong waits for the answer to a ping, and gives the client up without one, unless we did not listen all the while because a
// command was being answered: then the next ping tells.
func (s *socket) pong() {
	ctx, cancel := context.WithTimeout(s.ctx, s.g.o.Pace.Write)
	defer cancel()
	before, stood := s.reading.count()
	err := s.conn.Ping(ctx)
	if after, _ := s.reading.count(); err != nil && !stood && after == before {
		_ = s.conn.CloseNow()
	}
	s.pinging.Store(false)
}

func (w *socketWriter) send(kind string, b []byte) error {
	now := time.Now()
	w.writeBy(now)
	if err := w.socket.conn.WriteBy(w.by, websocket.MessageText, b); err != nil {
		w.slow(err)
		return errGone
	}
	w.beat = now.Add(w.g.o.Pace.Beat)
	w.g.metrics.frame(kind, len(b))
	return nil
}

// writeBy sees to it that a write has the time it needs.
func (w *socketWriter) writeBy(now time.Time) {
	if w.by.Sub(now) < w.g.o.Pace.Write {
		w.by = now.Add(2 * w.g.o.Pace.Write)
	}
}

// slow notes a client that did not take what was written in time. It can't be told: it resumes from its position.
func (w *socketWriter) slow(err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		w.socket.code.CompareAndSwap(0, int64(fault.Lookup(fault.TimedOut).Close))
	}
}

func (w *socketWriter) end() {
	if w.ear != nil {
		w.ear.leave(w.who.UserID)
	}
	if w.hall != nil {
		w.hall.leave(w)
	}
	w.writer.end()
}

// end frees what the writer holds, at once.
func (w *writer) end() {
	w.wake.end()
	if w.stream != nil {
		w.stream.Close()
	}
}
