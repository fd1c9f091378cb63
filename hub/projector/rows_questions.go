package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

var questionRules = map[string]rule{
	event.TypeQuestionAsked:    on(asked),
	event.TypeQuestionAnswered: on(answered),
	event.TypeQuestionResolved: on(func(s *session.State, e *Event, p *event.QuestionResolved) []Change {
		return closed(s, e, p.QuestionID, "answered", nil)
	}),
	event.TypeQuestionDismissed: on(func(s *session.State, e *Event, p *event.QuestionDismissed) []Change {
		return closed(s, e, p.QuestionID, "dismissed", nil)
	}),
}

var upvoteRules = map[string]rule{
	event.TypeQuestionUpvoted: on(func(s *session.State, _ *Event, p *event.QuestionUpvoted) []Change { return upvoted(s, p.QuestionID) }),
	event.TypeQuestionUpvoteWithdrawn: on(func(s *session.State, _ *Event, p *event.QuestionUpvoteWithdrawn) []Change {
		return upvoted(s, p.QuestionID)
	}),
}

func question(s *session.State, id event.ID) *session.Question {
	return find(s.Questions, func(q *session.Question) bool { return q.QuestionID == id })
}

func byQuestion(id event.ID) Columns { return Columns{"question_id": id} }

func asked(s *session.State, e *Event, p *event.QuestionAsked) []Change {
	if question(s, p.QuestionID) != nil {
		return nil
	}
	set := text("content", "erased", p.Content).and(Columns{"sequence": int(e.Sequence), "user_id": p.UserID, "status": "open", "upvotes": 0,
		"answer": nil, "answer_erased": false, "answer_private": false, "answered_by": nil, "created_at": e.CreatedAt})
	return []Change{
		{Table: Questions, Key: byID(p.QuestionID), Set: set},
		{Table: AnalyticsOfQuestion, Key: byQuestion(p.QuestionID), Set: Columns{"upvotes": 0, "outcome": "open", "answered_after_ms": nil}},
	}
}

func answered(s *session.State, e *Event, p *event.QuestionAnswered) []Change {
	return closed(s, e, p.QuestionID, "answered", text("answer", "answer_erased", p.Content).and(Columns{"answered_by": p.UserID, "answer_private": p.Private}))
}

// closed ends a question that is open. One that was dealt with aloud is answered without a text.
func closed(s *session.State, e *Event, id event.ID, status string, more Columns) []Change {
	q := question(s, id)
	if q == nil || q.Status != session.QuestionOpen {
		return nil
	}
	var waited any
	if status == "answered" {
		waited = int(e.CreatedAt - q.AskedAt)
	}
	return []Change{
		{Table: Questions, Key: byID(id), Set: Columns{"status": status}.and(more), Old: true},
		{Table: AnalyticsOfQuestion, Key: byQuestion(id), Set: Columns{"outcome": status, "answered_after_ms": waited}, Old: true},
	}
}

func upvoted(s *session.State, id event.ID) []Change {
	q := question(s, id)
	if q == nil {
		return nil
	}
	return []Change{
		{Table: Questions, Key: byID(id), Set: Columns{"upvotes": q.Upvotes}, Old: true},
		{Table: AnalyticsOfQuestion, Key: byQuestion(id), Set: Columns{"upvotes": q.Upvotes}, Old: true},
	}
}
