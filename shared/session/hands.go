package session

import (
	"slices"

	"multistream/shared/event"
)

var handAppliers = map[string]applier{
	event.TypeHandRaised:   on(applyHandRaised),
	event.TypeHandLowered:  on(applyHandLowered),
	event.TypeReactionSent: on(applyReaction),
}

var handDeliverers = map[string]deliverer{
	event.TypeHandRaised:   to(deliverHandRaised),
	event.TypeHandLowered:  to(deliverHandLowered),
	event.TypeReactionSent: to(deliverReaction),
}

// of gives somebody's place in the queue, from 0, or -1.
func (h *Hands) of(user event.ID) int {
	return slices.IndexFunc(h.Raised, func(r Hand) bool { return r.UserID == user })
}

// queued reports whether a state has the whole queue; a student's view has the numbers and their own hand.
func (s *State) queued() bool { return s.Viewer == nil || s.Desk != nil }

func applyHandRaised(s *State, _ *event.Opened, p *event.HandRaised) {
	if !p.UserID.IsZero() && s.Hands.of(p.UserID) < 0 {
		s.Hands.Raised = append(s.Hands.Raised, Hand{UserID: p.UserID, DisplayName: p.DisplayName, RaisedAt: p.RaisedAt})
		if !s.queued() {
			s.Hands.Ahead = p.Ahead
		}
	}
	s.countHands(p.Up)
}

func applyHandLowered(s *State, _ *event.Opened, p *event.HandLowered) {
	if !p.UserID.IsZero() {
		s.Hands.Raised = without(s.Hands.Raised, func(h *Hand) bool { return h.UserID == p.UserID })
		s.dropClaim(p.UserID)
	}
	if !s.queued() {
		s.Hands.Ahead = p.Ahead // everybody with a hand up is told their own number
	}
	s.countHands(p.Up)
}

func (s *State) countHands(up int) {
	if s.queued() {
		up = len(s.Hands.Raised)
	}
	s.Hands.Up = up
}

func applyReaction(s *State, _ *event.Opened, p *event.ReactionSent) { s.Reactions[p.Reaction]++ }
