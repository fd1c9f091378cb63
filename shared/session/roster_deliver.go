package session

import "multistream/shared/event"

var rosterDeliverers = map[string]deliverer{
	event.TypeParticipantRequested: to(deliverRequested),
	event.TypeParticipantAdmitted:  to(deliverAdmitted),
	event.TypeParticipantDenied:    to(deliverDenied),
	event.TypeParticipantJoined:    to(deliverJoined),
	event.TypeParticipantLeft:      to(deliverLeft),
	event.TypeParticipantRemoved:   to(deliverRemoved),
	event.TypeParticipantBanned:    to(deliverBanned),
	event.TypeParticipantMuted:     to(deliverMuted),
	event.TypePermissionChanged:    to(deliverPermission),
	event.TypeConsentGiven:         to(deliverConsentGiven),
	event.TypeConsentWithdrawn:     to(deliverConsentWithdrawn),
}

// concerned delivers to staff and to one person.
func concerned(user event.ID, payload any) Delivery {
	return Delivery{Staff: payload, Persons: map[event.ID]any{user: payload}}
}

func deliverRequested(_ *State, _ *event.Opened, p *event.ParticipantRequested) Delivery {
	return Delivery{Staff: p, Refresh: []event.ID{p.UserID}}
}

func deliverAdmitted(_ *State, _ *event.Opened, p *event.ParticipantAdmitted) Delivery {
	return concerned(p.UserID, p)
}

func deliverDenied(_ *State, _ *event.Opened, p *event.ParticipantDenied) Delivery {
	return concerned(p.UserID, p)
}

func deliverRemoved(_ *State, _ *event.Opened, p *event.ParticipantRemoved) Delivery {
	return concerned(p.UserID, p)
}

func deliverBanned(_ *State, _ *event.Opened, p *event.ParticipantBanned) Delivery {
	return concerned(p.UserID, p)
}

func deliverMuted(_ *State, _ *event.Opened, p *event.ParticipantMuted) Delivery {
	return concerned(p.UserID, p)
}

func deliverPermission(_ *State, _ *event.Opened, p *event.PermissionChanged) Delivery {
	return concerned(p.UserID, p)
}

func deliverConsentGiven(_ *State, _ *event.Opened, p *event.ConsentGiven) Delivery {
	return concerned(p.UserID, p)
}

func deliverConsentWithdrawn(_ *State, _ *event.Opened, p *event.ConsentWithdrawn) Delivery {
	return concerned(p.UserID, p)
}

// shown reports whether students are told who a participant is.
func (s *State) shown(p *Participant) bool { return s.sees(Viewer{Standing: StandingMember}, p) }

// deliverJoined: staff get everybody in full, also those beyond the roster of a view; students a name or a count. Who
// joined starts from a fresh view.
func deliverJoined(after *State, _ *event.Opened, p *event.ParticipantJoined) Delivery {
	full, members := *p, *p
	full.Present = after.Roster.Present
	members.Present, members.Grants = full.Present, nil
	d := Delivery{Staff: &full, Members: &members, Refresh: []event.ID{p.UserID}}
	if known := after.person(p.UserID); known == nil || !after.shown(known) {
		d.Members = &event.ParticipantJoined{Present: full.Present}
		d.HideActor = map[Standing]bool{StandingMember: true}
	}
	return d
}

// deliverLeft: students are not told why or by whom. Of somebody who only waited they learn nothing.
func deliverLeft(after *State, _ *event.Opened, p *event.ParticipantLeft) Delivery {
	full := *p
	full.Present = after.Roster.Present
	d := Delivery{Staff: &full, Persons: map[event.ID]any{p.UserID: &full}, HideActor: map[Standing]bool{StandingMember: true}}
	known := after.person(p.UserID)
	switch {
	case known == nil || known.Present || known.LeftAt != p.LeftAt:
	case after.shown(known):
		d.Members = &event.ParticipantLeft{UserID: p.UserID, LeftAt: p.LeftAt, Present: full.Present}
	default:
		d.Members = &event.ParticipantLeft{Present: full.Present}
	}
	return d
}
