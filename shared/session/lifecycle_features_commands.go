package session

import (
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// featureLimit bounds how many features can be known as degraded; there are far fewer.
const featureLimit = 40

// FeatureDegrade is the box's: an async feature does not work.
type FeatureDegrade struct {
	Feature string     `json:"feature" limit:"feature_name"`
	Reason  string     `json:"reason" enum:"refused,hanging,crashed,unreachable,disk"`
	Since   event.Time `json:"since,omitzero" optional:"true"`
}

// FeatureRestore is the box's: it works again.
type FeatureRestore struct {
	Feature string `json:"feature" limit:"feature_name"`
}

// ExamStart asks for exam.started.
type ExamStart struct{}

// ExamEnd asks for exam.ended.
type ExamEnd struct{}

// ExamFocus tells whether the page of a student is in front, during an exam.
type ExamFocus struct {
	Focused bool `json:"focused"`
}

// CTAShow asks for cta.shown.
type CTAShow struct {
	Label string `json:"label" limit:"cta_label"`
	URL   string `json:"url" limit:"cta_url"`
}

// CTAHide asks for cta.hidden: of this one, or of whichever is on screen.
type CTAHide struct {
	CTAID event.ID `json:"ctaId,omitzero" optional:"true"`
}

func decideFeatureDegrade(s *State, c *Command, p *FeatureDegrade) ([]event.Fact, error) {
	now, bad := s.Features[p.Feature]
	switch {
	case !c.Actor.System:
		return refuseOutsider()
	case bad && now.Reason == p.Reason:
		return nil, nil
	case !bad && len(s.Features) >= featureLimit:
		return refuse(fault.LimitReached, "More than %d features are known as degraded; this one was not noted.", featureLimit)
	}
	return one(event.TypeFeatureDegraded, &event.FeatureDegraded{Feature: p.Feature, Reason: p.Reason, Since: notAfter(p.Since, c.Now)})
}

func decideFeatureRestore(s *State, c *Command, p *FeatureRestore) ([]event.Fact, error) {
	if !c.Actor.System {
		return refuseOutsider()
	}
	if _, bad := s.Features[p.Feature]; !bad {
		return nil, nil
	}
	return one(event.TypeFeatureRestored, &event.FeatureRestored{Feature: p.Feature})
}

// refuseOutsider refuses a person who gives a command of the box itself.
func refuseOutsider() ([]event.Fact, error) {
	return refuse(fault.Forbidden, "Only the box itself may say this. Nothing was changed.")
}

func decideExamStart(s *State, c *Command, _ *ExamStart) ([]event.Fact, error) {
	if s.Exam {
		return nil, nil
	}
	return one(event.TypeExamStarted, &event.ExamStarted{ActorUserID: c.Author()})
}

func decideExamEnd(s *State, c *Command, _ *ExamEnd) ([]event.Fact, error) {
	if !s.Exam {
		return nil, nil
	}
	return one(event.TypeExamEnded, &event.ExamEnded{ActorUserID: c.Author()})
}

func decideExamFocus(s *State, c *Command, p *ExamFocus) ([]event.Fact, error) {
	me := s.present(c.Actor.UserID)
	switch {
	case me == nil:
		return refuseNotJoined()
	case !s.Exam || IsStaff(me.Role) || s.Desk.Unfocused[me.UserID.String()] == !p.Focused:
		return nil, nil
	}
	return one(event.TypeExamFocusChanged, &event.ExamFocusChanged{UserID: me.UserID, Focused: p.Focused})
}

func decideCTAShow(s *State, c *Command, p *CTAShow) ([]event.Fact, error) {
	if !webAddress(p.URL) {
		return nil, fault.At(fault.InvalidField, "url", "The address must begin with https:// or http:// and name a host. Nothing was shown; correct it.")
	}
	if now := s.CTA; now != nil && now.URL == event.Plain(p.URL) && now.Label == event.Plain(p.Label) {
		return nil, nil
	}
	return one(event.TypeCTAShown, &event.CTAShown{CTAID: c.newID(s, 0), Label: event.Plain(p.Label), URL: event.Plain(p.URL)})
}

// webAddress tells whether a text can be put in a link: http or https with a host, no blanks or control characters.
func webAddress(url string) bool {
	scheme, rest, ok := strings.Cut(url, "://")
	host := strings.TrimLeft(rest, "/?#")
	return ok && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")) && host == rest && rest != "" &&
		!strings.ContainsFunc(url, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' })
}

func decideCTAHide(s *State, _ *Command, p *CTAHide) ([]event.Fact, error) {
	if s.CTA == nil || !p.CTAID.IsZero() && p.CTAID != s.CTA.CTAID {
		return nil, nil
	}
	return one(event.TypeCTAHidden, &event.CTAHidden{CTAID: s.CTA.CTAID})
}
