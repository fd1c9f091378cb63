package session

import (
	"multistream/shared/event"
)

var lifecycleAppliers = map[string]applier{
	event.TypeSessionScheduled:    on(applyScheduled),
	event.TypeSessionRescheduled:  on(applyRescheduled),
	event.TypeSessionCancelled:    on(applyCancelled),
	event.TypeSessionStarted:      on(applyStarted),
	event.TypeSessionEnding:       on(applyEnding),
	event.TypeSessionEndingUndone: on(applyEndingUndone),
	event.TypeSessionEnded:        on(applyEnded),
	event.TypeSessionHalted:       on(applyHalted),
	event.TypeSessionResumed:      on(applyResumed),
	event.TypeSessionArchived:     on(applyArchived),
	event.TypeSessionTransferred:  on(applyTransferred),
	event.TypeSessionLocked:       on(applyLocked),
	event.TypeSessionUnlocked:     on(applyUnlocked),
	event.TypeSettingsChanged:     on(applySettings),
	event.TypeFeatureDegraded:     on(applyFeatureDegraded),
	event.TypeFeatureRestored:     on(applyFeatureRestored),
	event.TypeExamStarted:         on(applyExamStarted),
	event.TypeExamEnded:           on(applyExamEnded),
	event.TypeExamFocusChanged:    on(applyExamFocus),
	event.TypeCTAShown:            on(applyCTAShown),
	event.TypeCTAHidden:           on(applyCTAHidden),
}

func applyScheduled(s *State, e *event.Opened, p *event.SessionScheduled) {
	s.Life.Status = Scheduled
	s.plan(e, p.Plan)
}

func applyRescheduled(s *State, e *event.Opened, p *event.SessionRescheduled) { s.plan(e, p.Plan) }

// plan puts what only staff may know of a plan on the desk, so that the rest can be shown to everybody.
func (s *State) plan(e *event.Opened, p event.Plan) {
	s.Settings = p.Settings
	s.chatRules(e, p.Chat)
	if s.Desk != nil {
		s.Desk.JoinCode, s.Desk.Planned = p.JoinCode, p.Destinations
	}
	s.Life.Plan, s.Life.PlannedBy = publicPlan(p), e.ActorID
}

// publicPlan is a plan without what only staff may know.
func publicPlan(p event.Plan) event.Plan {
	p.JoinCode, p.Chat.Words, p.Destinations = "", Words{}, nil
	return p
}

func applyCancelled(s *State, _ *event.Opened, p *event.SessionCancelled) {
	s.Life.Status = Cancelled
	s.everybodyLeaves(p.CancelledAt)
}

func applyStarted(s *State, _ *event.Opened, p *event.SessionStarted) {
	s.Life.Status, s.Life.StartedAt = Live, p.StartedAt
}

func applyEnding(s *State, _ *event.Opened, p *event.SessionEnding) {
	s.Life.EndsAt, s.Life.EndingBy = p.EndsAt, p.ActorUserID
}

func applyEndingUndone(s *State, _ *event.Opened, _ *event.SessionEndingUndone) {
	s.Life.EndsAt, s.Life.EndingBy = 0, event.ID{}
}

func applyEnded(s *State, _ *event.Opened, p *event.SessionEnded) {
	s.Life.Status, s.Life.EndedAt = Ended, p.EndedAt
	s.Life.EndsAt, s.Life.EndingBy, s.Life.HaltedSince, s.Life.HaltReason = 0, event.ID{}, 0, ""
	if r := s.Recording; r != nil && (r.Status == RecordingOn || r.Status == RecordingPaused) {
		s.Recording = &Recording{RecordingID: r.RecordingID, Status: RecordingStopped, Since: p.EndedAt}
	}
	s.everybodyLeaves(p.EndedAt)
}

// everybodyLeaves is part of the end: who was in left at that moment, and nobody waits any more. The end alone says so;
// no participant.left is logged for each of them, which would be a thousand facts in one batch. Attendance counts
// session.ended as the leaving of all who are present.
func (s *State) everybodyLeaves(at event.Time) {
	for i := range s.Roster.People {
		if p := &s.Roster.People[i]; p.Present {
			p.Present, p.LeftAt = false, at
		}
	}
	s.Roster.Present = 0
	for _, h := range s.Hands.Raised {
		s.dropClaim(h.UserID)
	}
	s.Hands = Hands{}
	if s.Desk != nil {
		s.Desk.Waiting = nil
	}
	if s.Viewer != nil {
		s.Viewer.Standing, s.Viewer.Role = StandingOut, ""
	}
}

func applyHalted(s *State, e *event.Opened, p *event.SessionHalted) {
	if s.Life.Status != Halted { // a second reason on top of the first keeps the time
		s.Life.HaltedSince = p.Since
	}
	s.Life.Status, s.Life.HaltReason = Halted, p.Reason
	addMark(s, e, Mark{Kind: "halt"})
}

func applyResumed(s *State, _ *event.Opened, _ *event.SessionResumed) {
	s.Life.Status, s.Life.HaltedSince, s.Life.HaltReason = Live, 0, ""
}

func applyArchived(s *State, _ *event.Opened, _ *event.SessionArchived) { s.Life.Status = Archived }

// applyTransferred: the new epoch is in the envelope.
func applyTransferred(*State, *event.Opened, *event.SessionTransferred) {}

func applyLocked(s *State, _ *event.Opened, _ *event.SessionLocked) { s.Life.Locked = true }

func applyUnlocked(s *State, _ *event.Opened, _ *event.SessionUnlocked) { s.Life.Locked = false }

func applySettings(s *State, e *event.Opened, p *event.SettingsChanged) {
	if s.Private != nil && s.Settings.Visibility != p.Visibility {
		s.Private.RefreshAll = e.Sequence
	}
	s.Settings = p.Settings
}
