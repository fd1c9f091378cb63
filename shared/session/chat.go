package session

import (
	"multistream/shared/event"
	"multistream/shared/limits"
)

var chatAppliers = map[string]applier{
	event.TypeChatMessage:         on(applyChatMessage),
	event.TypeChatHeld:            on(applyChatHeld),
	event.TypeChatApproved:        on(applyChatApproved),
	event.TypeChatDeleted:         on(applyChatDeleted),
	event.TypeChatSettingsChanged: on(applyChatSettings),
}

// chat.settings belongs to no feature: closing the chat must work when the chat does not.
var chatCommands = map[string]*CommandType{
	"chat.send":     command(LaneInteraction, "chat", decideSendChat),
	"chat.approve":  command(LaneStudio, "chat", decideApproveChat),
	"chat.delete":   command(LaneStudio, "chat", decideDeleteChat),
	"chat.settings": command(LaneStudio, "", decideChatSettings),
}

var chatDeliverers = map[string]deliverer{
	event.TypeChatMessage:         to(deliverChatMessage),
	event.TypeChatHeld:            to(deliverChatHeld),
	event.TypeChatApproved:        to(deliverChatApproved),
	event.TypeChatDeleted:         to(deliverChatDeleted),
	event.TypeChatSettingsChanged: to(deliverChatSettings),
}

func applyChatMessage(s *State, e *event.Opened, p *event.ChatMessage) {
	s.said(p.UserID, e.CreatedAt)
	s.show(entryOf(e, p, ""))
}

func applyChatHeld(s *State, e *event.Opened, p *event.ChatHeld) {
	s.said(p.UserID, e.CreatedAt)
	s.Chat.Held = append(s.Chat.Held, entryOf(e, &p.ChatMessage, p.Reason))
}

func applyChatApproved(s *State, e *event.Opened, p *event.ChatApproved) {
	s.unhold(p.MessageID)
	s.show(entryOf(e, &p.ChatMessage, ""))
}

// applyChatDeleted empties the message and keeps its slot: a view is the tail of the merged windows, and a slot that
// vanished would have to be filled by an older message that the view never had.
func applyChatDeleted(s *State, _ *event.Opened, p *event.ChatDeleted) {
	s.unhold(p.MessageID)
	list := s.Chat.Entries
	if s.Viewer == nil {
		list = s.Chat.Windows[windowKey(p.To, p.UserID)]
	}
	if m := find(list, func(m *ChatEntry) bool { return m.MessageID == p.MessageID }); m != nil {
		m.Deleted, m.Content = true, event.Text{}
	}
}

func applyChatSettings(s *State, e *event.Opened, p *event.ChatSettingsChanged) {
	s.chatRules(e, p.ChatSettings)
}

// chatRules takes on the rules of the chat; the words of the filter lie on the desk.
func (s *State) chatRules(e *event.Opened, rules event.ChatSettings) {
	if s.Desk != nil {
		s.Desk.Words, s.Desk.WordsBy = rules.Words, event.ID{}
		if !rules.Words.IsZero() {
			s.Desk.WordsBy = e.ActorID
		}
	}
	rules.Words = Words{}
	s.ChatRules = rules
}

func entryOf(e *event.Opened, p *event.ChatMessage, heldFor string) ChatEntry {
	return ChatEntry{Sequence: e.Sequence, MessageID: p.MessageID, UserID: p.UserID, DisplayName: p.DisplayName,
		Content: p.Content, To: p.To, At: e.CreatedAt, HeldFor: heldFor}
}

// said keeps when somebody last wrote, for slow mode.
func (s *State) said(user event.ID, at event.Time) {
	if s.Private != nil {
		s.Private.LastChat[user.String()] = at
	}
}

// show puts a message into its window; in a view only if the viewer may read it: staff are told of the approval of a
// message between two others as well, because it leaves their list of held ones.
func (s *State) show(m ChatEntry) {
	key := windowKey(m.To, m.UserID)
	if s.Viewer != nil {
		if windowVisible(key, *s.Viewer) {
			s.Chat.Entries = append(s.Chat.Entries, m)
		}
		return
	}
	if s.Chat.Windows == nil { // a stored state without messages
		s.Chat.Windows = map[string][]ChatEntry{}
	}
	s.Chat.Windows[key] = keep(append(s.Chat.Windows[key], m), limits.ChatWindow)
}

func (s *State) unhold(id event.ID) {
	s.Chat.Held = without(s.Chat.Held, func(m *ChatEntry) bool { return m.MessageID == id })
	s.dropClaim(id)
}

// held finds a message that waits for approval, or nil.
func (s *State) held(id event.ID) *ChatEntry {
	return find(s.Chat.Held, func(m *ChatEntry) bool { return m.MessageID == id })
}

// message finds a message in the windows of a full state, or nil.
func (s *State) message(id event.ID) (m *ChatEntry, window string) {
	for key, list := range s.Chat.Windows {
		if m := find(list, func(m *ChatEntry) bool { return m.MessageID == id }); m != nil {
			return m, key
		}
	}
	return nil, ""
}
