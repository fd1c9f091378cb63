package gateway

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"multistream/edge/gateway/websocket"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
)

// socket is one open connection: two goroutines, the reader and the writer. The request's own has ended: its stack and
// buffers would be most of what an idle connection costs.
type socket struct {
	g       *Gateway
	conn    *websocket.Conn
	who     rest.Principal
	token   string
	host    string
	session event.ID
	request event.ID
	ctx     context.Context // ends with the connection, its token or the gateway
	cancel  func()
	code    atomic.Int64 // with which it was closed by us; 0: by the client
	pinging atomic.Bool
	reading turns // of the reader: pongs come while it reads
	strikes int   // messages that were no commands, in the reader
}

// live upgrades a request to a socket and serves it until it ends. What is wrong with the request itself is answered over
// HTTP; what is wrong with the class or the person's place in it comes as an error frame and a close code, as browsers
// show scripts nothing else.
func (g *Gateway) live(c *rest.Call) (any, error) {
	after, resume, err := rest.ParsePosition(c.R.URL.Query().Get("after"))
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(c.R.Header.Get("Upgrade"), "websocket") {
		c.W.Header().Set("Upgrade", "websocket")
		return nil, fault.New(fault.InvalidBody, "This address is for WebSockets only.")
	}
	if err := g.admit(c.Who.UserID, g.metrics.sockets); err != nil {
		return nil, err
	}
	conn, err := websocket.Accept(c.W, c.R, &websocket.AcceptOptions{Subprotocols: protocols(c.R)})
	if err != nil {
		g.release(c.Who.UserID, g.metrics.sockets)
		rest.NoteOf(c.R).Cause = err
		return rest.Written{}, nil // Accept answered it
	}
	g.server.Upgraded(1)
	conn.SetReadLimit(limits.SocketMessage)
	s := &socket{g: g, conn: conn, who: c.Who, token: c.Token, host: c.R.Host, session: c.Session, request: rest.RequestID(c.R)}
	s.ctx, s.cancel = g.server.Ticket(g.base, c.Who.UserID, c.Token, c.R.Host, c.Known)
	go s.serve(after, resume)
	return rest.Written{}, nil
}

// serve runs reader and writer until both have ended.
func (s *socket) serve(after event.Position, resume bool) {
	began := time.Now()
	defer s.g.release(s.who.UserID, s.g.metrics.sockets)
	defer s.g.server.Upgraded(-1)
	stop := context.AfterFunc(s.ctx, func() { s.conn.Hurry(time.Second) })
	defer stop()
	defer func() {
		code := s.code.Load()
		s.g.metrics.closed.WithLabelValues(strconv.FormatInt(code, 10)).Inc()
		s.g.log.Info("socket ended", "code", code, "seconds", time.Since(began).Round(time.Millisecond).Seconds(),
			"session", s.session.String(), "user", s.who.UserID.String(), "request", s.request.String())
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.recovered("writer")
		w := newSocketWriter(s)
		defer w.end()
		s.close(w.run(after, resume))
	}()
	defer func() {
		s.cancel()
		_ = s.conn.CloseNow() // nothing can be told any more; a write that hangs ends
		<-done
	}()
	defer s.recovered("reader")
	s.read()
}

// close says good-bye with the code of an error; the client resumes from its position, or stays away, by that code.
func (s *socket) close(err error) {
	switch {
	case err == nil: // the client is gone, or was told by the reader
		_ = s.conn.CloseNow()
		return
	case err == errStopping:
		s.code.CompareAndSwap(0, int64(websocket.StatusServiceRestart))
		_ = s.conn.Close(websocket.StatusServiceRestart, "restart")
		return
	case err == errUnloaded:
		s.code.CompareAndSwap(0, int64(websocket.StatusGoingAway))
		_ = s.conn.Close(websocket.StatusGoingAway, "unloaded")
		return
	}
	f := rest.ToFault(err)
	code := fault.Lookup(f.Code).Close
	s.code.CompareAndSwap(0, int64(code))
	s.sendError(f, "")
	_ = s.conn.Close(websocket.StatusCode(code), string(f.Code))
}

// recovered keeps a mistake in the code within its connection.
func (s *socket) recovered(where string) {
	if p := recover(); p != nil {
		s.g.log.Error("socket failed", "where", where, "request", s.request.String(), "session", s.session.String(), "panic", p)
		s.close(fault.New(fault.Internal, "Something went wrong on our side. What was confirmed before is safe; please connect again."))
	}
}
