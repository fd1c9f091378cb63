package session

import (
	"slices"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

func ptr[T any](v T) *T { return &v }

func TestSchedule(t *testing.T) {
	bad := map[string]func(*SessionSchedule){
		"no teacher":        func(p *SessionSchedule) { p.Staff = p.Staff[1:] },
		"no staff":          func(p *SessionSchedule) { p.Staff = nil },
		"somebody twice":    func(p *SessionSchedule) { p.Staff = append(p.Staff, p.Staff[0]) },
		"a nameless one":    func(p *SessionSchedule) { p.Staff[1].UserID = event.ID{} },
		"a student":         func(p *SessionSchedule) { p.Staff[1].Role = "student" },
		"end at the start":  func(p *SessionSchedule) { p.ScheduledEnd = p.ScheduledStart },
		"end before start":  func(p *SessionSchedule) { p.ScheduledEnd = p.ScheduledStart - 1 },
		"longer than a day": func(p *SessionSchedule) { p.ScheduledEnd = p.ScheduledStart + 24*3_600_000 + 1 },
		"no start":          func(p *SessionSchedule) { p.ScheduledStart = 0 },
		"a word of blanks":  func(p *SessionSchedule) { p.Chat = &PlannedChat{Words: ptr([]string{" "})} },
		"a long word":       func(p *SessionSchedule) { p.Chat = &PlannedChat{Words: ptr([]string{strings.Repeat("x", 61)})} },
	}
	for name, change := range bad {
		t.Run(name, func(t *testing.T) {
			p := testPlan()
			change(p)
			newClass(t).refused(fault.InvalidField, teacher(), "session.schedule", p)
		})
	}
	c := newClass(t)
	p := testPlan()
	p.ScheduledEnd = p.ScheduledStart + 24*3_600_000
	c.do(teacher(), "session.schedule", p)
	if c.s.Settings != defaultSettings || c.s.ChatRules.Private != "staff" || c.s.Life.Plan.MediaPolicy != "optional" {
		t.Errorf("defaults: %+v %+v %s", c.s.Settings, c.s.ChatRules, c.s.Life.Plan.MediaPolicy)
	}
	c.refused(fault.WrongState, teacher(), "session.schedule", testPlan())
	c.finish()
}

// TestPlanSecrets: the word filter, the join code and the destinations of a plan are for staff.
func TestPlanSecrets(t *testing.T) {
	c := newClass(t)
	p := testPlan()
	p.JoinCode, p.Destinations, p.Chat = "4711", []event.ID{who("YouTube")}, &PlannedChat{Words: ptr([]string{"darn"}), Hold: ptr(true)}
	c.do(teacher(), "session.schedule", p)
	c.join(teacher())
	c.join(student("Sam"))
	c.do(teacher(), "session.reschedule", &SessionReschedule{Title: ptr("Decimals")})
	if d := c.s.Desk; d.JoinCode != "4711" || !slices.Equal(d.Words.V, []string{"darn"}) || !slices.Equal(d.Planned, p.Destinations) {
		t.Errorf("after a change of the title the desk has %+v", d)
	}
	if !c.s.ChatRules.Hold || c.s.Life.Plan.Title.V != "Decimals" {
		t.Errorf("after a change of the title: %+v, %s", c.s.ChatRules, c.s.Life.Plan.Title.V)
	}
	e := c.events[len(c.events)-1]
	d := Deliver(c.s, &e)
	for _, got := range []any{d.Lobby, d.Members} {
		plan := got.(*event.SessionRescheduled).Plan
		if plan.JoinCode != "" || plan.Destinations != nil || !plan.Chat.Words.IsZero() {
			t.Errorf("told to all: %+v", plan)
		}
	}
	c.do(teacher(), "session.start", nil)
	c.join(student("Sam"))
	for _, secret := range []string{"darn", "4711", who("YouTube").String()} {
		if strings.Contains(string(asJSON(t, View(c.s, who("Sam")))), secret) {
			t.Errorf("Sam's view contains %q", secret)
		}
	}
	c.finish()
}

func TestReschedule(t *testing.T) {
	c := newClass(t)
	c.refused(fault.NotFound, teacher(), "session.reschedule", nil)
	c.do(teacher(), "session.schedule", testPlan())
	c.noop(teacher(), "session.reschedule", nil)
	c.noop(teacher(), "session.reschedule", &SessionReschedule{Title: ptr("Fractions"), Settings: &SessionSettings{Polls: ptr(true)}})
	c.refused(fault.InvalidField, teacher(), "session.reschedule", &SessionReschedule{ScheduledEnd: ptr(testStart - 1)})
	c.refused(fault.InvalidField, teacher(), "session.reschedule", &SessionReschedule{Staff: ptr([]PlannedStaff{})})
	c.refused(fault.InvalidField, teacher(), "session.reschedule", &SessionReschedule{Chat: &PlannedChat{Words: ptr([]string{"?"})}})
	c.do(assistant("Ann"), "session.settings", &SessionSettings{Polls: ptr(false)})
	c.do(teacher(), "session.reschedule", &SessionReschedule{Capacity: ptr(30), Settings: &SessionSettings{WaitingRoom: ptr(true)}})
	if s := c.s.Settings; s.Polls || !s.WaitingRoom || c.s.Life.Plan.Capacity != 30 || len(c.s.Life.Plan.Staff) != 2 {
		t.Errorf("what was not named changed: %+v %+v", s, c.s.Life.Plan)
	}
	c.do(teacher(), "session.reschedule", &SessionReschedule{PlanRevision: 3})
	c.do(teacher(), "session.start", nil)
	c.refused(fault.AlreadyStarted, teacher(), "session.reschedule", &SessionReschedule{Capacity: ptr(3)})
	c.refused(fault.AlreadyStarted, teacher(), "session.cancel", nil)
	c.finish()
}

// TestJoinCodeOfRunningClass: while a class runs its code can be changed and taken back, and nothing else of its plan; what
// was switched since stays as it is, and only staff learn the code.
func TestJoinCodeOfRunningClass(t *testing.T) {
	c := newClass(t)
	c.do(teacher(), "session.schedule", testPlan())
	c.do(teacher(), "session.start", nil)
	c.join(student("Sam"))
	c.do(teacher(), "session.settings", &SessionSettings{Polls: ptr(false)})
	e := c.do(teacher(), "session.reschedule", &SessionReschedule{JoinCode: ptr("K7P2QX")})[0]
	c.noop(teacher(), "session.reschedule", &SessionReschedule{JoinCode: ptr("K7P2QX")})
	if c.s.Desk.JoinCode != "K7P2QX" || c.s.Settings.Polls || c.s.Life.Status != Live {
		t.Errorf("after the code was set: %+v, code %q", c.s.Life, c.s.Desk.JoinCode)
	}
	d := Deliver(c.s, &e)
	if got := d.For(&e, who("Sam"), StandingMember).Payload.(*event.SessionRescheduled); got.JoinCode != "" {
		t.Errorf("a student was told the code %q", got.JoinCode)
	}
	c.refused(fault.AlreadyStarted, teacher(), "session.reschedule", &SessionReschedule{JoinCode: ptr("K7P2QY"), Capacity: ptr(3)})
	c.refused(fault.AlreadyStarted, teacher(), "session.reschedule", nil)
	c.s.Life.Plan.Title = event.Text{Erased: true}
	c.do(teacher(), "session.reschedule", &SessionReschedule{JoinCode: ptr("")})
	if c.s.Desk.JoinCode != "" {
		t.Errorf("after it was taken back the code is %q", c.s.Desk.JoinCode)
	}
}

// TestErasedTitle: a plan whose author was erased can be changed once it gets a new title.
func TestErasedTitle(t *testing.T) {
	c := newClass(t)
	c.do(teacher(), "session.schedule", testPlan())
	c.s.Life.Plan.Title = event.Text{Erased: true}
	c.refused(fault.InvalidField, teacher(), "session.reschedule", &SessionReschedule{Capacity: ptr(3)})
	c.do(teacher(), "session.reschedule", &SessionReschedule{Capacity: ptr(3), Title: ptr("New")})
}

func TestCancel(t *testing.T) {
	c := newClass(t)
	c.refused(fault.NotFound, teacher(), "session.cancel", nil)
	c.do(teacher(), "session.schedule", testPlan())
	c.join(teacher())
	c.join(student("Sam"))
	c.do(teacher(), "session.cancel", &SessionCancel{Reason: "snow"})
	if standing, _ := StandingOf(c.s, who("Tess")); standing != StandingOut || len(c.s.Desk.Waiting) != 0 {
		t.Errorf("after the cancelling Tess is %s, %d wait", standing, len(c.s.Desk.Waiting))
	}
	c.refused(fault.SessionCancelled, teacher(), "session.start", nil)
	c.refused(fault.SessionCancelled, student("Sam"), "participant.join", nil)
	c.refused(fault.SessionCancelled, teacher(), "session.archive", nil)
	c.finish()
}
