package session

import "multistream/shared/event"

// persons names who gets a payload whatever their standing, of those who are in the class.
func (s *State) persons(payload any, users ...event.ID) map[event.ID]any {
	out := map[event.ID]any{}
	for _, id := range users {
		if s.present(id) != nil {
			out[id] = payload
		}
	}
	return out
}

// addressed gives a payload to the recipients of a message and to its author.
func (s *State) addressed(payload any, to event.Recipient, author event.ID) Delivery {
	switch to.Audience {
	case "staff":
		return Delivery{Staff: payload, Persons: s.persons(payload, author)}
	case "user":
		return Delivery{Persons: s.persons(payload, author, to.UserID)}
	}
	return Delivery{Staff: payload, Members: payload}
}

func deliverChatMessage(s *State, _ *event.Opened, p *event.ChatMessage) Delivery {
	return s.addressed(p, p.To, p.UserID)
}

func deliverChatHeld(s *State, _ *event.Opened, p *event.ChatHeld) Delivery {
	return Delivery{Staff: p, Persons: s.persons(p, p.UserID)}
}

// deliverChatApproved goes to all staff: the message leaves their list of held ones.
func deliverChatApproved(s *State, _ *event.Opened, p *event.ChatApproved) Delivery {
	d := s.addressed(p, p.To, p.UserID)
	d.Staff = p
	return d
}

// deliverChatDeleted goes to those who could see the message. One that is in no window was held (or is older than every
// view): only staff and its author know of it.
func deliverChatDeleted(s *State, _ *event.Opened, p *event.ChatDeleted) Delivery {
	if m, _ := s.message(p.MessageID); m == nil {
		return Delivery{Staff: p, Persons: s.persons(p, p.UserID)}
	}
	d := s.addressed(p, p.To, p.UserID)
	if s.reported(p.MessageID) {
		d.Staff = p
	}
	return d
}

// deliverChatSettings keeps the word list from those whom it is about.
func deliverChatSettings(_ *State, _ *event.Opened, p *event.ChatSettingsChanged) Delivery {
	told := *p
	told.Words = Words{}
	return Delivery{Staff: p, Members: &told}
}
