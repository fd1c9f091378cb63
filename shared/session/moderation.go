package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
)

var moderationAppliers = map[string]applier{
	event.TypeMessageReported:    on(applyMessageReported),
	event.TypeReportResolved:     on(applyReportResolved),
	event.TypeModerationClaimed:  on(applyClaimed),
	event.TypeModerationReleased: on(applyReleased),
}

var moderationCommands = map[string]*CommandType{
	"message.report":     command(LaneInteraction, "chat", decideReport),
	"report.resolve":     command(LaneStudio, "chat", decideResolveReport),
	"moderation.claim":   command(LaneStudio, "chat", decideClaim),
	"moderation.release": command(LaneStudio, "chat", decideRelease),
}

var moderationDeliverers = map[string]deliverer{event.TypeMessageReported: to(deliverMessageReported)}

// ModerationClaim takes an item of the inbox, so that two of the staff do not act on it at once.
type ModerationClaim struct {
	ItemID event.ID `json:"itemId"` // of a held message, a report, an open question; of a raised hand its person
	Kind   string   `json:"kind" enum:"message,report,question,hand"`
}

// ModerationRelease gives an item back.
type ModerationRelease struct {
	ItemID event.ID `json:"itemId"`
}

func decideClaim(s *State, c *Command, p *ModerationClaim) ([]event.Fact, error) {
	if !s.inInbox(p.ItemID, p.Kind) {
		return refuse(fault.NotFound, "This is not in the inbox any more; somebody may have dealt with it. Nothing was changed.")
	}
	claim, taken := s.Desk.Claims[p.ItemID.String()]
	switch {
	case taken && claim.UserID == c.Actor.UserID:
		return nil, nil
	case taken && s.present(claim.UserID) != nil: // of somebody who left, anyone may take over
		return refuse(fault.ClaimedByOther, "Somebody else of the staff deals with this. Nothing was changed; take another item.")
	}
	return one(event.TypeModerationClaimed, &event.ModerationClaimed{ItemID: p.ItemID, Kind: p.Kind, UserID: c.Actor.UserID})
}

func decideRelease(s *State, c *Command, p *ModerationRelease) ([]event.Fact, error) {
	claim, taken := s.Desk.Claims[p.ItemID.String()]
	switch {
	case !taken:
		return nil, nil
	case claim.UserID != c.Actor.UserID && s.present(claim.UserID) != nil:
		return refuse(fault.ClaimedByOther, "Somebody else of the staff deals with this. Nothing was changed; ask them to give it back.")
	}
	return one(event.TypeModerationReleased, &event.ModerationReleased{ItemID: p.ItemID, UserID: c.Actor.UserID})
}

// inInbox reports whether an item waits for staff.
func (s *State) inInbox(id event.ID, kind string) bool {
	switch kind {
	case "message":
		return s.held(id) != nil
	case "report":
		return s.report(id) != nil
	case "question":
		q := s.question(id)
		return q != nil && q.Status == QuestionOpen
	case "hand":
		return find(s.Hands.Raised, func(h *Hand) bool { return h.UserID == id }) != nil
	}
	return false
}

func applyClaimed(s *State, _ *event.Opened, p *event.ModerationClaimed) {
	if s.Desk != nil && s.inInbox(p.ItemID, p.Kind) {
		s.Desk.Claims[p.ItemID.String()] = Claim{UserID: p.UserID, Kind: p.Kind}
	}
}

func applyReleased(s *State, _ *event.Opened, p *event.ModerationReleased) { s.dropClaim(p.ItemID) }

// dropClaim forgets who deals with an item: it was dealt with.
func (s *State) dropClaim(item event.ID) {
	if s.Desk != nil {
		delete(s.Desk.Claims, item.String())
	}
}
