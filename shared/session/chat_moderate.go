package session

import (
	"slices"
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// ChatApprove shows a held message to its recipients.
type ChatApprove struct {
	MessageID event.ID `json:"messageId"`
}

// ChatDelete empties a message, or refuses a held one. Authors delete their own, moderators what they can see.
type ChatDelete struct {
	MessageID event.ID `json:"messageId"`
}

// ChatConfigure replaces the rules of the chat.
type ChatConfigure struct {
	Enabled     bool     `json:"enabled"`
	Hold        bool     `json:"hold"`
	SlowSeconds int      `json:"slowSeconds" limit:"slow_seconds"`
	Private     string   `json:"private" enum:"off,staff,all"`
	Words       []string `json:"words,omitempty" optional:"true" limit:"words"` // each as limits "word" says
}

func decideApproveChat(s *State, c *Command, p *ChatApprove) ([]event.Fact, error) {
	m := s.held(p.MessageID)
	if m == nil {
		if shown, window := s.message(p.MessageID); shown != nil && !shown.Deleted && c.visible(window) {
			return nil, nil
		}
		return noMessage()
	}
	return one(event.TypeChatApproved, &event.ChatApproved{ActorUserID: c.Actor.UserID, ChatMessage: event.ChatMessage{
		MessageID: m.MessageID, UserID: m.UserID, DisplayName: m.DisplayName, Content: m.Content, To: m.To}})
}

func decideDeleteChat(s *State, c *Command, p *ChatDelete) ([]event.Fact, error) {
	m := s.held(p.MessageID)
	if m == nil {
		shown, window := s.message(p.MessageID)
		if shown == nil || !c.visible(window) {
			return noMessage()
		}
		m = shown
	} else if m.UserID != c.Actor.UserID && !s.widened(c, GrantModerate) {
		return noMessage() // nobody else knows of a held message
	}
	switch {
	case m.UserID != c.Actor.UserID && !s.widened(c, GrantModerate):
		return refuse(fault.Forbidden, "You may delete your own messages only. Nothing was changed; report the message to staff if it harms somebody.")
	case m.Deleted:
		return nil, nil
	}
	return one(event.TypeChatDeleted, &event.ChatDeleted{MessageID: m.MessageID, UserID: m.UserID, To: m.To, ActorUserID: c.Actor.UserID})
}

func decideChatSettings(s *State, c *Command, p *ChatConfigure) ([]event.Fact, error) {
	if p.Private != "off" && p.Private != "staff" && p.Private != "all" {
		return nil, fault.At(fault.InvalidField, "private", "Private messages are off, to staff, or to all. Nothing was changed.")
	}
	words, err := filterWords("words", p.Words)
	if err != nil {
		return nil, err
	}
	rules := event.ChatSettings{Enabled: p.Enabled, Hold: p.Hold, SlowSeconds: p.SlowSeconds, Private: p.Private, Words: words}
	old := s.ChatRules
	if old.Enabled == rules.Enabled && old.Hold == rules.Hold && old.SlowSeconds == rules.SlowSeconds &&
		old.Private == rules.Private && !s.Desk.Words.Erased && slices.Equal(s.Desk.Words.V, rules.Words.V) {
		return nil, nil
	}
	return one(event.TypeChatSettingsChanged, &event.ChatSettingsChanged{ChatSettings: rules, ActorUserID: c.Actor.UserID})
}

// filterWords checks the words of the filter and gives them as facts hold them: each once, without blanks around it.
func filterWords(field string, given []string) (Words, error) {
	var words Words
	for _, word := range given {
		word = strings.TrimSpace(word)
		if len(split(word)) == 0 || len([]rune(word)) > limits.Table["word"].Max {
			return Words{}, fault.At(fault.InvalidField, field, "An entry of the word filter has letters or digits, and at most %d characters. Nothing was changed.", limits.Table["word"].Max)
		}
		if !slices.Contains(words.V, word) {
			words.V = append(words.V, word)
		}
	}
	return words, nil
}

func noMessage() ([]event.Fact, error) {
	return refuse(fault.NotFound, "There is no such message among the latest ones of this class. Nothing was changed.")
}
