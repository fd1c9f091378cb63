package session

import "multistream/shared/event"

// SessionSettings asks for session.settings.changed; what is absent stays as it is, so that two of the staff who change
// different switches at once both get their way.
type SessionSettings struct {
	WaitingRoom *bool   `json:"waitingRoom,omitempty" optional:"true"`
	Visibility  *string `json:"visibility,omitempty" optional:"true" enum:"all,staff"`
	ScreenShare *string `json:"screenShare,omitempty" optional:"true" enum:"staff,all"`
	Questions   *bool   `json:"questions,omitempty" optional:"true"`
	Polls       *bool   `json:"polls,omitempty" optional:"true"`
	Hands       *bool   `json:"hands,omitempty" optional:"true"`
	Reactions   *bool   `json:"reactions,omitempty" optional:"true"`
	Captions    *bool   `json:"captions,omitempty" optional:"true"`
}

func (p *SessionSettings) over(s event.Settings) event.Settings {
	if p != nil {
		set(&s.WaitingRoom, p.WaitingRoom)
		set(&s.Visibility, p.Visibility)
		set(&s.ScreenShare, p.ScreenShare)
		set(&s.Questions, p.Questions)
		set(&s.Polls, p.Polls)
		set(&s.Hands, p.Hands)
		set(&s.Reactions, p.Reactions)
		set(&s.Captions, p.Captions)
	}
	return s
}

func decideSettings(s *State, c *Command, p *SessionSettings) ([]event.Fact, error) {
	changed := p.over(s.Settings)
	if changed == s.Settings {
		return nil, nil
	}
	return one(event.TypeSettingsChanged, &event.SettingsChanged{Settings: changed, ActorUserID: c.Author()})
}
