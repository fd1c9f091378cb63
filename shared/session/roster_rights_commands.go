package session

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// PermissionChange sets the role or the session permissions of somebody who is or was in the class; what is absent stays
// as it is. It outlasts their leaving.
type PermissionChange struct {
	UserID event.ID  `json:"userId"`
	Role   *string   `json:"role,omitempty" optional:"true" enum:"student,assistant,teacher"`
	Grants *[]string `json:"grants,omitempty" optional:"true" limit:"grants" enum:"ask,chat,draw,end,manage,moderate,present,publishAudio,publishVideo,shareScreen"`
}

// ConsentGive gives consent for one purpose: one's own, or as staff that of somebody else, noted as given by whom.
type ConsentGive struct {
	Purpose string   `json:"purpose" enum:"recording,captions,publication"`
	UserID  event.ID `json:"userId,omitzero" optional:"true"`
	ByID    event.ID `json:"byId,omitzero" optional:"true"` // the box only; for staff it is themselves
}

// ConsentWithdraw takes it back, at any time.
type ConsentWithdraw struct {
	Purpose string   `json:"purpose" enum:"recording,captions,publication"`
	UserID  event.ID `json:"userId,omitzero" optional:"true"`
}

func decidePermission(s *State, c *Command, p *PermissionChange) ([]event.Fact, error) {
	known := s.person(p.UserID)
	if known == nil {
		return refuseAbsent()
	}
	if err := mayTouch(s, c, p.UserID); err != nil {
		return nil, err
	}
	before := s.GrantsOf(p.UserID)
	role, grants := known.Role, before
	set(&role, p.Role)
	if p.Grants != nil {
		grants = sorted(*p.Grants)
	}
	added := func(grant string) bool { return slices.Contains(grants, grant) && !slices.Contains(before, grant) }
	head := c.Actor.Role == "teacher" || c.Actor.Role == "admin"
	switch {
	case role == known.Role && slices.Equal(grants, before):
		return nil, nil
	case slices.ContainsFunc(grants, func(g string) bool { return !slices.Contains(Grants, g) }):
		return nil, fault.At(fault.InvalidField, "grants", "There are these permissions: %v. Nothing was changed.", Grants)
	case role != known.Role && (known.Role == "admin" || role != "student" && role != "assistant" && role != "teacher"):
		return nil, fault.At(fault.InvalidField, "role", "In a class somebody can be made a student, an assistant or a teacher. Nothing was changed.")
	case !head && (role != known.Role || IsStaff(known.Role)):
		return refuse(fault.Forbidden, "Only teachers change roles, and the permissions of staff. Nothing was changed; ask the teacher.")
	case !head && (added(GrantManage) || added(GrantModerate) || added(GrantEnd)):
		return refuse(fault.Forbidden, "Only teachers give the permissions to manage, to moderate and to end. Nothing was changed; ask the teacher.")
	}
	return one(event.TypePermissionChanged, &event.PermissionChanged{UserID: p.UserID, Role: role, Grants: grants,
		BeforeRole: known.Role, BeforeGrants: before, ActorUserID: c.Author()})
}

// consentOf gives whose consent is meant. Returns forbidden if that is not the actor's to say.
func consentOf(c *Command, user event.ID) (event.ID, error) {
	switch {
	case user.IsZero() && !c.Actor.UserID.IsZero():
		return c.Actor.UserID, nil
	case user.IsZero():
		return user, fault.At(fault.InvalidField, "userId", "It is not said whose consent this is. Nothing was changed.")
	case user == c.Actor.UserID, c.Actor.System, c.Actor.Role == "teacher", c.Actor.Role == "admin":
		return user, nil
	}
	return user, fault.New(fault.Forbidden, "You can give and take back your own consent only. Nothing was changed.")
}

func decideConsentGive(s *State, c *Command, p *ConsentGive) ([]event.Fact, error) {
	user, err := consentOf(c, p.UserID)
	if err != nil {
		return nil, err
	}
	purposes, known := s.Consents[user.String()]
	switch {
	case slices.Contains(purposes, p.Purpose):
		return nil, nil
	case !known && len(s.Consents) >= limits.People:
		return refuseTooMany()
	}
	given := &event.ConsentGiven{UserID: user, Purpose: p.Purpose}
	if c.Actor.System {
		given.ByID = p.ByID
	} else if user != c.Actor.UserID {
		given.ByID = c.Actor.UserID
	}
	return one(event.TypeConsentGiven, given)
}

func decideConsentWithdraw(s *State, c *Command, p *ConsentWithdraw) ([]event.Fact, error) {
	user, err := consentOf(c, p.UserID)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(s.Consents[user.String()], p.Purpose) {
		return nil, nil
	}
	return one(event.TypeConsentWithdrawn, &event.ConsentWithdrawn{UserID: user, Purpose: p.Purpose})
}
