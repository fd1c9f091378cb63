package gateway

import (
	"net/url"
	"slices"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// Summary is a class in a list.
type Summary struct {
	ID             event.ID    `json:"id"`
	LessonID       *event.ID   `json:"lessonId"`
	CourseID       *event.ID   `json:"courseId"`
	Status         string      `json:"status"`
	ScheduledStart event.Time  `json:"scheduledStart"`
	ScheduledEnd   event.Time  `json:"scheduledEnd"`
	StartedAt      *event.Time `json:"startedAt"`
	EndedAt        *event.Time `json:"endedAt"`
	HostIDs        []event.ID  `json:"hostIds"`
}

// SessionList is a page of classes, newest first.
type SessionList struct {
	Sessions []Summary `json:"sessions"`
	Next     *event.ID `json:"next"` // give it as before for the next page; null: there is no more
}

// StateAnswer is a fresh view.
type StateAnswer struct {
	View     View   `json:"view"`
	Position string `json:"position"`
}

func (g *Gateway) getSession(c *rest.Call) (any, error) {
	ctx := c.R.Context()
	m, err := g.member(ctx, c.Who, c.Session)
	if err != nil {
		return nil, err
	}
	if m.role == "" {
		return nil, fault.New(fault.NotFound, "There is no such class.") // whose classes there are is nobody else's business
	}
	var out Session
	err = g.o.Classes.Read(ctx, c.Who.TenantID, c.Session, func(s *session.State) error {
		out = sessionOf(s)
		return nil
	})
	return out, err
}

func (g *Gateway) getState(c *rest.Call) (any, error) {
	ctx := c.R.Context()
	m, err := g.member(ctx, c.Who, c.Session)
	if err != nil {
		return nil, err
	}
	if m.role == "" {
		return nil, m.inside()
	}
	var out StateAnswer
	err = g.o.Classes.Read(ctx, c.Who.TenantID, c.Session, func(s *session.State) (err error) {
		v := m.view(s, c.Who.UserID)
		out.Position = rest.PositionText(event.Position{Epoch: v.Epoch, Sequence: v.Sequence})
		out.View, err = event.Marshal(v)
		return err
	})
	return out, err
}

// listSessions shows those classes in which somebody has a role.
func (g *Gateway) listSessions(c *rest.Call) (any, error) {
	f, limit, err := sessionFilter(c.R.URL.Query())
	if err != nil {
		return nil, err
	}
	ctx := c.R.Context()
	out := SessionList{Sessions: []Summary{}}
	roles := map[event.ID]directory.Role{}
	for looked := 0; ; {
		page, err := g.o.Sessions.Sessions(ctx, c.Who.TenantID, f)
		if err != nil {
			return nil, err
		}
		for i := range page {
			s := &page[i]
			role, asked := roles[s.CourseID]
			if !asked {
				if role, err = g.o.Identity.RoleIn(ctx, c.Who, s.CourseID, nil); err != nil {
					return nil, err
				}
				roles[s.CourseID] = role
			}
			if role != "" || slices.Contains(s.HostIDs, c.Who.UserID) {
				out.Sessions = append(out.Sessions, summaryOf(s))
			}
			if looked++; len(out.Sessions) == limit || looked == limits.SessionScan {
				out.Next = &s.ID
				return out, nil
			}
		}
		if len(page) < f.Length() {
			return out, nil
		}
		f.Before = page[len(page)-1].ID
	}
}

func sessionFilter(q url.Values) (f eventlog.Filter, limit int, err error) {
	statuses := []string{session.Scheduled, session.Live, session.Halted, session.Ended, session.Cancelled, session.Archived}
	for _, status := range q["status"] {
		known := false
		for _, s := range statuses {
			known = known || s == status
		}
		if !known {
			return f, 0, fault.At(fault.InvalidField, "status", "There is no status %q.", status)
		}
		f.Statuses = append(f.Statuses, status)
	}
	for name, into := range map[string]interface{ UnmarshalText([]byte) error }{
		"from": &f.ScheduledFrom, "to": &f.ScheduledTo, "courseId": &f.CourseID, "lessonId": &f.LessonID, "before": &f.Before,
	} {
		if err := into.UnmarshalText([]byte(q.Get(name))); err != nil {
			return f, 0, fault.At(fault.InvalidField, name, "%s can't be read: %v.", name, err)
		}
	}
	f.Limit = limits.Table["page"].Max
	limit, err = rest.PageLength(q)
	return f, limit, err
}

func summaryOf(s *eventlog.Summary) Summary {
	return Summary{ID: s.ID, LessonID: idOrNull(s.LessonID), CourseID: idOrNull(s.CourseID), Status: s.Status, ScheduledStart: s.ScheduledStart,
		ScheduledEnd: s.ScheduledEnd, StartedAt: timeOrNull(s.StartedAt), EndedAt: timeOrNull(s.EndedAt), HostIDs: some(s.HostIDs)}
}
