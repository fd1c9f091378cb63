package session

import (
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

func (c *class) asks(a Actor, content string) event.ID {
	c.t.Helper()
	return c.do(a, "question.ask", &QuestionAsk{Content: content})[0].Payload.(*event.QuestionAsked).QuestionID
}

func TestAnswers(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	open, closed := c.asks(sam, "what is a half?"), c.asks(sam, "may I go out?")
	c.refused(fault.InvalidField, sam, "question.ask", &QuestionAsk{Content: "\t"})
	c.refused(fault.NotFound, teacher(), "question.answer", &QuestionAnswer{QuestionID: who("none"), Content: "x"})
	c.refused(fault.InvalidField, teacher(), "question.answer", &QuestionAnswer{QuestionID: open, Content: " "})
	c.do(teacher(), "question.answer", &QuestionAnswer{QuestionID: open, Content: "one of two equal parts"})
	e := c.do(teacher(), "question.answer", &QuestionAnswer{QuestionID: closed, Content: "yes", Private: true})[0]
	c.refused(fault.WrongState, teacher(), "question.answer", &QuestionAnswer{QuestionID: open, Content: "no"})
	for name, answer := range map[string]string{"Sam": "yes", "Tess": "yes", "Pia": ""} {
		q := View(c.s, who(name)).Questions[1]
		if q.Answer.V != answer || q.Status != QuestionAnswered || !q.Privately || q.AnswerBy.IsZero() != (answer == "") {
			t.Errorf("%s sees %+v", name, q)
		}
	}
	d := Deliver(c.s, &e)
	if got := d.For(&e, pia.UserID, StandingMember); !got.ActorID.IsZero() || got.Payload.(*event.QuestionAnswered).Content.V != "" {
		t.Errorf("others are told %+v", got)
	}
	c.finish()
}

func TestUpvotes(t *testing.T) {
	sam, pia, oz := student("Sam"), student("Pia"), student("Oz")
	c := liveClass(t, sam, pia, oz)
	q := c.asks(sam, "why?")
	c.refused(fault.Forbidden, sam, "question.upvote", &QuestionUpvote{QuestionID: q})
	c.refused(fault.NotFound, pia, "question.upvote", &QuestionUpvote{QuestionID: who("none")})
	c.noop(pia, "question.withdraw_upvote", &QuestionWithdrawUpvote{QuestionID: q})
	c.do(pia, "question.upvote", &QuestionUpvote{QuestionID: q})
	c.noop(pia, "question.upvote", &QuestionUpvote{QuestionID: q})
	e := c.do(oz, "question.upvote", &QuestionUpvote{QuestionID: q})[0]
	for name, mine := range map[string]bool{"Pia": true, "Oz": true, "Sam": false, "Tess": false} {
		if got := View(c.s, who(name)).Questions[0]; got.Upvotes != 2 || got.Mine != mine {
			t.Errorf("%s sees %d upvotes, own %v", name, got.Upvotes, got.Mine)
		}
	}
	d := Deliver(c.s, &e)
	for name, standing := range map[string]Standing{"Tess": StandingStaff, "Sam": StandingMember} {
		if got := d.For(&e, who(name), standing); !got.ActorID.IsZero() || !got.Payload.(*event.QuestionUpvoted).UserID.IsZero() {
			t.Errorf("%s learns who voted: %+v", name, got)
		}
	}
	c.do(oz, "question.withdraw_upvote", &QuestionWithdrawUpvote{QuestionID: q})
	c.do(pia, "question.withdraw_upvote", &QuestionWithdrawUpvote{QuestionID: q})
	c.do(pia, "question.upvote", &QuestionUpvote{QuestionID: q})
	c.do(teacher(), "question.dismiss", &QuestionDismiss{QuestionID: q})
	c.refused(fault.WrongState, oz, "question.upvote", &QuestionUpvote{QuestionID: q})
	c.refused(fault.WrongState, pia, "question.withdraw_upvote", &QuestionWithdrawUpvote{QuestionID: q})
	c.finish()
}

func TestClosingQuestions(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	q := c.asks(sam, "why?")
	c.do(teacher(), "question.resolve", &QuestionResolve{QuestionID: q})
	c.noop(teacher(), "question.resolve", &QuestionResolve{QuestionID: q})
	c.refused(fault.WrongState, teacher(), "question.dismiss", &QuestionDismiss{QuestionID: q})
	c.refused(fault.NotFound, teacher(), "question.dismiss", &QuestionDismiss{QuestionID: who("none")})
	late := c.asks(sam, "asked first, closed last")
	var closed []event.ID
	for range limits.ClosedQuestions {
		id := c.asks(sam, "and?")
		c.do(pia, "question.upvote", &QuestionUpvote{QuestionID: id})
		c.do(teacher(), "question.dismiss", &QuestionDismiss{QuestionID: id})
		closed = append(closed, id)
	}
	if c.s.question(q) != nil || c.s.question(closed[0]) == nil {
		t.Error("the window of closed questions did not drop the one closed first")
	}
	c.do(teacher(), "question.dismiss", &QuestionDismiss{QuestionID: late})
	if c.s.question(closed[0]) != nil || c.s.question(late) == nil || len(c.s.Private.Upvotes) != limits.ClosedQuestions-1 {
		t.Errorf("the window goes by closing, and upvotes go with it: %d kept", len(c.s.Private.Upvotes))
	}
	c.finish()
	for range limits.OpenQuestions {
		c.asks(sam, "more")
	}
	c.refused(fault.LimitReached, pia, "question.ask", &QuestionAsk{Content: "x"})
}

func TestQuestionsSwitchedOffAndInExams(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	q := c.asks(sam, "why?")
	c.do(teacher(), "exam.start", nil)
	c.refused(fault.ExamMode, sam, "question.ask", &QuestionAsk{Content: "x"})
	c.refused(fault.ExamMode, pia, "question.upvote", &QuestionUpvote{QuestionID: q})
	c.asks(teacher(), "a hint for all: read the second page")
	c.do(teacher(), "exam.end", nil)
	c.s.Settings.Questions = false
	c.refused(fault.FeatureOff, sam, "question.ask", &QuestionAsk{Content: "x"})
	c.refused(fault.FeatureOff, pia, "question.upvote", &QuestionUpvote{QuestionID: q})
	c.do(teacher(), "question.answer", &QuestionAnswer{QuestionID: q, Content: "because"})
}
