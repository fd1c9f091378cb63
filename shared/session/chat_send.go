package session

import (
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// ChatSend says something to everybody, to staff or to one person in the class.
type ChatSend struct {
	Content string        `json:"content" limit:"chat_content"`
	To      ChatRecipient `json:"to"`
}

// ChatRecipient says to whom.
type ChatRecipient struct {
	Audience string   `json:"audience" enum:"all,staff,user"`
	UserID   event.ID `json:"userId,omitzero" optional:"true"` // with user
}

func decideSendChat(s *State, c *Command, p *ChatSend) ([]event.Fact, error) {
	if !s.ChatRules.Enabled && !s.widened(c, GrantChat) {
		return refuse(fault.ChatClosed, "The chat is closed. Your message was not sent; try again when staff have opened it.")
	}
	content, err := textOf("content", p.Content)
	if err != nil {
		return nil, err
	}
	to, toStaff, err := recipient(s, c, p.To)
	if err != nil {
		return nil, err
	}
	message := event.ChatMessage{MessageID: c.newID(s, 1), UserID: c.Actor.UserID, DisplayName: event.Plain(c.Actor.DisplayName), Content: content, To: to}
	if c.byStaff() {
		return one(event.TypeChatMessage, &message)
	}
	if err := slow(s, c); err != nil {
		return nil, err
	}
	reason := ""
	switch {
	case toStaff: // staff are who would approve it
	case newWordList(s.Desk.Words.V).hit(p.Content):
		reason = "word"
	case s.ChatRules.Hold:
		reason = "hold"
	}
	if reason == "" {
		return one(event.TypeChatMessage, &message)
	}
	if len(s.Chat.Held) >= limits.HeldMessages {
		return refuse(fault.LimitReached, "Too many messages wait for approval. Your message was not sent; try again in a moment.")
	}
	return one(event.TypeChatHeld, &event.ChatHeld{ChatMessage: message, Reason: reason})
}

// recipient checks whom the actor may write to now; toStaff tells whether only staff will read it.
func recipient(s *State, c *Command, r ChatRecipient) (to event.Recipient, toStaff bool, err error) {
	to = event.Recipient{Audience: r.Audience}
	switch r.Audience {
	case "staff":
		return to, true, nil
	case "all":
		if s.Exam && !c.byStaff() {
			return to, false, examChat()
		}
		return to, false, nil
	case "user":
	default:
		return to, false, fault.At(fault.InvalidField, "to.audience", "A message goes to all, staff or a user. It was not sent.")
	}
	other := s.present(r.UserID)
	switch {
	case r.UserID == c.Actor.UserID:
		return to, false, fault.At(fault.InvalidField, "to.userId", "This message is to yourself. It was not sent.")
	case other == nil:
		return to, false, fault.At(fault.NotFound, "to.userId", "This person is not in the class now. Your message was not sent.")
	}
	to.UserID, toStaff = other.UserID, IsStaff(other.Role)
	switch {
	case c.byStaff():
	case s.ChatRules.Private == "off":
		return to, toStaff, fault.New(fault.FeatureOff, "Private messages are off in this class. Your message was not sent; write to staff instead.")
	case toStaff:
	case s.Exam:
		return to, toStaff, examChat()
	case s.ChatRules.Private != "all":
		return to, toStaff, fault.New(fault.Forbidden, "In this class private messages go to staff only. Your message was not sent.")
	}
	return to, toStaff, conversation(s, c, to)
}

// conversation refuses a first message between two people when the class has as many private conversations as it can keep.
func conversation(s *State, c *Command, to event.Recipient) error {
	if _, known := s.Chat.Windows[windowKey(to, c.Actor.UserID)]; known {
		return nil
	}
	pairs := 0
	for key := range s.Chat.Windows {
		if strings.HasPrefix(key, "pair:") {
			pairs++
		}
	}
	if pairs >= limits.PrivateWindows {
		return fault.New(fault.LimitReached, "The class has no room for further private conversations. Your message was not sent; write to staff instead.")
	}
	return nil
}

func examChat() error {
	return fault.New(fault.ExamMode, "During the exam you can write to staff only. Your message was not sent.")
}

// slow refuses a student's message that comes too soon after the one before.
func slow(s *State, c *Command) error {
	last, wrote := s.Private.LastChat[c.Actor.UserID.String()]
	wait := last + event.Time(s.ChatRules.SlowSeconds)*1000 - c.Now
	if !wrote || wait <= 0 || s.ChatRules.SlowSeconds <= 0 {
		return nil
	}
	return fault.New(fault.SlowMode, "Slow mode is on. Your message was not sent; try again in %d s.", (wait+999)/1000).
		With("retryAfterMs", int64(wait))
}

// visible reports whether the actor may read a message in that window.
func (c *Command) visible(window string) bool {
	standing := StandingMember
	if c.byStaff() {
		standing = StandingStaff
	}
	return windowVisible(window, Viewer{UserID: c.Actor.UserID, Standing: standing})
}
