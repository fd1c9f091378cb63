package eventlog

import (
	"slices"

	"multistream/shared/event"
)

// Most sessions that one list gives, and how many it gives when not told.
const (
	MaxSessions     = 1000
	DefaultSessions = 200
)

// Filter chooses sessions of a list; a zero field chooses all. Lists are in order of id, newest first.
type Filter struct {
	Statuses      []string
	LessonID      event.ID
	CourseID      event.ID
	HostID        event.ID // one of Summary.HostIDs
	JoinCode      string
	ScheduledFrom event.Time // ScheduledStart at or after
	ScheduledTo   event.Time // ScheduledStart before
	Before        event.ID   // only ids lower than this one: the last id of the page before
	Limit         int        // 0: DefaultSessions; never more than MaxSessions
}

// Matches tells whether s belongs to the list, apart from its length.
func (f Filter) Matches(s *Summary) bool {
	switch {
	case len(f.Statuses) > 0 && !slices.Contains(f.Statuses, s.Status),
		!f.LessonID.IsZero() && s.LessonID != f.LessonID,
		!f.CourseID.IsZero() && s.CourseID != f.CourseID,
		!f.HostID.IsZero() && !slices.Contains(s.HostIDs, f.HostID),
		f.JoinCode != "" && s.JoinCode != f.JoinCode,
		f.ScheduledFrom != 0 && s.ScheduledStart < f.ScheduledFrom,
		f.ScheduledTo != 0 && s.ScheduledStart >= f.ScheduledTo,
		!f.Before.IsZero() && slices.Compare(s.ID[:], f.Before[:]) >= 0:
		return false
	}
	return true
}

// Length is how many sessions the list may have.
func (f Filter) Length() int {
	if f.Limit <= 0 {
		return DefaultSessions
	}
	return min(f.Limit, MaxSessions)
}

// OverStatuses are those of a session that was held and is over: its end is signed.
var OverStatuses = []string{"ended", "archived"}

// LiveStatuses are those of a session whose owner must take it up again after a restart.
var LiveStatuses = []string{"live", "halted", "ending"}
