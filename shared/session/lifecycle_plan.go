package session

import (
	"bytes"
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
)

const longestClass = event.Time(24 * 3_600_000)

// PlannedStaff gives somebody a role in the class whatever the course says.
type PlannedStaff struct {
	UserID event.ID `json:"userId"`
	Role   string   `json:"role" enum:"teacher,assistant"`
}

// PlannedChat is what a plan says of the chat; what is absent stays as it is (at first: open, private messages to staff).
type PlannedChat struct {
	Enabled     *bool     `json:"enabled,omitempty" optional:"true"`
	Hold        *bool     `json:"hold,omitempty" optional:"true"`
	SlowSeconds *int      `json:"slowSeconds,omitempty" optional:"true" limit:"slow_seconds"`
	Private     *string   `json:"private,omitempty" optional:"true" enum:"off,staff,all"`
	Words       *[]string `json:"words,omitempty" optional:"true" limit:"words"`
}

// SessionSchedule asks for session.scheduled.
type SessionSchedule struct {
	LessonID          event.ID         `json:"lessonId,omitzero" optional:"true"`
	CourseID          event.ID         `json:"courseId,omitzero" optional:"true"`
	Title             string           `json:"title" limit:"title"`
	ScheduledStart    event.Time       `json:"scheduledStart"`
	ScheduledEnd      event.Time       `json:"scheduledEnd"`
	Staff             []PlannedStaff   `json:"staff" limit:"plan_staff"`
	MediaPolicy       string           `json:"mediaPolicy,omitzero" optional:"true" enum:"required,optional"`
	Record            bool             `json:"record,omitzero" optional:"true"`
	Capacity          int              `json:"capacity,omitzero" optional:"true" limit:"capacity"`
	AssistantMayStart bool             `json:"assistantMayStart,omitzero" optional:"true"`
	AssistantMayEnd   bool             `json:"assistantMayEnd,omitzero" optional:"true"`
	Settings          *SessionSettings `json:"settings,omitempty" optional:"true"`
	Chat              *PlannedChat     `json:"chat,omitempty" optional:"true"`
	Destinations      []event.ID       `json:"destinations,omitempty" optional:"true" limit:"plan_destination"`
	JoinCode          string           `json:"joinCode,omitzero" optional:"true" limit:"join_code"`
	PlanRevision      int              `json:"planRevision,omitzero" optional:"true"`
}

// SessionReschedule asks for session.rescheduled; what is absent stays as it is. While the class runs only its join code can
// be changed or, by the empty one, taken back.
type SessionReschedule struct {
	LessonID          *event.ID        `json:"lessonId,omitempty" optional:"true"`
	CourseID          *event.ID        `json:"courseId,omitempty" optional:"true"`
	Title             *string          `json:"title,omitempty" optional:"true" limit:"title"`
	ScheduledStart    *event.Time      `json:"scheduledStart,omitempty" optional:"true"`
	ScheduledEnd      *event.Time      `json:"scheduledEnd,omitempty" optional:"true"`
	Staff             *[]PlannedStaff  `json:"staff,omitempty" optional:"true" limit:"plan_staff"`
	MediaPolicy       *string          `json:"mediaPolicy,omitempty" optional:"true" enum:"required,optional"`
	Record            *bool            `json:"record,omitempty" optional:"true"`
	Capacity          *int             `json:"capacity,omitempty" optional:"true" limit:"capacity"`
	AssistantMayStart *bool            `json:"assistantMayStart,omitempty" optional:"true"`
	AssistantMayEnd   *bool            `json:"assistantMayEnd,omitempty" optional:"true"`
	Settings          *SessionSettings `json:"settings,omitempty" optional:"true"`
	Chat              *PlannedChat     `json:"chat,omitempty" optional:"true"`
	Destinations      *[]event.ID      `json:"destinations,omitempty" optional:"true" limit:"plan_destination"`
	JoinCode          *string          `json:"joinCode,omitempty" optional:"true" limit:"join_code"`
	PlanRevision      int              `json:"planRevision,omitzero" optional:"true"`
}

// What a class is like where its plan says nothing.
var (
	defaultSettings = event.Settings{Visibility: "all", ScreenShare: "staff", Questions: true, Polls: true, Hands: true, Reactions: true, Captions: true}
	defaultChat     = event.ChatSettings{Enabled: true, Private: "staff"}
)

func decideSchedule(_ *State, _ *Command, p *SessionSchedule) ([]event.Fact, error) {
	plan := event.Plan{LessonID: p.LessonID, CourseID: p.CourseID, Title: event.Plain(p.Title),
		ScheduledStart: p.ScheduledStart, ScheduledEnd: p.ScheduledEnd, Staff: staffOf(p.Staff), MediaPolicy: "optional",
		Record: p.Record, Capacity: p.Capacity, AssistantMayStart: p.AssistantMayStart, AssistantMayEnd: p.AssistantMayEnd,
		Settings: p.Settings.over(defaultSettings), Chat: p.Chat.over(defaultChat), Destinations: p.Destinations, JoinCode: p.JoinCode}
	if p.MediaPolicy != "" {
		plan.MediaPolicy = p.MediaPolicy
	}
	var err error
	if plan.Chat.Words, err = p.Chat.words(Words{}); err != nil {
		return nil, err
	}
	if err := checkPlan(&plan); err != nil {
		return nil, err
	}
	return one(event.TypeSessionScheduled, &event.SessionScheduled{Plan: plan, PlanRevision: p.PlanRevision})
}

