package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

var chatRules = map[string]rule{
	event.TypeChatMessage: on(func(_ *session.State, e *Event, p *event.ChatMessage) []Change { return said(e, p, "shown") }),
	event.TypeChatHeld:    on(func(_ *session.State, e *Event, p *event.ChatHeld) []Change { return said(e, &p.ChatMessage, "held") }),
	event.TypeChatApproved: on(func(_ *session.State, e *Event, p *event.ChatApproved) []Change {
		return said(e, &p.ChatMessage, "shown")
	}),
	event.TypeChatDeleted: on(deleted),
}

// said is the row of a message. One that was held takes the place in the order at which it was shown.
func said(e *Event, p *event.ChatMessage, status string) []Change {
	var to any
	if p.To.Audience == "user" {
		to = p.To.UserID
	}
	set := text("content", "erased", p.Content).and(Columns{"sequence": int(e.Sequence), "user_id": p.UserID, "audience": p.To.Audience, "to_user_id": to,
		"status": status, "created_at": e.CreatedAt})
	return []Change{{Table: Messages, Key: byID(p.MessageID), Set: set}}
}

// deleted empties a message, as in the class: its row stays.
func deleted(_ *session.State, _ *Event, p *event.ChatDeleted) []Change {
	return []Change{{Table: Messages, Key: byID(p.MessageID), Set: Columns{"status": "deleted", "content": "", "erased": false}, Old: true}}
}
