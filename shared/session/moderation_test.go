package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

func (c *class) reports(a Actor, message event.ID) event.ID {
	c.t.Helper()
	e := c.do(a, "message.report", &MessageReport{MessageID: message, Reason: "abuse", Note: "please look"})
	return e[0].Payload.(*event.MessageReported).ReportID
}

func TestReports(t *testing.T) {
	sam, pia, oz, ann := student("Sam"), student("Pia"), student("Oz"), assistant("Ann")
	c := liveClass(t, sam, pia, oz, ann)
	c.rules(func(*ChatConfigure) {})
	open, pair, staff := c.says(sam, toAll("mean")), c.says(sam, toUser("Pia", "meaner")), c.says(sam, toStaff("c"))
	for _, unseen := range []event.ID{pair, staff, who("nothing")} {
		c.refused(fault.NotFound, oz, "message.report", &MessageReport{MessageID: unseen, Reason: "abuse"})
	}
	c.refused(fault.Forbidden, sam, "message.report", &MessageReport{MessageID: open, Reason: "abuse"})
	first, second := c.reports(oz, open), c.reports(pia, open)
	private := c.reports(pia, pair)
	c.noop(oz, "message.report", &MessageReport{MessageID: open, Reason: "spam"})
	if got := c.s.Desk.Reports[2]; got.Content.V != "meaner" || got.AuthorID != sam.UserID || got.To.UserID != pia.UserID || got.Note.V != "please look" {
		t.Errorf("report: %+v", got)
	}
	c.do(ann, "moderation.claim", &ModerationClaim{ItemID: first, Kind: "report"})
	events := c.do(ann, "report.resolve", &ReportResolve{ReportID: second, Outcome: "deleted"})
	if want := []string{event.TypeChatDeleted, event.TypeReportResolved, event.TypeReportResolved}; !slices.Equal(typesOf(events), want) {
		t.Errorf("facts %v, want %v", typesOf(events), want)
	}
	if m, _ := c.s.message(open); !m.Deleted || len(c.s.Desk.Reports) != 1 || len(c.s.Desk.Claims) != 0 {
		t.Errorf("after it: message %+v, reports %+v, claims %v", m, c.s.Desk.Reports, c.s.Desk.Claims)
	}
	c.refused(fault.NotFound, teacher(), "report.resolve", &ReportResolve{ReportID: first, Outcome: "dismissed"})
	c.refused(fault.InvalidField, teacher(), "report.resolve", &ReportResolve{ReportID: private, Outcome: "forgiven"})
	c.do(teacher(), "report.resolve", &ReportResolve{ReportID: private, Outcome: "dismissed"})
	again := c.reports(pia, pair)
	c.do(sam, "chat.delete", &ChatDelete{MessageID: pair})
	events = c.do(teacher(), "report.resolve", &ReportResolve{ReportID: again, Outcome: "deleted"})
	if want := []string{event.TypeReportResolved}; !slices.Equal(typesOf(events), want) {
		t.Errorf("of a deleted message: facts %v, want %v", typesOf(events), want)
	}
	c.refused(fault.NotFound, pia, "message.report", &MessageReport{MessageID: pair, Reason: "abuse"})
	c.finish()
}

func TestReportOutlivesItsMessage(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	report := c.reports(pia, c.says(sam, toAll("mean")))
	for range limits.ChatWindow {
		c.says(teacher(), toAll("on we go"))
	}
	deleted := c.do(teacher(), "report.resolve", &ReportResolve{ReportID: report, Outcome: "deleted"})[0].Payload.(*event.ChatDeleted)
	if deleted.To.Audience != "all" || deleted.UserID != sam.UserID {
		t.Errorf("the deletion of an old message: %+v", deleted)
	}
	for len(c.s.Desk.Reports) < limits.OpenReports {
		c.reports(pia, c.says(sam, toAll("mean")))
	}
	c.refused(fault.LimitReached, pia, "message.report", &MessageReport{MessageID: c.says(sam, toAll("mean")), Reason: "abuse"})
}

func TestClaims(t *testing.T) {
	sam, ann, ben := student("Sam"), assistant("Ann"), assistant("Ben")
	c := liveClass(t, sam, ann, ben)
	c.rules(func(r *ChatConfigure) { r.Hold = true })
	held := c.says(sam, toAll("x"))
	question := c.asks(sam, "why?")
	c.do(sam, "hand.raise", nil)
	for kind, item := range map[string]event.ID{"message": who("a"), "report": held, "question": held, "hand": ann.UserID, "poll": held} {
		c.refused(fault.NotFound, ann, "moderation.claim", &ModerationClaim{ItemID: item, Kind: kind})
	}
	for kind, item := range map[string]event.ID{"message": held, "question": question, "hand": sam.UserID} {
		c.do(ann, "moderation.claim", &ModerationClaim{ItemID: item, Kind: kind})
		c.noop(ann, "moderation.claim", &ModerationClaim{ItemID: item, Kind: kind})
		c.refused(fault.ClaimedByOther, ben, "moderation.claim", &ModerationClaim{ItemID: item, Kind: kind})
		c.refused(fault.ClaimedByOther, ben, "moderation.release", &ModerationRelease{ItemID: item})
	}
	c.do(ann, "moderation.release", &ModerationRelease{ItemID: held})
	c.noop(ann, "moderation.release", &ModerationRelease{ItemID: held})
	c.do(ben, "moderation.claim", &ModerationClaim{ItemID: held, Kind: "message"})
	c.do(ann, "participant.leave", nil)
	c.do(ben, "moderation.claim", &ModerationClaim{ItemID: question, Kind: "question"}) // Ann left with it
	c.do(ben, "moderation.release", &ModerationRelease{ItemID: sam.UserID})
	c.do(ben, "moderation.claim", &ModerationClaim{ItemID: sam.UserID, Kind: "hand"})
	c.do(ben, "question.resolve", &QuestionResolve{QuestionID: question})
	c.do(ben, "chat.approve", &ChatApprove{MessageID: held})
	c.do(sam, "hand.lower", nil)
	if len(c.s.Desk.Claims) != 0 {
		t.Errorf("claims on what was dealt with: %v", c.s.Desk.Claims)
	}
	c.finish()
}
