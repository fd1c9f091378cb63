package session

import "multistream/shared/event"

// Delivery says what each kind of viewer gets of an event: a payload, or nil for nothing at all. Persons goes before
// Staff, Members and Lobby. Those in Refresh (or everybody, with RefreshAll) get a fresh view instead of the event.
type Delivery struct {
	Staff, Members, Lobby any
	Persons               map[event.ID]any
	HideActor             map[Standing]bool // whose copies carry no actor; those of Persons still do
	HidePersons           map[event.ID]bool // of Persons: whose copies carry none either
	Refresh               []event.ID
	RefreshAll            bool
}

// deliverer works out the delivery of a type whose audience is not plain.
type deliverer func(s *State, e *event.Opened) Delivery

// to makes a deliverer of a function over the payload struct of a type.
func to[P any](f func(s *State, e *event.Opened, p *P) Delivery) deliverer {
	return func(s *State, e *event.Opened) Delivery {
		if p, ok := e.Payload.(*P); ok && p != nil {
			return f(s, e, p)
		}
		return Delivery{}
	}
}

var deliverers = merge(rosterDeliverers, handDeliverers, studioDeliverers, chatDeliverers, moderationDeliverers,
	questionDeliverers, pollDeliverers, artifactDeliverers, lifecycleDeliverers)

// Deliver says who gets what of e, given the full state right after it. An event of an unknown type is delivered to
// nobody: its audience is not known here.
func Deliver(after *State, e *event.Opened) Delivery {
	t, known := event.TypeOf(e.Type)
	if !known || e.Payload == nil {
		return Delivery{}
	}
	if after.Private.RefreshAll == e.Sequence {
		return Delivery{RefreshAll: true}
	}
	if d, special := deliverers[e.Type]; special {
		return d(after, e)
	}
	switch t.Audience {
	case event.EveryoneAndLobby:
		return Delivery{Staff: e.Payload, Members: e.Payload, Lobby: e.Payload}
	case event.Everyone:
		return Delivery{Staff: e.Payload, Members: e.Payload}
	case event.Staff:
		return Delivery{Staff: e.Payload}
	}
	return Delivery{}
}

// For gives the copy of e that a person with this standing gets, or nil for nothing.
func (d *Delivery) For(e *event.Opened, user event.ID, standing Standing) *event.Copy {
	payload, personal := d.Persons[user]
	if !personal {
		switch standing {
		case StandingStaff:
			payload = d.Staff
		case StandingMember:
			payload = d.Members
		case StandingWaiting, StandingOut: // both views show the same
			payload = d.Lobby
		}
	}
	if payload == nil {
		return nil
	}
	c := &event.Copy{Type: e.Type, Version: e.Version, Epoch: e.Epoch, Sequence: e.Sequence, ActorID: e.ActorID, CreatedAt: e.CreatedAt, Payload: payload}
	if d.HideActor[standing] && !personal || d.HidePersons[user] {
		c.ActorID = event.ID{}
	}
	return c
}

// StandingOf gives a person's place towards the class, in a full state.
func StandingOf(s *State, user event.ID) (Standing, string) {
	if p := s.person(user); p != nil && p.Present {
		if IsStaff(p.Role) {
			return StandingStaff, p.Role
		}
		return StandingMember, p.Role
	}
	if s.Desk != nil {
		for i := range s.Desk.Waiting {
			if s.Desk.Waiting[i].UserID == user {
				return StandingWaiting, s.Desk.Waiting[i].Role
			}
		}
	}
	return StandingOut, ""
}

// IsStaff reports whether a role sees what staff see.
func IsStaff(role string) bool { return role == "teacher" || role == "assistant" || role == "admin" }
