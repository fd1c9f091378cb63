// Package classclient is a client of a class as the web client is one, for programs and tests: it follows a class over a
// socket or, where the network lets none live, by polls; it comes back after anything; it keeps the view that frames and
// events make; and it gives commands one after the other with their keys, so that what was done offline is applied once,
// in order, or refused with a reason.
package classclient

import (
	"encoding/json"
	"fmt"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// Message is anything that an edge sends over a socket, or in the answer of a poll.
type Message struct {
	Epoch  int64             `json:"epoch"`
	From   int64             `json:"from"`
	UpTo   int64             `json:"upTo"`
	Events []json.RawMessage `json:"events"`
	View   json.RawMessage   `json:"view"`
	Rewind *event.Position   `json:"rewind"`
	Status *struct {
		Feature string `json:"feature"` // "" where it is the class's
		State   string `json:"state"`
	} `json:"status"`
	Fades json.RawMessage `json:"ephemeral"` // presence, typing, pointers: of no history
	Reply *struct {
		Key  string          `json:"key"`
		Body json.RawMessage `json:"body"`
	} `json:"reply"`
	Error *struct {
		Refusal
		Key string `json:"key"`
	} `json:"error"`
}

// Refusal is an error that the edge answered.
type Refusal struct {
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	Details   map[string]any `json:"details"`
	RequestID event.ID       `json:"requestId"`
}

// Error gives code, message and the id to look for in the edge's log.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: %s (request %s)", r.Code, r.Message, r.RequestID)
}

// Pause is how long the edge asks to wait, 0 for an answer that stands.
func (r *Refusal) Pause() time.Duration {
	switch fault.Code(r.Code) {
	case fault.RateLimited, fault.Busy:
		ms, _ := r.Details["retryAfterMs"].(float64)
		return time.Duration(max(ms, 50)) * time.Millisecond
	}
	return 0
}

// unsure tells whether the command may have been done, or may be done later: it is asked again with the same key.
func (r *Refusal) unsure() bool {
	switch fault.Code(r.Code) {
	case fault.TimedOut, fault.Internal, fault.LogUnavailable, fault.IdentityDown:
		return true
	}
	return false
}

// renews tells whether another token may be taken.
func (r *Refusal) renews() bool { return fault.Lookup(fault.Code(r.Code)).Status == 401 }

// PositionText writes a position as addresses and answers have it.
func PositionText(at event.Position) string { return fmt.Sprintf("%d.%d", at.Epoch, at.Sequence) }
