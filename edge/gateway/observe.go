package gateway

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

// note is what a request leaves for its log line. It never holds a body or a token.
type note struct {
	request event.ID
	route   string
	session event.ID
	user    event.ID // left out where the request may be an anonymous vote
	voter   event.ID // and kept here instead, to be taken out of causes
	code    fault.Code
	cause   error
}

type noteKey struct{}

func noteOf(r *http.Request) *note {
	n, _ := r.Context().Value(noteKey{}).(*note)
	return n
}

func requestID(r *http.Request) event.ID {
	if n := noteOf(r); n != nil {
		return n.request
	}
	return event.ID{}
}

// observe gives each request its id, its log line and its place in the metrics, and turns a panic into an answer.
func (g *Gateway) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id, err := event.ParseID(r.Header.Get("X-Request-Id"))
		if err != nil {
			id = event.NewID()
		}
		n := &note{request: id, route: "none"}
		w.Header().Set("X-Request-Id", id.String())
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		r = r.WithContext(context.WithValue(r.Context(), noteKey{}, n))
		// Who never sends a body, or never reads an answer, does not hold a connection for ever, not even where a request
		// is refused unread: the server would wait for its rest. A recorder in a test has no deadlines.
		deadlines := http.NewResponseController(ww)
		if r.ContentLength != 0 {
			_ = deadlines.SetReadDeadline(began.Add(g.o.Pace.Body))
		}
		_ = deadlines.SetWriteDeadline(began.Add(g.o.Pace.Upload + g.o.Pace.Answer))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				n.code, n.cause = fault.Internal, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				if ww.Status() == 0 {
					g.fail(ww, r, fault.Of(n.cause))
				}
			}
			g.record(r, n, ww.Status(), time.Since(began))
		}()
		next.ServeHTTP(ww, r)
	})
}

func (g *Gateway) record(r *http.Request, n *note, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	g.metrics.request(n.route, r.Method, status, took)
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
	if !n.session.IsZero() {
		attrs = append(attrs, slog.String("session", n.session.String()))
	}
	if !n.user.IsZero() {
		attrs = append(attrs, slog.String("user", n.user.String()))
	}
	if n.code != "" {
		attrs = append(attrs, slog.String("code", string(n.code)))
	}
	if n.cause != nil {
		attrs = append(attrs, slog.String("cause", unnamed(n.cause.Error(), n.voter)))
	}
	g.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// voting is the command whose log lines lead to nobody: a poll may be anonymous.
const voting = "poll.vote"

// secret makes the request of a vote lead to nobody: a client may send one request id with all that it asks.
func (n *note) secret(w http.ResponseWriter, voter event.ID) {
	n.voter, n.request = voter, event.NewID()
	w.Header().Set("X-Request-Id", n.request.String())
}

// unnamed takes a voter out of what is logged.
func unnamed(cause string, voter event.ID) string {
	if voter.IsZero() {
		return cause
	}
	return strings.ReplaceAll(cause, voter.String(), "(voter)")
}

func text(cause error) string {
	if cause == nil {
		return ""
	}
	return cause.Error()
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
