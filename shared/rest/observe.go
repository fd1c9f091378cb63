package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// Note is what a request leaves for its log line. It never holds a body or a token.
type Note struct {
	request event.ID
	route   string
	Session event.ID
	User    event.ID // left out where the request may be an anonymous vote
	voter   event.ID // and kept here instead, to be taken out of causes
	code    fault.Code
	Cause   error
}

type noteKey struct{}

// NoteOf gives the note of a request, nil outside of a Server.
func NoteOf(r *http.Request) *Note {
	n, _ := r.Context().Value(noteKey{}).(*Note)
	return n
}

// RequestID gives the id of a request.
func RequestID(r *http.Request) event.ID {
	if n := NoteOf(r); n != nil {
		return n.request
	}
	return event.ID{}
}

// observe gives each request its id, its log line and its place in the metrics, and turns a panic into an answer.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id, err := event.ParseID(r.Header.Get("X-Request-Id"))
		if err != nil {
			id = event.NewID()
		}
		n := &Note{request: id, route: "none"}
		w.Header().Set("X-Request-Id", id.String())
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, n))
		// Who never sends a body, or never reads an answer, does not hold a connection for ever, not even where a request
		// is refused unread: the server would wait for its rest. A recorder in a test has no deadlines.
		deadlines := http.NewResponseController(ww)
		if r.ContentLength != 0 {
			_ = deadlines.SetReadDeadline(began.Add(s.o.Pace.Body))
		}
		_ = deadlines.SetWriteDeadline(began.Add(s.o.Pace.Upload + s.o.Pace.Answer))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				n.code, n.Cause = fault.Internal, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				if ww.Status() == 0 {
					s.Fail(ww, r, fault.Of(n.Cause))
				}
			}
			s.record(r, n, ww.Status(), time.Since(began))
		}()
		next.ServeHTTP(ww, r)
	})
}

func (s *Server) record(r *http.Request, n *Note, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	s.metrics.request(n.route, r.Method, status, took)
	level := slog.LevelInfo
	switch {
	case n.route == "probe":
		level = slog.LevelDebug
	case status >= 500 && n.code != fault.NotBuilt && n.code != fault.MediaOff:
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("route", n.route), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("request", n.request.String()),
	}
	if !n.Session.IsZero() {
		attrs = append(attrs, slog.String("session", n.Session.String()))
	}
	if !n.User.IsZero() {
		attrs = append(attrs, slog.String("user", n.User.String()))
	}
	if n.code != "" {
		attrs = append(attrs, slog.String("code", string(n.code)))
	}
	if n.Cause != nil {
		attrs = append(attrs, slog.String("cause", Unnamed(n.Cause.Error(), n.voter)))
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// secret makes the request of a vote lead to nobody: a client may send one request id with all that it asks.
func (n *Note) secret(w http.ResponseWriter, voter event.ID) {
	n.voter, n.request = voter, event.NewID()
	w.Header().Set("X-Request-Id", n.request.String())
}

// Unnamed takes a voter out of what is logged.
func Unnamed(cause string, voter event.ID) string {
	if voter.IsZero() {
		return cause
	}
	return strings.ReplaceAll(cause, voter.String(), "(voter)")
}

// harden sets the headers that keep browsers from guessing, framing and leaking.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}
