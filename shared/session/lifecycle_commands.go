package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

var lifecycleCommands = map[string]*CommandType{
	"session.schedule":   command(LaneStudio, "", decideSchedule),
	"session.reschedule": command(LaneStudio, "", decideReschedule),
	"session.cancel":     command(LaneStudio, "", decideCancel),
	"session.start":      command(LaneStudio, "", decideStart),
	"session.end":        command(LaneStudio, "", decideEnd),
	"session.undo_end":   command(LaneStudio, "", decideUndoEnd),
	"session.end_now":    command(LaneStudio, "", decideEndNow),
	"session.halt":       command(LaneStudio, "", decideHalt),
	"session.resume":     command(LaneStudio, "", decideResume),
	"session.archive":    command(LaneStudio, "", decideArchive),
	"session.transfer":   command(LaneStudio, "", decideTransfer),
	"session.lock":       command(LaneStudio, "", decideLock),
	"session.unlock":     command(LaneStudio, "", decideUnlock),
	"session.settings":   command(LaneStudio, "", decideSettings),
	"feature.degrade":    command(LaneStudio, "", decideFeatureDegrade),
	"feature.restore":    command(LaneStudio, "", decideFeatureRestore),
	"exam.start":         command(LaneStudio, "", decideExamStart),
	"exam.end":           command(LaneStudio, "", decideExamEnd),
	"exam.focus":         command(LaneInteraction, "", decideExamFocus),
	"cta.show":           command(LaneStudio, "", decideCTAShow),
	"cta.hide":           command(LaneStudio, "", decideCTAHide),
}

// SessionCancel asks for session.cancelled.
type SessionCancel struct {
	Reason string `json:"reason,omitzero" optional:"true" limit:"reason"`
}

// SessionStart asks for session.started. The gates (identity, log, media, recorder) are checked before.
type SessionStart struct{}

// SessionEnd asks for session.ending; the end follows after limits.EndingMillis unless it is undone.
type SessionEnd struct{}

// SessionUndoEnd asks for session.ending.undone.
type SessionUndoEnd struct{}

// SessionEndNow is the owner's: the announced time has come.
type SessionEndNow struct{}

// SessionArchive asks for session.archived.
type SessionArchive struct{}

// SessionLock asks for session.locked.
type SessionLock struct{}

// SessionUnlock asks for session.unlocked.
type SessionUnlock struct{}

func decideCancel(_ *State, c *Command, p *SessionCancel) ([]event.Fact, error) {
	return one(event.TypeSessionCancelled, &event.SessionCancelled{CancelledAt: c.Now, ActorUserID: c.Author(), Reason: event.Plain(p.Reason)})
}

// decideStart also sees to it that the stage is never empty: without a scene of the plan there is a first one.
func decideStart(s *State, c *Command, _ *SessionStart) ([]event.Fact, error) {
	if c.Actor.Role == "assistant" && !s.Life.Plan.AssistantMayStart {
		return refuse(fault.Forbidden, "Assistants may not start this class. Ask its teacher to start it, or to allow it in the plan.")
	}
	if s.Life.Status == Live {
		return nil, nil
	}
	facts := []event.Fact{{Type: event.TypeSessionStarted, Payload: &event.SessionStarted{StartedAt: c.Now, ActorUserID: c.Author()}}}
	first, layout := c.newID(s, 0), event.Layout{Name: "title"}
	if len(s.Studio.Scenes) > 0 {
		first, layout = s.Studio.Scenes[0].SceneID, s.Studio.Scenes[0].Layout
	} else {
		facts = append(facts, event.Fact{Type: event.TypeSceneCreated,
			Payload: &event.SceneCreated{SceneID: first, Name: event.Plain("Welcome"), Layout: layout}})
	}
	if s.Studio.Current.IsZero() {
		facts = append(facts, event.Fact{Type: event.TypeSceneChanged, Payload: &event.SceneChanged{SceneID: first, Layout: layout}})
	}
	return facts, nil
}

// mayEnd tells whether the actor may end the class and take the end back.
func mayEnd(s *State, c *Command) bool {
	return c.Actor.System || c.Actor.Role == "teacher" || c.Actor.Role == "admin" ||
		c.Actor.Role == "assistant" && s.Life.Plan.AssistantMayEnd || s.Granted(c.Actor.UserID, GrantEnd)
}

func decideEnd(s *State, c *Command, _ *SessionEnd) ([]event.Fact, error) {
	if !mayEnd(s, c) {
		return refuse(fault.Forbidden, "You may not end this class. It goes on; ask its teacher to end it, or to allow it to you.")
	}
	if s.Life.EndsAt != 0 {
		return nil, nil
	}
	return one(event.TypeSessionEnding, &event.SessionEnding{EndsAt: c.Now + limits.EndingMillis, ActorUserID: c.Author()})
}

func decideUndoEnd(s *State, c *Command, _ *SessionUndoEnd) ([]event.Fact, error) {
	switch {
	case !mayEnd(s, c):
		return refuse(fault.Forbidden, "You may not take the end of this class back. Ask its teacher.")
	case s.Life.EndsAt == 0:
		return refuse(fault.WrongState, "The class is not ending; there is nothing to take back.")
	case c.Now >= s.Life.EndsAt:
		return refuse(fault.SessionEnded, "The time to take the end back is over: the class has ended. All of it is kept; schedule another one to go on.")
	}
	return one(event.TypeSessionEndingUndone, &event.SessionEndingUndone{ActorUserID: c.Author()})
}

func decideEndNow(s *State, c *Command, _ *SessionEndNow) ([]event.Fact, error) {
	if !c.Actor.System {
		return refuse(fault.Forbidden, "A class ends some seconds after its end was asked for. Ask for the end.")
	}
	if s.Life.EndsAt == 0 || c.Now < s.Life.EndsAt {
		return refuse(fault.WrongState, "The end of this class is not due.")
	}
	return append(closeOpenPolls(s), event.Fact{Type: event.TypeSessionEnded,
		Payload: &event.SessionEnded{EndedAt: c.Now, ActorUserID: s.Life.EndingBy}}), nil
}

func decideArchive(s *State, c *Command, _ *SessionArchive) ([]event.Fact, error) {
	switch s.Life.Status {
	case Archived:
		return nil, nil
	case Cancelled:
		return refuse(fault.SessionCancelled, "A class that was cancelled can't be put away; nothing of it is left to keep.")
	}
	return one(event.TypeSessionArchived, &event.SessionArchived{ArchivedAt: c.Now, ActorUserID: c.Author()})
}

func decideLock(s *State, c *Command, _ *SessionLock) ([]event.Fact, error) {
	if s.Life.Locked {
		return nil, nil
	}
	return one(event.TypeSessionLocked, &event.SessionLocked{ActorUserID: c.Author()})
}

func decideUnlock(s *State, c *Command, _ *SessionUnlock) ([]event.Fact, error) {
	if !s.Life.Locked {
		return nil, nil
	}
	return one(event.TypeSessionUnlocked, &event.SessionUnlocked{ActorUserID: c.Author()})
}
