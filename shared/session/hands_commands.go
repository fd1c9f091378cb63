package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
)

var handCommands = map[string]*CommandType{
	"hand.raise":    command(LaneInteraction, "hands", decideHandRaise),
	"hand.lower":    command(LaneInteraction, "hands", decideHandLower),
	"reaction.send": command(LaneInteraction, "hands", decideReaction),
}

// HandRaise puts one's hand up.
type HandRaise struct{}

// HandLower takes one's own hand down; staff also somebody else's, or all.
type HandLower struct {
	UserID event.ID `json:"userId,omitzero" optional:"true"`
	All    bool     `json:"all,omitzero" optional:"true"`
}

// ReactionSend sends one of the fixed reactions.
type ReactionSend struct {
	Reaction string `json:"reaction" enum:"thumbs_up,clap,heart,laugh,surprised,confused,slower,faster"`
}

// reactions is the fixed set: a free one would be a chat that nobody moderates.
var reactions = map[string]bool{"thumbs_up": true, "clap": true, "heart": true, "laugh": true, "surprised": true, "confused": true, "slower": true, "faster": true}

func decideHandRaise(s *State, c *Command, _ *HandRaise) ([]event.Fact, error) {
	me := s.present(c.Actor.UserID)
	switch {
	case me == nil:
		return refuseNotJoined()
	case !s.Settings.Hands:
		return refuse(fault.FeatureOff, "Raising hands is switched off in this class. Ask in the chat or aloud.")
	case s.Hands.of(me.UserID) >= 0:
		return nil, nil
	}
	return one(event.TypeHandRaised, &event.HandRaised{UserID: me.UserID, DisplayName: me.DisplayName, RaisedAt: c.Now})
}

// decideHandLower works though hands are switched off, so that the queue can be emptied. All go down from the last to the
// first, so that nobody's place changes on the way.
func decideHandLower(s *State, c *Command, p *HandLower) ([]event.Fact, error) {
	others := p.All || !p.UserID.IsZero() && p.UserID != c.Actor.UserID
	if others && !s.widened(c, GrantModerate) {
		return refuse(fault.Forbidden, "You may lower your own hand only. Nothing was changed.")
	}
	user := p.UserID
	if user.IsZero() {
		user = c.Actor.UserID
	}
	var facts []event.Fact
	for i := len(s.Hands.Raised) - 1; i >= 0; i-- {
		if h := s.Hands.Raised[i]; p.All || h.UserID == user {
			facts = append(facts, event.Fact{Type: event.TypeHandLowered, Payload: &event.HandLowered{UserID: h.UserID, ActorUserID: c.Author()}})
		}
	}
	return facts, nil
}

func decideReaction(s *State, c *Command, p *ReactionSend) ([]event.Fact, error) {
	me := s.present(c.Actor.UserID)
	switch {
	case me == nil:
		return refuseNotJoined()
	case !s.Settings.Reactions:
		return refuse(fault.FeatureOff, "Reactions are switched off in this class.")
	case !reactions[p.Reaction]:
		return nil, fault.At(fault.InvalidField, "reaction", "There is no such reaction. Nothing was sent; choose one of the offered ones.")
	}
	return one(event.TypeReactionSent, &event.ReactionSent{UserID: me.UserID, Reaction: p.Reaction})
}
