package live

import (
	"encoding/json"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/session"
)

// message is anything that the edge sends over a socket.
type message struct {
	Epoch  int64             `json:"epoch"`
	From   int64             `json:"from"`
	UpTo   int64             `json:"upTo"`
	Events []json.RawMessage `json:"events"`
	View   json.RawMessage   `json:"view"`
	Rewind *event.Position   `json:"rewind"`
	Status json.RawMessage   `json:"status"`
	Fades  json.RawMessage   `json:"ephemeral"`
	Reply  *struct {
		Key  string          `json:"key"`
		Body json.RawMessage `json:"body"`
	} `json:"reply"`
	Error *struct {
		Refusal
		Key string `json:"key"`
	} `json:"error"`
}

// message takes what came; the lock is held. What breaks the rules of frames is noted, and the run goes on, so that all of
// it is told at its end.
func (f *follower) message(data []byte) {
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		f.wrong("a message that can't be read: %v", err)
		return
	}
	switch {
	case m.Reply != nil:
		f.answer(reply{Body: m.Reply.Body})
	case m.Error != nil:
		// Without a key it is either "slow down", said before the command was read (with one command at a time it is clear
		// which is meant), or why the socket will be closed, which answers nothing.
		if m.Error.Key != "" || m.Error.pause() > 0 {
			f.answer(reply{Refusal: &m.Error.Refusal})
		}
	case m.Status != nil, m.Fades != nil:
	case m.Epoch > 0:
		f.frame(&m)
	default:
		f.wrong("a message of no known kind")
	}
}

func (f *follower) answer(r reply) {
	if f.waiting != nil {
		f.waiting <- r
		f.waiting = nil
	}
}

// frame takes the next frame: it must begin where the last one ended.
func (f *follower) frame(m *message) {
	f.counts.Frames++
	switch {
	case m.Rewind != nil:
		f.wrong("sent back from %s to %d.%d", positionText(f.at), m.Rewind.Epoch, m.Rewind.Sequence)
	case m.From > f.at.Sequence:
		f.counts.Lost += m.From - f.at.Sequence
		f.wrong("a gap: a frame begins after %d where the last one ended at %d", m.From, f.at.Sequence)
	case m.From < f.at.Sequence:
		f.counts.Doubled += f.at.Sequence - m.From
		f.wrong("told twice: a frame begins after %d where the last one ended at %d", m.From, f.at.Sequence)
	case m.UpTo < m.From || m.Epoch < f.at.Epoch:
		f.wrong("a frame runs backwards, from %d.%d to %d.%d", f.at.Epoch, m.From, m.Epoch, m.UpTo)
	}
	if m.View != nil {
		f.counts.Views++
		f.fresh(m)
		return
	}
	previous := m.From
	for _, raw := range m.Events {
		previous = f.event(m, raw, previous)
	}
	f.at = event.Position{Epoch: m.Epoch, Sequence: max(m.UpTo, f.at.Sequence)}
	session.Advance(f.view, f.at.Epoch, f.at.Sequence)
}

func (f *follower) fresh(m *message) {
	view := new(session.State)
	if err := json.Unmarshal(m.View, view); err != nil {
		f.wrong("a view that can't be read: %v", err)
		return
	}
	f.view, f.at, f.since = view, event.Position{Epoch: m.Epoch, Sequence: m.UpTo}, m.UpTo
}

// event takes the next copy of a frame into the view. It gives its sequence.
func (f *follower) event(m *message, raw json.RawMessage, previous int64) int64 {
	var c event.Copy
	if err := json.Unmarshal(raw, &c); err != nil {
		f.wrong("an event after %d that can't be read: %v", previous, err)
		return previous
	}
	_, twice := f.copies[c.Sequence]
	switch {
	case twice || c.Sequence <= f.since:
		f.counts.Doubled++
		f.wrong("event %d %s came twice", c.Sequence, c.Type)
		return previous
	case c.Sequence <= previous || c.Sequence > m.UpTo:
		f.wrong("event %d %s stands out of order in the frame from %d to %d", c.Sequence, c.Type, m.From, m.UpTo)
	}
	f.counts.Events++
	f.copies[c.Sequence] = raw
	session.Apply(f.view, c.Opened())
	return c.Sequence
}

func (f *follower) wrong(format string, args ...any) {
	f.found = append(f.found, fmt.Sprintf(format, args...))
}
