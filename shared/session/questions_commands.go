package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

var questionCommands = map[string]*CommandType{
	"question.ask":             command(LaneInteraction, "questions", decideAsk),
	"question.answer":          command(LaneStudio, "questions", decideAnswer),
	"question.upvote":          command(LaneInteraction, "questions", decideUpvote),
	"question.withdraw_upvote": command(LaneInteraction, "questions", decideWithdrawUpvote),
	"question.resolve":         command(LaneStudio, "questions", decideResolveQuestion),
	"question.dismiss":         command(LaneStudio, "questions", decideDismissQuestion),
}

// QuestionAsk joins the queue.
type QuestionAsk struct {
	Content string `json:"content" limit:"question_content"`
}

// QuestionAnswer answers in writing, to everybody or to the asker alone.
type QuestionAnswer struct {
	QuestionID event.ID `json:"questionId"`
	Content    string   `json:"content" limit:"answer_content"`
	Private    bool     `json:"private,omitzero" optional:"true"`
}

// QuestionUpvote supports somebody else's question.
type QuestionUpvote struct {
	QuestionID event.ID `json:"questionId"`
}

// QuestionWithdrawUpvote takes one's support back.
type QuestionWithdrawUpvote struct {
	QuestionID event.ID `json:"questionId"`
}

// QuestionResolve closes a question that was dealt with aloud.
type QuestionResolve struct {
	QuestionID event.ID `json:"questionId"`
}

// QuestionDismiss closes a question without an answer.
type QuestionDismiss struct {
	QuestionID event.ID `json:"questionId"`
}

func decideAsk(s *State, c *Command, p *QuestionAsk) ([]event.Fact, error) {
	if err := s.questionsOpen(c); err != nil {
		return nil, err
	}
	open := 0
	for i := range s.Questions {
		if s.Questions[i].Status == QuestionOpen {
			open++
		}
	}
	if open >= limits.OpenQuestions {
		return refuse(fault.LimitReached, "There are %d open questions, which is the most. Yours was not added; ask again when some are answered.", limits.OpenQuestions)
	}
	content, err := textOf("content", p.Content)
	if err != nil {
		return nil, err
	}
	return one(event.TypeQuestionAsked, &event.QuestionAsked{QuestionID: c.newID(s, 1), UserID: c.Actor.UserID,
		DisplayName: event.Plain(c.Actor.DisplayName), Content: content})
}

// questionsOpen refuses where questions are switched off, and to students during an exam: a question is read by all.
func (s *State) questionsOpen(c *Command) error {
	switch {
	case !s.Settings.Questions && !s.widened(c, GrantAsk):
		return fault.New(fault.FeatureOff, "Questions are switched off in this class. Nothing was changed.")
	case s.Exam && !c.byStaff():
		return fault.New(fault.ExamMode, "During the exam there are no questions to the class. Nothing was changed; write to staff in the chat.")
	}
	return nil
}

func decideAnswer(s *State, c *Command, p *QuestionAnswer) ([]event.Fact, error) {
	switch q := s.question(p.QuestionID); {
	case q == nil:
		return noQuestion()
	case q.Status != QuestionOpen:
		return refuse(fault.WrongState, "This question is closed; somebody else may have dealt with it. Your answer was not sent; tell it in the chat if it adds something.")
	}
	content, err := textOf("content", p.Content)
	if err != nil {
		return nil, err
	}
	return one(event.TypeQuestionAnswered, &event.QuestionAnswered{QuestionID: p.QuestionID, UserID: c.Actor.UserID, Content: content, Private: p.Private})
}

func decideUpvote(s *State, c *Command, p *QuestionUpvote) ([]event.Fact, error) {
	if err := s.questionsOpen(c); err != nil {
		return nil, err
	}
	switch q := s.question(p.QuestionID); {
	case q == nil:
		return noQuestion()
	case s.Private.Upvotes[p.QuestionID.String()][c.Actor.UserID.String()]:
		return nil, nil
	case q.Status != QuestionOpen:
		return refuse(fault.WrongState, "This question is closed. Nothing was changed.")
	case q.UserID == c.Actor.UserID:
		return refuse(fault.Forbidden, "This question is your own. Nothing was changed; others can vote for it.")
	}
	return one(event.TypeQuestionUpvoted, &event.QuestionUpvoted{QuestionID: p.QuestionID, UserID: c.Actor.UserID})
}

func decideWithdrawUpvote(s *State, c *Command, p *QuestionWithdrawUpvote) ([]event.Fact, error) {
	switch q := s.question(p.QuestionID); {
	case q == nil:
		return noQuestion()
	case !s.Private.Upvotes[p.QuestionID.String()][c.Actor.UserID.String()]:
		return nil, nil
	case q.Status != QuestionOpen:
		return refuse(fault.WrongState, "This question is closed. Nothing was changed.")
	}
	return one(event.TypeQuestionUpvoteWithdrawn, &event.QuestionUpvoteWithdrawn{QuestionID: p.QuestionID, UserID: c.Actor.UserID})
}

func decideResolveQuestion(s *State, c *Command, p *QuestionResolve) ([]event.Fact, error) {
	open, err := s.stillOpen(p.QuestionID, QuestionResolved)
	if !open {
		return nil, err
	}
	return one(event.TypeQuestionResolved, &event.QuestionResolved{QuestionID: p.QuestionID, ActorUserID: c.Actor.UserID})
}

func decideDismissQuestion(s *State, c *Command, p *QuestionDismiss) ([]event.Fact, error) {
	open, err := s.stillOpen(p.QuestionID, QuestionDismissed)
	if !open {
		return nil, err
	}
	return one(event.TypeQuestionDismissed, &event.QuestionDismissed{QuestionID: p.QuestionID, ActorUserID: c.Actor.UserID})
}

// stillOpen: a question that was closed in the wanted way already is no error, one that was closed in another way is.
func (s *State) stillOpen(id event.ID, wanted string) (bool, error) {
	switch q := s.question(id); {
	case q == nil:
		_, err := noQuestion()
		return false, err
	case q.Status == wanted:
		return false, nil
	case q.Status != QuestionOpen:
		return false, fault.New(fault.WrongState, "This question was closed meanwhile (%s). Nothing was changed.", q.Status)
	}
	return true, nil
}

func noQuestion() ([]event.Fact, error) {
	return refuse(fault.NotFound, "There is no such question among the open and the latest closed ones. Nothing was changed.")
}
