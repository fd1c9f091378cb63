package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"multistream/shared/access"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// Session is a class as the hub knows it: by its plan until an edge has it, then by its log.
type Session struct {
	ID             event.ID    `json:"id"`
	LessonID       *event.ID   `json:"lessonId"`
	CourseID       *event.ID   `json:"courseId"`
	Title          event.Text  `json:"title"`
	Status         string      `json:"status" enum:"scheduled,live,halted,ended,cancelled,archived"`
	ScheduledStart event.Time  `json:"scheduledStart"`
	ScheduledEnd   event.Time  `json:"scheduledEnd"`
	StartedAt      *event.Time `json:"startedAt"`
	EndedAt        *event.Time `json:"endedAt"`
	PlanRevision   int64       `json:"planRevision"` // 0: an edge planned it by itself
	HomeEdgeID     *event.ID   `json:"homeEdgeId"`
	Adopted        bool        `json:"adopted"`   // its edge has it: it is the one to ask
	Conflicts      []Conflict  `json:"conflicts"` // told where a plan is made or changed
}

// Conflict is another class that is planned for the same time with some of the same staff.
type Conflict struct {
	SessionID event.ID   `json:"sessionId"`
	UserIDs   []event.ID `json:"userIds"`
}

// SessionList is a page of classes, newest first.
type SessionList struct {
	Sessions []Session `json:"sessions"`
	Next     *event.ID `json:"next"` // give it as before for the next page; null: there is no more
}

// sessionOf shows a class.
func sessionOf(c *Class) (Session, error) {
	out := Session{ID: c.ID, PlanRevision: c.Plan.Revision, HomeEdgeID: idOrNull(c.Plan.HomeEdgeID), Conflicts: []Conflict{}}
	if l := &c.Log; l.Status != "" {
		out.Adopted, out.Title, out.Status = true, c.Title, l.Status
		out.LessonID, out.CourseID, out.ScheduledStart, out.ScheduledEnd = idOrNull(l.LessonID), idOrNull(l.CourseID), l.ScheduledStart, l.ScheduledEnd
		out.StartedAt, out.EndedAt = timeOrNull(l.StartedAt), timeOrNull(l.EndedAt)
		if !c.Home.IsZero() {
			out.HomeEdgeID = &c.Home
		}
		return out, nil
	}
	p, err := settingsOf(&c.Plan)
	if err != nil {
		return out, err
	}
	out.LessonID, out.CourseID, out.Title, out.Status = idOrNull(p.LessonID), idOrNull(p.CourseID), event.Plain(p.Title), session.Scheduled
	out.ScheduledStart, out.ScheduledEnd = c.Plan.ScheduledStart, c.Plan.ScheduledEnd
	if c.Plan.Withdrawn {
		out.Status = session.Cancelled
	}
	return out, nil
}

// settingsOf reads a stored plan.
func settingsOf(p *directory.Plan) (*session.SessionSchedule, error) {
	s := new(session.SessionSchedule)
	if len(p.Settings) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(p.Settings, s); err != nil {
		return nil, fmt.Errorf("plan of class %s, revision %d: %w: %w", p.SessionID, p.Revision, eventlog.ErrDamaged, err)
	}
	return s, nil
}

// roleIn is what somebody is in a class: by its plan, their enrolment, or as an administrator; "" for nobody.
func (a *API) roleIn(c *rest.Call, class *Class) (string, error) {
	p, err := settingsOf(&class.Plan)
	if err != nil {
		return "", err
	}
	hosts := slices.Clone(class.Log.HostIDs)
	for _, m := range p.Staff {
		if m.Role == access.Teacher {
			hosts = append(hosts, m.UserID)
		}
	}
	course := p.CourseID
	if class.Log.Status != "" {
		course = class.Log.CourseID
	}
	role, err := a.o.Identity.RoleIn(c.R.Context(), c.Who, course, hosts)
	if err != nil || role == access.Teacher {
		return string(role), err
	}
	if slices.ContainsFunc(p.Staff, func(m session.PlannedStaff) bool { return m.UserID == c.Who.UserID }) {
		return access.Assistant, nil
	}
	return string(role), nil
}

// class finds the class of a call with the caller's role in it. Whose classes there are is nobody else's business.
func (a *API) class(c *rest.Call) (Class, string, error) {
	class, ok, err := a.o.Schedule.Class(c.R.Context(), c.Who.TenantID, c.Session)
	if err != nil {
		return class, "", err
	}
	role := ""
	if ok {
		if role, err = a.roleIn(c, &class); err != nil {
			return class, "", err
		}
	}
	if role == "" {
		return class, "", fault.New(fault.NotFound, "There is no such class.")
	}
	return class, role, nil
}

func (a *API) getSession(c *rest.Call) (any, error) {
	class, _, err := a.class(c)
	if err != nil {
		return nil, err
	}
	return sessionOf(&class)
}

// listSessions shows those classes in which somebody has a role.
func (a *API) listSessions(c *rest.Call) (any, error) {
	f, limit, err := sessionFilter(c.R.URL.Query())
	if err != nil {
		return nil, err
	}
	out := SessionList{Sessions: []Session{}}
	for looked := 0; ; {
		page, err := a.o.Schedule.Classes(c.R.Context(), c.Who.TenantID, f)
		if err != nil {
			return nil, err
		}
		for i := range page {
			role, err := a.roleIn(c, &page[i])
			if err != nil {
				return nil, err
			}
			if role != "" {
				s, err := sessionOf(&page[i])
				if err != nil {
					return nil, err
				}
				out.Sessions = append(out.Sessions, s)
			}
			if looked++; len(out.Sessions) == limit || looked == limits.SessionScan {
				out.Next = &page[i].ID
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
	for _, status := range q["status"] {
		if !slices.Contains(statuses, status) {
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

func idOrNull(id event.ID) *event.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}

func timeOrNull(t event.Time) *event.Time {
	if t == 0 {
		return nil
	}
	return &t
}
