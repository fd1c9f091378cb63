package session

import (
	"multistream/shared/event"
	"multistream/shared/limits"
)

// addMark puts a point on the timeline, at the place of e.
func addMark(s *State, e *event.Opened, m Mark) {
	m.Sequence, m.At = e.Sequence, e.CreatedAt
	s.Timeline = keep(append(s.Timeline, m), limits.MarkWindow)
}
