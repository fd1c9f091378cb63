package session

import "multistream/shared/event"

// deliverHandRaised: staff get the hand, other students how many are up, the person concerned also how many came before.
func deliverHandRaised(after *State, _ *event.Opened, p *event.HandRaised) Delivery {
	d := counted(&event.HandRaised{Up: after.Hands.Up})
	full := *p
	full.Up = after.Hands.Up
	d.Staff = &full
	own := full
	own.Ahead = max(after.Hands.of(p.UserID), 0)
	d.Persons[p.UserID] = &own
	return d
}

// deliverHandLowered also tells each student whose hand is up how many are left before their own.
func deliverHandLowered(after *State, _ *event.Opened, p *event.HandLowered) Delivery {
	d := counted(&event.HandLowered{Up: after.Hands.Up})
	full := *p
	full.Up = after.Hands.Up
	d.Staff = &full
	for i, h := range after.Hands.Raised {
		if i > 0 && !IsStaff(after.roleOf(h.UserID)) {
			d.Persons[h.UserID] = &event.HandLowered{Up: after.Hands.Up, Ahead: i}
			d.HidePersons[h.UserID] = true
		}
	}
	if !IsStaff(after.roleOf(p.UserID)) {
		d.Persons[p.UserID] = &full
		delete(d.HidePersons, p.UserID)
	}
	return d
}

// deliverReaction: students see the reaction, not whose it is.
func deliverReaction(after *State, _ *event.Opened, p *event.ReactionSent) Delivery {
	d := counted(&event.ReactionSent{Reaction: p.Reaction})
	d.Staff, d.Persons[p.UserID] = p, p
	return d
}

// counted starts a delivery whose copy for students tells neither who it was nor who did it.
func counted(members any) Delivery {
	return Delivery{Members: members, Persons: map[event.ID]any{}, HidePersons: map[event.ID]bool{}, HideActor: map[Standing]bool{StandingMember: true}}
}
