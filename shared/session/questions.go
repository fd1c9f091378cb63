package session

import (
	"multistream/shared/event"
	"multistream/shared/limits"
)

// Status of a question.
const (
	QuestionOpen      = "open"
	QuestionAnswered  = "answered"
	QuestionResolved  = "resolved"
	QuestionDismissed = "dismissed"
)

var questionAppliers = map[string]applier{
	event.TypeQuestionAsked:           on(applyQuestionAsked),
	event.TypeQuestionAnswered:        on(applyQuestionAnswered),
	event.TypeQuestionUpvoted:         on(applyQuestionUpvoted),
	event.TypeQuestionUpvoteWithdrawn: on(applyUpvoteWithdrawn),
	event.TypeQuestionResolved:        on(applyQuestionResolved),
	event.TypeQuestionDismissed:       on(applyQuestionDismissed),
}

var questionDeliverers = map[string]deliverer{
	event.TypeQuestionAnswered:        to(deliverQuestionAnswered),
	event.TypeQuestionUpvoted:         to(deliverQuestionUpvoted),
	event.TypeQuestionUpvoteWithdrawn: to(deliverUpvoteWithdrawn),
}

func applyQuestionAsked(s *State, e *event.Opened, p *event.QuestionAsked) {
	if s.question(p.QuestionID) == nil {
		s.Questions = append(s.Questions, Question{QuestionID: p.QuestionID, UserID: p.UserID, DisplayName: p.DisplayName,
			Content: p.Content, AskedAt: e.CreatedAt, Status: QuestionOpen})
	}
}

func applyQuestionAnswered(s *State, e *event.Opened, p *event.QuestionAnswered) {
	q := s.question(p.QuestionID)
	if q == nil || q.Status != QuestionOpen {
		return
	}
	q.AnswerBy, q.Answer, q.Privately = p.UserID, p.Content, p.Private
	s.closeQuestion(e, q, QuestionAnswered)
}

func applyQuestionResolved(s *State, e *event.Opened, p *event.QuestionResolved) {
	s.closeQuestion(e, s.question(p.QuestionID), QuestionResolved)
}

func applyQuestionDismissed(s *State, e *event.Opened, p *event.QuestionDismissed) {
	s.closeQuestion(e, s.question(p.QuestionID), QuestionDismissed)
}

func (s *State) closeQuestion(e *event.Opened, q *Question, status string) {
	if q == nil || q.Status != QuestionOpen {
		return
	}
	q.Status, q.ClosedSeq = status, e.Sequence
	s.dropClaim(q.QuestionID)
	if oldest := oldestOver(s.Questions, limits.ClosedQuestions, func(q *Question) int64 { return q.ClosedSeq }); oldest != nil {
		gone := oldest.QuestionID
		s.Questions = without(s.Questions, func(q *Question) bool { return q.QuestionID == gone })
		if s.Private != nil {
			delete(s.Private.Upvotes, gone.String())
		}
	}
}

func applyQuestionUpvoted(s *State, _ *event.Opened, p *event.QuestionUpvoted) {
	s.upvote(p.QuestionID, p.UserID, p.Upvotes, true)
}

func applyUpvoteWithdrawn(s *State, _ *event.Opened, p *event.QuestionUpvoteWithdrawn) {
	s.upvote(p.QuestionID, p.UserID, p.Upvotes, false)
}

// upvote counts in a full state; a view is told the count.
func (s *State) upvote(id, user event.ID, count int, up bool) {
	q := s.question(id)
	switch {
	case q == nil:
	case s.Private == nil:
		q.Upvotes = count
		if user == s.Viewer.UserID {
			q.Mine = up
		}
	default:
		key := id.String()
		if s.Private.Upvotes[key] == nil {
			s.Private.Upvotes[key] = map[string]bool{}
		}
		if up {
			s.Private.Upvotes[key][user.String()] = true
		} else {
			delete(s.Private.Upvotes[key], user.String())
		}
		q.Upvotes = len(s.Private.Upvotes[key])
	}
}

func (s *State) question(id event.ID) *Question {
	return find(s.Questions, func(q *Question) bool { return q.QuestionID == id })
}

// deliverQuestionAnswered: of a private answer others see only that the question is closed, not by whom.
func deliverQuestionAnswered(s *State, _ *event.Opened, p *event.QuestionAnswered) Delivery {
	q := s.question(p.QuestionID)
	if !p.Private || q == nil {
		return Delivery{Staff: p, Members: p}
	}
	return Delivery{Staff: p, Members: &event.QuestionAnswered{QuestionID: p.QuestionID, Private: true},
		Persons: s.persons(p, q.UserID), HideActor: map[Standing]bool{StandingMember: true}}
}

// unnamed hides who voted from everybody but the voter.
var unnamed = map[Standing]bool{StandingStaff: true, StandingMember: true}

func deliverQuestionUpvoted(s *State, _ *event.Opened, p *event.QuestionUpvoted) Delivery {
	count := s.upvotes(p.QuestionID)
	others := &event.QuestionUpvoted{QuestionID: p.QuestionID, Upvotes: count}
	own := &event.QuestionUpvoted{QuestionID: p.QuestionID, UserID: p.UserID, Upvotes: count}
	return Delivery{Staff: others, Members: others, Persons: s.persons(own, p.UserID), HideActor: unnamed}
}

func deliverUpvoteWithdrawn(s *State, _ *event.Opened, p *event.QuestionUpvoteWithdrawn) Delivery {
	count := s.upvotes(p.QuestionID)
	others := &event.QuestionUpvoteWithdrawn{QuestionID: p.QuestionID, Upvotes: count}
	own := &event.QuestionUpvoteWithdrawn{QuestionID: p.QuestionID, UserID: p.UserID, Upvotes: count}
	return Delivery{Staff: others, Members: others, Persons: s.persons(own, p.UserID), HideActor: unnamed}
}

func (s *State) upvotes(id event.ID) int {
	if q := s.question(id); q != nil {
		return q.Upvotes
	}
	return 0
}
