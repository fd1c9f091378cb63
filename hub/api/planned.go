package api

import (
	"slices"

	"multistream/shared/access"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// planned has the rules of classes say what a command makes of a plan: what the hub plans is what its edge would accept.
func planned(s *session.State, c session.Command) (event.Plan, error) {
	c.Actor.Role = access.Teacher
	facts, err := session.Decide(s, c)
	if err != nil {
		return event.Plan{}, err
	}
	for _, f := range facts {
		switch p := f.Payload.(type) {
		case *event.SessionScheduled:
			return withoutCode(p.Plan)
		case *event.SessionRescheduled:
			return withoutCode(p.Plan)
		}
	}
	return event.Plan{}, fault.New(fault.Internal, "The rules made no plan of it. Nothing was changed.")
}

// withoutCode refuses a join code: only the box that holds a class knows which are free.
func withoutCode(p event.Plan) (event.Plan, error) {
	if p.JoinCode != "" {
		return p, fault.At(fault.InvalidField, "joinCode", "A join code is set at the box that holds the class. Nothing was planned; leave it out.")
	}
	return p, nil
}

// stateOf folds a stored plan.
func stateOf(p *directory.Plan) (*session.State, error) {
	settings, err := settingsOf(p)
	if err != nil {
		return nil, err
	}
	s := session.New(p.SessionID)
	plan, err := planned(s, session.Command{Type: "session.schedule", Payload: settings})
	if err != nil {
		return nil, err
	}
	session.Apply(s, event.Opened{Type: event.TypeSessionScheduled, Version: 1, Epoch: 1, Sequence: 1, Payload: &event.SessionScheduled{Plan: plan, PlanRevision: int(p.Revision)}})
	return s, nil
}

// fill puts a plan into its stored form, which is the command that its edge will be given.
func fill(p *directory.Plan, plan event.Plan) error {
	b, err := event.Marshal(asCommand(&plan, int(p.Revision)))
	p.LessonID, p.ScheduledStart, p.ScheduledEnd, p.Settings = plan.LessonID, plan.ScheduledStart, plan.ScheduledEnd, b
	return err
}

// asCommand is the command that schedules exactly this plan.
func asCommand(p *event.Plan, revision int) *session.SessionSchedule {
	set, chat, words := p.Settings, p.Chat, slices.Clone(p.Chat.Words.V)
	out := &session.SessionSchedule{LessonID: p.LessonID, CourseID: p.CourseID, Title: p.Title.V, ScheduledStart: p.ScheduledStart, ScheduledEnd: p.ScheduledEnd,
		MediaPolicy: p.MediaPolicy, Record: p.Record, Capacity: p.Capacity, AssistantMayStart: p.AssistantMayStart, AssistantMayEnd: p.AssistantMayEnd,
		Destinations: p.Destinations, PlanRevision: revision,
		Settings: &session.SessionSettings{WaitingRoom: &set.WaitingRoom, Visibility: &set.Visibility, ScreenShare: &set.ScreenShare, Questions: &set.Questions,
			Polls: &set.Polls, Hands: &set.Hands, Reactions: &set.Reactions, Captions: &set.Captions},
		Chat: &session.PlannedChat{Enabled: &chat.Enabled, Hold: &chat.Hold, SlowSeconds: &chat.SlowSeconds, Private: &chat.Private}}
	if len(words) > 0 {
		out.Chat.Words = &words
	}
	for _, m := range p.Staff {
		out.Staff = append(out.Staff, session.PlannedStaff(m))
	}
	return out
}

// conflicts lists the classes that are planned for the same time with some of the same staff.
func conflicts(e PlanEditor, p *directory.Plan) ([]Conflict, error) {
	out := []Conflict{}
	if p.Withdrawn {
		return out, nil
	}
	mine, err := settingsOf(p)
	if err != nil {
		return nil, err
	}
	others, err := e.PlansBetween(p.ScheduledStart, p.ScheduledEnd)
	if err != nil {
		return nil, err
	}
	for i := range others {
		if others[i].SessionID == p.SessionID {
			continue
		}
		theirs, err := settingsOf(&others[i])
		if err != nil {
			return nil, err
		}
		c := Conflict{SessionID: others[i].SessionID}
		for _, m := range mine.Staff {
			if slices.ContainsFunc(theirs.Staff, func(o session.PlannedStaff) bool { return o.UserID == m.UserID }) {
				c.UserIDs = append(c.UserIDs, m.UserID)
			}
		}
		if len(c.UserIDs) > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}
