package session

import (
	"fmt"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

func TestFeatures(t *testing.T) {
	c := liveClass(t, student("Sam"))
	bad := func(feature, reason string) *FeatureDegrade { return &FeatureDegrade{Feature: feature, Reason: reason} }
	c.refused(fault.Forbidden, teacher(), "feature.degrade", bad("chat", "crashed"))
	c.refused(fault.Forbidden, teacher(), "feature.restore", &FeatureRestore{Feature: "chat"})
	c.noop(system(), "feature.restore", &FeatureRestore{Feature: "chat"})
	c.do(system(), "feature.degrade", bad("chat", "crashed"))
	c.noop(system(), "feature.degrade", bad("chat", "crashed"))
	c.do(system(), "feature.degrade", bad("chat", "hanging"))
	c.refused(fault.FeatureDegraded, student("Sam"), "chat.send", toAll("hello"))
	c.do(student("Sam"), "hand.raise", nil) // others don't notice
	if got := View(c.s, who("Sam")).Features["chat"].Reason; got != "hanging" {
		t.Errorf("Sam sees the chat as %q", got)
	}
	c.do(system(), "feature.restore", &FeatureRestore{Feature: "chat"})
	c.do(student("Sam"), "chat.send", toAll("hello"))
	for i := range featureLimit {
		c.do(system(), "feature.degrade", bad(fmt.Sprint("feature", i), "disk"))
	}
	c.refused(fault.LimitReached, system(), "feature.degrade", bad("one more", "disk"))
	c.do(system(), "feature.degrade", bad("feature1", "crashed"))
	c.finish()
}

func TestExam(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"), student("Pia"))
	away := func(name string) bool { return c.s.Desk.Unfocused[who(name).String()] }
	c.noop(teacher(), "exam.end", nil)
	c.noop(student("Sam"), "exam.focus", &ExamFocus{Focused: false}) // no exam
	c.do(teacher(), "exam.start", nil)
	c.noop(assistant("Ann"), "exam.start", nil)
	c.refused(fault.NotJoined, student("Out"), "exam.focus", &ExamFocus{Focused: false})
	c.noop(assistant("Ann"), "exam.focus", &ExamFocus{Focused: false})
	c.noop(student("Sam"), "exam.focus", &ExamFocus{Focused: true})
	e := c.do(student("Sam"), "exam.focus", &ExamFocus{Focused: false})[0]
	c.noop(student("Sam"), "exam.focus", &ExamFocus{Focused: false})
	if d := Deliver(c.s, &e); d.For(&e, who("Pia"), StandingMember) != nil || d.For(&e, who("Sam"), StandingMember) != nil {
		t.Error("students are told who left the page")
	}
	c.do(student("Pia"), "exam.focus", &ExamFocus{Focused: false})
	c.do(student("Pia"), "exam.focus", &ExamFocus{Focused: true})
	if !away("Sam") || away("Pia") {
		t.Errorf("away: %v", c.s.Desk.Unfocused)
	}
	c.do(student("Sam"), "participant.leave", nil)
	c.join(student("Sam"))
	if away("Sam") {
		t.Error("who came back is still away from the page")
	}
	c.do(student("Sam"), "exam.focus", &ExamFocus{Focused: false})
	c.do(teacher(), "exam.end", nil)
	if c.s.Exam || away("Sam") {
		t.Error("the exam is over, but not for all")
	}
	c.finish()
}

func TestCTA(t *testing.T) {
	c := liveClass(t, student("Sam"))
	show := func(url string) *CTAShow { return &CTAShow{Label: "Feedback", URL: url} }
	for _, url := range []string{"", "x", "javascript:alert(1)", "data:text/html,x", "ftp://h/x", "https://", "https:///path", "http://?q",
		"https://h /x", "https://h\n", "//h/x", "https:\\\\h", "file:///etc/passwd", " https://h"} {
		c.refused(fault.InvalidField, teacher(), "cta.show", show(url))
	}
	c.noop(teacher(), "cta.hide", nil)
	first := c.do(teacher(), "cta.show", show("https://example.org/a?b=c#d"))[0].Payload.(*event.CTAShown).CTAID
	c.noop(teacher(), "cta.show", show("https://example.org/a?b=c#d"))
	c.wait(1000)
	second := c.do(teacher(), "cta.show", show("HTTP://example.org"))[0].Payload.(*event.CTAShown).CTAID
	if first == second {
		t.Error("two calls to action with one id")
	}
	c.noop(teacher(), "cta.hide", &CTAHide{CTAID: first}) // replaced meanwhile
	if v := View(c.s, who("Sam")); v.CTA == nil || v.CTA.CTAID != second || len(v.Timeline) == 0 {
		t.Errorf("Sam sees %+v", v.CTA)
	}
	if c.append(who("Tess"), event.Fact{Type: event.TypeCTAHidden, Payload: &event.CTAHidden{CTAID: first}}); c.s.CTA == nil {
		t.Error("hiding the one before hid this one")
	}
	c.do(teacher(), "cta.hide", nil)
	c.do(teacher(), "cta.show", show("https://example.org"))
	c.do(teacher(), "cta.hide", &CTAHide{CTAID: c.s.CTA.CTAID})
	var marks []string
	for _, m := range c.s.Timeline {
		marks = append(marks, m.Kind)
	}
	if got := strings.Count(strings.Join(marks, " "), "cta"); got != 3 {
		t.Errorf("%d marks of calls to action in %v", got, marks)
	}
	c.finish()
}
