package rest

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
)

// ErrorBody is the one shape of an error.
type ErrorBody struct {
	Code      string         `json:"code"`    // stable; decide by it
	Message   string         `json:"message"` // what happened, what is safe, what to do
	Details   map[string]any `json:"details"` // field: what a 400 is about; retryAfterMs; others by code
	RequestID event.ID       `json:"requestId"`
}

// ToFault gives what a caller is told of an error.
func ToFault(err error) *fault.Fault {
	var f *fault.Fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.TimedOut, "No answer in time. It may still happen: ask again with the same key.").Because(err)
	case errors.Is(err, eventlog.ErrNotFound):
		return fault.New(fault.NotFound, "There is no such thing here.").Because(err)
	case errors.Is(err, eventlog.ErrBusy):
		return fault.New(fault.Busy, "There is more to do here than can be taken right now. Nothing was changed; please try again in a moment.").Because(err)
	case errors.Is(err, eventlog.ErrDamaged):
		return fault.New(fault.LogDamaged, "What is stored of this is damaged here and is not served. An administrator can check it.").Because(err)
	case errors.Is(err, eventlog.ErrUnavailable), errors.Is(err, eventlog.ErrFenced):
		return fault.New(fault.LogUnavailable, "Nothing can be read or stored right now. What was confirmed before is safe; please try again in a moment.").Because(err)
	}
	return fault.Of(err)
}

// BodyOf gives the error's shape.
func BodyOf(f *fault.Fault, request event.ID) ErrorBody {
	b := ErrorBody{Code: string(f.Code), Message: f.Message, Details: map[string]any{}, RequestID: request}
	for name, value := range f.Details {
		b.Details[name] = value
	}
	if f.Field != "" {
		b.Details["field"] = f.Field
	}
	if fault.Lookup(f.Code).Retry {
		b.Details["retry"] = true
	}
	return b
}

// Fail answers an error and notes it for the request's log line.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) {
	f := ToFault(err)
	entry := fault.Lookup(f.Code)
	if n := NoteOf(r); n != nil {
		n.code, n.Cause = f.Code, f.Cause
	}
	if ms, ok := f.Details["retryAfterMs"].(int64); ok {
		w.Header().Set("Retry-After", strconv.FormatInt(int64(math.Ceil(float64(ms)/1000)), 10))
	}
	if entry.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="multistream"`)
	}
	s.reply(w, r, entry.Status, BodyOf(f, RequestID(r)))
}

// reply answers a body, and gives its reader a fair time: who takes less than 1 kB/s of it is cut off. Answers are about
// persons and a moment: they are never stored.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, status int, body any) {
	b := MustEncode(body)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.o.Pace.Body + time.Duration(len(b)>>10)*time.Second))
	s.renew(w, r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // a client that is gone is no error of ours
}

// MustEncode writes an answer as JSON, without HTML escapes and without a line break at its end.
func MustEncode(body any) []byte {
	b, err := event.Marshal(body)
	if err != nil { // answers are plain structs; this is a mistake in the code, and recovered as one
		panic("rest: an answer that can't be encoded: " + err.Error())
	}
	return b
}

// Encoded is an answer that was encoded already.
type Encoded []byte

// MarshalJSON gives the bytes as they are.
func (e Encoded) MarshalJSON() ([]byte, error) { return e, nil }

// TooFast is the refusal of a limiter.
func TooFast(wait time.Duration) error {
	return fault.New(fault.RateLimited, "Too many requests in a short time. Nothing was changed by this one; wait a moment and send it again.").
		With("retryAfterMs", max(1, wait.Milliseconds()))
}

// Published makes the handler of a generated document.
func Published(make func() []byte) func(c *Call) (any, error) {
	once := sync.OnceValue(make)
	return func(*Call) (any, error) { return Encoded(once()), nil }
}
