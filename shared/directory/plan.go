package directory

import "multistream/shared/event"

// Plan is what a class is planned to be: the hub's word, with a revision, until its home edge adopts it as
// session.scheduled, key = plan and revision.
type Plan struct {
	TenantID       event.ID
	SessionID      event.ID
	Revision       int64    // from 1
	LessonID       event.ID // may be absent
	HomeEdgeID     event.ID // may be absent: no box is chosen yet
	ScheduledStart event.Time
	ScheduledEnd   event.Time
	Settings       []byte // JSON of session.SessionSchedule, complete: what is absent in it is so on purpose
	Withdrawn      bool
}
