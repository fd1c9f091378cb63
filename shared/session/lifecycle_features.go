package session

import "multistream/shared/event"

func applyFeatureDegraded(s *State, _ *event.Opened, p *event.FeatureDegraded) {
	s.Features[p.Feature] = Degraded{Reason: p.Reason, Since: p.Since}
}

func applyFeatureRestored(s *State, _ *event.Opened, p *event.FeatureRestored) {
	delete(s.Features, p.Feature)
}

func applyExamStarted(s *State, _ *event.Opened, _ *event.ExamStarted) { s.Exam = true }

func applyExamEnded(s *State, _ *event.Opened, _ *event.ExamEnded) {
	s.Exam = false
	if s.Desk != nil {
		s.Desk.Unfocused = map[string]bool{}
	}
}

func applyExamFocus(s *State, _ *event.Opened, p *event.ExamFocusChanged) {
	switch {
	case s.Desk == nil:
	case p.Focused:
		delete(s.Desk.Unfocused, p.UserID.String())
	default:
		s.Desk.Unfocused[p.UserID.String()] = true
	}
}

func applyCTAShown(s *State, e *event.Opened, p *event.CTAShown) {
	s.CTA = &CTA{CTAID: p.CTAID, UserID: e.ActorID, Label: p.Label, URL: p.URL}
	addMark(s, e, Mark{Kind: "cta", RefID: p.CTAID, UserID: e.ActorID, Title: p.Label})
}

func applyCTAHidden(s *State, _ *event.Opened, p *event.CTAHidden) {
	if s.CTA != nil && s.CTA.CTAID == p.CTAID {
		s.CTA = nil
	}
}
