package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// ParticipantAdmit lets somebody in: who waits, was turned away or removed; or all who wait.
type ParticipantAdmit struct {
	UserID event.ID `json:"userId,omitzero" optional:"true"`
	All    bool     `json:"all,omitzero" optional:"true"`
}

// ParticipantDeny turns somebody away who waits, or all who wait.
type ParticipantDeny struct {
	UserID event.ID `json:"userId,omitzero" optional:"true"`
	All    bool     `json:"all,omitzero" optional:"true"`
}

// ParticipantMute silences somebody's microphone, or allows it again.
type ParticipantMute struct {
	UserID event.ID `json:"userId"`
	Muted  bool     `json:"muted"`
}

// ParticipantRemove puts somebody out; they come back by the waiting room only.
type ParticipantRemove struct {
	UserID event.ID `json:"userId"`
	Reason string   `json:"reason,omitzero" optional:"true" limit:"reason"`
}

// ParticipantBan puts somebody out for good, or lifts that.
type ParticipantBan struct {
	UserID event.ID `json:"userId"`
	Banned bool     `json:"banned"`
	Reason string   `json:"reason,omitzero" optional:"true" limit:"reason"`
}

func decideAdmit(s *State, c *Command, p *ParticipantAdmit) ([]event.Fact, error) {
	if p.All {
		var facts []event.Fact
		for _, w := range s.Desk.Waiting {
			if !w.Admitted && mayAdmit(c, w.UserID) {
				facts = append(facts, event.Fact{Type: event.TypeParticipantAdmitted, Payload: &event.ParticipantAdmitted{UserID: w.UserID, ActorUserID: c.Author()}})
			}
		}
		return facts, nil
	}
	id := p.UserID.String()
	switch {
	case !mayAdmit(c, p.UserID):
		return refuse(fault.Forbidden, "You can't let yourself in. Nothing was changed; ask the teacher.")
	case s.Private.Admitted[id], s.present(p.UserID) != nil:
		return nil, nil
	case s.waiting(p.UserID) == nil && !s.Private.Denied[id] && !s.Private.Removed[id]:
		return refuse(fault.NotFound, "This person does not wait to be let in; they may have gone. Nothing was changed.")
	case len(s.Private.Admitted) >= limits.People:
		return refuseTooMany()
	}
	return one(event.TypeParticipantAdmitted, &event.ParticipantAdmitted{UserID: p.UserID, ActorUserID: c.Author()})
}

// mayAdmit: nobody but teachers and admins lets themselves in after they were put out.
func mayAdmit(c *Command, user event.ID) bool {
	return user != c.Actor.UserID || c.Actor.Role == "teacher" || c.Actor.Role == "admin"
}

func decideDeny(s *State, c *Command, p *ParticipantDeny) ([]event.Fact, error) {
	if err := mayTouch(s, c, p.UserID); err != nil && !p.All {
		return nil, err
	}
	var facts []event.Fact
	for _, w := range s.Desk.Waiting {
		if (p.All || w.UserID == p.UserID) && mayTouch(s, c, w.UserID) == nil {
			facts = append(facts, event.Fact{Type: event.TypeParticipantDenied, Payload: &event.ParticipantDenied{UserID: w.UserID, ActorUserID: c.Author()}})
		}
	}
	switch {
	case len(facts) == 0 && !p.All && !s.Private.Denied[p.UserID.String()]:
		return refuse(fault.NotFound, "This person does not wait to be let in; they may have gone. Nothing was changed.")
	case len(s.Private.Denied)+len(facts) > limits.People:
		return refuseTooMany()
	}
	return facts, nil
}

func refuseTooMany() ([]event.Fact, error) {
	return refuse(fault.LimitReached, "This was decided for %d people already, which is the most in one class. Nothing was changed; lock the class instead.", limits.People)
}

// mayTouch refuses to act on oneself, and on people above the actor: a teacher can be silenced or put out by teachers and
// admins, an admin by admins, any of the staff by staff only, whatever permissions a student holds.
func mayTouch(s *State, c *Command, user event.ID) error {
	target := s.roleOf(user)
	switch {
	case user == c.Actor.UserID:
		return fault.New(fault.Forbidden, "You can't do this to yourself. Nothing was changed.")
	case target == "admin" && c.Actor.Role != "admin", target == "teacher" && c.Actor.Role != "teacher" && c.Actor.Role != "admin",
		IsStaff(target) && !IsStaff(c.Actor.Role):
		return fault.New(fault.Forbidden, "You may not do this to a %s. Nothing was changed.", target)
	}
	return nil
}

func decideMute(s *State, c *Command, p *ParticipantMute) ([]event.Fact, error) {
	if err := mayTouch(s, c, p.UserID); err != nil {
		return nil, err
	}
	known := s.present(p.UserID)
	switch {
	case known == nil:
		return refuseAbsent()
	case known.Muted == p.Muted:
		return nil, nil
	}
	return one(event.TypeParticipantMuted, &event.ParticipantMuted{UserID: p.UserID, Muted: p.Muted, ActorUserID: c.Author()})
}

func refuseAbsent() ([]event.Fact, error) {
	return refuse(fault.NotFound, "This person is not in the class; they may have left. Nothing was changed.")
}

func decideRemove(s *State, c *Command, p *ParticipantRemove) ([]event.Fact, error) {
	if err := mayTouch(s, c, p.UserID); err != nil {
		return nil, err
	}
	switch {
	case s.person(p.UserID) == nil:
		return refuseAbsent()
	case s.Private.Removed[p.UserID.String()]:
		return nil, nil
	}
	facts := []event.Fact{{Type: event.TypeParticipantRemoved,
		Payload: &event.ParticipantRemoved{UserID: p.UserID, ActorUserID: c.Author(), Reason: event.Plain(p.Reason)}}}
	if s.present(p.UserID) != nil {
		facts = append(facts, s.leaving(c, p.UserID, c.Now, "removed")...)
	}
	return facts, nil
}

func decideBan(s *State, c *Command, p *ParticipantBan) ([]event.Fact, error) {
	if err := mayTouch(s, c, p.UserID); err != nil {
		return nil, err
	}
	id := p.UserID.String()
	switch {
	case s.Desk.Banned[id] == p.Banned:
		return nil, nil
	case p.Banned && s.person(p.UserID) == nil && s.waiting(p.UserID) == nil && !s.Private.Denied[id]:
		return refuseAbsent()
	case p.Banned && len(s.Desk.Banned) >= limits.People:
		return refuseTooMany()
	}
	facts := []event.Fact{{Type: event.TypeParticipantBanned,
		Payload: &event.ParticipantBanned{UserID: p.UserID, Banned: p.Banned, ActorUserID: c.Author(), Reason: event.Plain(p.Reason)}}}
	if p.Banned && s.present(p.UserID) != nil {
		facts = append(facts, s.leaving(c, p.UserID, c.Now, "banned")...)
	}
	return facts, nil
}
