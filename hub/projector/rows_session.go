package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

// IDs is a list of ids as a value of a column.
type IDs []event.ID

var sessionRules = map[string]rule{
	event.TypeSessionScheduled:   planned,
	event.TypeSessionRescheduled: planned,
	event.TypeSessionCancelled:   lived,
	event.TypeSessionStarted:     lived,
	event.TypeSessionEnded:       lived,
	event.TypeSessionHalted:      lived,
	event.TypeSessionResumed:     lived,
	event.TypeSessionArchived:    lived,
	event.TypeSessionTransferred: moved,
}

// planned is the row of a class by its plan. Its hosts are those whom the plan names as teachers.
func planned(s *session.State, e *Event) []Change {
	p, hosts := &s.Life.Plan, IDs{}
	for _, m := range p.Staff {
		if m.Role == "teacher" {
			hosts = append(hosts, m.UserID)
		}
	}
	set := text("title", "title_erased", p.Title).and(Columns{"lesson_id": p.LessonID, "course_id": p.CourseID, "scheduled_at": p.ScheduledStart,
		"scheduled_end": p.ScheduledEnd, "media_policy": p.MediaPolicy, "hosts": hosts})
	out := append(lived(s, e), Change{Table: Sessions, Set: set})
	if e.Type == event.TypeSessionScheduled {
		out = append(out, moved(s, e)...)
	}
	return out
}

// lived is the row of a class by what has become of it.
func lived(s *session.State, _ *Event) []Change {
	return []Change{{Table: Sessions, Set: Columns{"status": s.Life.Status, "started_at": s.Life.StartedAt, "ended_at": s.Life.EndedAt}}}
}

// moved tells which edge has the class.
func moved(_ *session.State, e *Event) []Change {
	return []Change{{Table: Sessions, Set: Columns{"home_edge_id": e.EdgeID}}}
}
