package classclient

import (
	"encoding/json"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/session"
)

// Screen is what somebody knows of a class: their view, grown by the events that they are told. It holds frames to their
// rules and notes what breaks them. It is not safe for concurrent use.
type Screen struct {
	View   *session.State // nil before the first
	At     event.Position
	Since  int64                     // sequence of the latest fresh view
	Copies map[int64]json.RawMessage // of events since the first view, by sequence
	Halted bool                      // by the latest status

	Frames  int   // of events and views
	Events  int   // copies of events
	Views   int   // fresh views in place of events
	Lost    int64 // positions that no frame covered
	Doubled int64 // positions and events that came twice
	Wrongs  []string
}

// NewScreen gives a screen that knows nothing.
func NewScreen() *Screen { return &Screen{Copies: map[int64]json.RawMessage{}} }

// Begin takes a view that came otherwise than by a frame, as the answer of a join has one.
func (s *Screen) Begin(view []byte, at event.Position) error {
	state := new(session.State)
	if err := json.Unmarshal(view, state); err != nil {
		return fmt.Errorf("a view that can't be read: %w", err)
	}
	s.View, s.At, s.Since, s.Copies = state, at, at.Sequence, map[int64]json.RawMessage{}
	return nil
}

// Take takes the next frame or status: a frame must begin where the last one ended.
func (s *Screen) Take(m *Message) {
	switch {
	case m.Status != nil && m.Status.Feature == "":
		s.Halted = m.Status.State == session.Halted
	case m.Status != nil, m.Fades != nil: // not of the class
	case m.Epoch > 0:
		s.frame(m)
	default:
		s.Wrong("a message of no known kind")
	}
}

func (s *Screen) frame(m *Message) {
	s.Frames++
	switch {
	case m.Rewind != nil:
		s.Wrong("sent back from %s to %d.%d", PositionText(s.At), m.Rewind.Epoch, m.Rewind.Sequence)
	case s.View == nil && m.View != nil:
	case m.From > s.At.Sequence:
		s.Lost += m.From - s.At.Sequence
		s.Wrong("a gap: a frame begins after %d where the last one ended at %d", m.From, s.At.Sequence)
	case m.From < s.At.Sequence:
		s.Doubled += s.At.Sequence - m.From
		s.Wrong("told twice: a frame begins after %d where the last one ended at %d", m.From, s.At.Sequence)
	case m.UpTo < m.From || m.Epoch < s.At.Epoch:
		s.Wrong("a frame runs backwards, from %d.%d to %d.%d", s.At.Epoch, m.From, m.Epoch, m.UpTo)
	}
	if m.View != nil {
		s.Views++
		s.fresh(m)
		return
	}
	if s.View == nil {
		s.Wrong("events before the first view")
		return
	}
	previous := m.From
	for _, raw := range m.Events {
		previous = s.event(m, raw, previous)
	}
	s.At = event.Position{Epoch: m.Epoch, Sequence: max(m.UpTo, s.At.Sequence)}
	session.Advance(s.View, s.At.Epoch, s.At.Sequence)
}

func (s *Screen) fresh(m *Message) {
	view := new(session.State)
	if err := json.Unmarshal(m.View, view); err != nil {
		s.Wrong("a view that can't be read: %v", err)
		return
	}
	s.View, s.At, s.Since = view, event.Position{Epoch: m.Epoch, Sequence: m.UpTo}, m.UpTo
}

// event takes the next copy of a frame into the view. It gives its sequence.
func (s *Screen) event(m *Message, raw json.RawMessage, previous int64) int64 {
	var c event.Copy
	if err := json.Unmarshal(raw, &c); err != nil {
		s.Wrong("an event after %d that can't be read: %v", previous, err)
		return previous
	}
	_, twice := s.Copies[c.Sequence]
	switch {
	case twice || c.Sequence <= s.Since:
		s.Doubled++
		s.Wrong("event %d %s came twice", c.Sequence, c.Type)
		return previous
	case c.Sequence <= previous || c.Sequence > m.UpTo:
		s.Wrong("event %d %s stands out of order in the frame from %d to %d", c.Sequence, c.Type, m.From, m.UpTo)
	}
	s.Events++
	s.Copies[c.Sequence] = raw
	session.Apply(s.View, c.Opened())
	return c.Sequence
}

// Wrong notes something that breaks the rules; the screen goes on, so that all of it is told at the end.
func (s *Screen) Wrong(format string, args ...any) {
	s.Wrongs = append(s.Wrongs, fmt.Sprintf(format, args...))
}