func decideReschedule(s *State, _ *Command, p *SessionReschedule) ([]event.Fact, error) {
	if s.Life.Status != Scheduled && (p.JoinCode == nil || *p != SessionReschedule{JoinCode: p.JoinCode}) {
		return nil, shutDuring(s, before)
	}
	plan := s.Life.Plan
	plan.JoinCode, plan.Destinations = s.Desk.JoinCode, s.Desk.Planned
	plan.Settings, plan.Chat = s.Settings, s.ChatRules // they may have been changed since the plan was made
	plan.Chat.Words = s.Desk.Words
	was := plan
	plan.Settings, plan.Chat = p.Settings.over(plan.Settings), p.Chat.over(plan.Chat)
	var err error
	if plan.Chat.Words, err = p.Chat.words(was.Chat.Words); err != nil {
		return nil, err
	}
	if p.Title != nil {
		plan.Title = event.Plain(*p.Title)
	}
	if p.Staff != nil {
		plan.Staff = staffOf(*p.Staff)
	}
	set(&plan.LessonID, p.LessonID)
	set(&plan.CourseID, p.CourseID)
	set(&plan.ScheduledStart, p.ScheduledStart)
	set(&plan.ScheduledEnd, p.ScheduledEnd)
	set(&plan.MediaPolicy, p.MediaPolicy)
	set(&plan.Record, p.Record)
	set(&plan.Capacity, p.Capacity)
	set(&plan.AssistantMayStart, p.AssistantMayStart)
	set(&plan.AssistantMayEnd, p.AssistantMayEnd)
	set(&plan.Destinations, p.Destinations)
	set(&plan.JoinCode, p.JoinCode)
	if plan.Title.Erased && s.Life.Status != Scheduled {
		plan.Title = event.Text{} // a running class gets no new title, and its door must not stay open for that
	}
	if plan.Title.Erased {
		return nil, fault.At(fault.InvalidField, "title", "Who gave this class its title was erased. Give it a new title along with the change.")
	}
	if err := checkPlan(&plan); err != nil {
		return nil, err
	}
	if p.PlanRevision == 0 && samePlan(&plan, &was) {
		return nil, nil
	}
	return one(event.TypeSessionRescheduled, &event.SessionRescheduled{Plan: plan, PlanRevision: p.PlanRevision})
}

func samePlan(a, b *event.Plan) bool {
	x, errX := event.CanonicalJSON(a)
	y, errY := event.CanonicalJSON(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// checkPlan refuses what no class can be held by.
func checkPlan(p *event.Plan) error {
	switch {
	case p.ScheduledStart <= 0 || p.ScheduledEnd <= p.ScheduledStart:
		return fault.At(fault.InvalidField, "scheduledEnd", "A class must end after it starts. Nothing was planned; correct the times.")
	case p.ScheduledEnd-p.ScheduledStart > longestClass:
		return fault.At(fault.InvalidField, "scheduledEnd", "A class may be planned for 24 hours at most. Nothing was planned; correct the times or plan several.")
	case !slices.ContainsFunc(p.Staff, func(m event.StaffMember) bool { return m.Role == "teacher" }):
		return fault.At(fault.InvalidField, "staff", "A class needs a teacher. Nothing was planned; name one in its staff.")
	}
	for i, m := range p.Staff {
		twice := slices.ContainsFunc(p.Staff[:i], func(o event.StaffMember) bool { return o.UserID == m.UserID })
		if twice || m.UserID.IsZero() || m.Role != "teacher" && m.Role != "assistant" {
			return fault.At(fault.InvalidField, "staff", "Each of the staff must be named once, as teacher or assistant. Nothing was planned; correct the list.")
		}
	}
	return nil
}

func staffOf(list []PlannedStaff) []event.StaffMember {
	out := make([]event.StaffMember, 0, len(list))
	for _, m := range list {
		out = append(out, event.StaffMember(m))
	}
	return out
}

// set changes a value where a new one is given.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (p *PlannedChat) over(c event.ChatSettings) event.ChatSettings {
	if p != nil {
		set(&c.Enabled, p.Enabled)
		set(&c.Hold, p.Hold)
		set(&c.SlowSeconds, p.SlowSeconds)
		set(&c.Private, p.Private)
	}
	return c
}

// words gives those of the filter: the plan's, or what it was before.
func (p *PlannedChat) words(before Words) (Words, error) {
	if p == nil || p.Words == nil {
		return before, nil
	}
	return filterWords("chat.words", *p.Words)
}
