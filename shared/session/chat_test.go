package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

func toAll(s string) *ChatSend { return &ChatSend{Content: s, To: ChatRecipient{Audience: "all"}} }

func toStaff(s string) *ChatSend { return &ChatSend{Content: s, To: ChatRecipient{Audience: "staff"}} }

func toUser(name, s string) *ChatSend {
	return &ChatSend{Content: s, To: ChatRecipient{Audience: "user", UserID: who(name)}}
}

// says gives the id of a message that was sent, or held.

func (c *class) says(a Actor, m *ChatSend) event.ID {
	c.t.Helper()
	switch p := c.do(a, "chat.send", m)[0].Payload.(type) {
	case *event.ChatMessage:
		return p.MessageID
	case *event.ChatHeld:
		return p.MessageID
	}
	return event.ID{}
}

// reads lists what somebody reads now, and what they see as held.

func (c *class) reads(name string) (shown, held []string) {
	v := View(c.s, who(name))
	for _, m := range v.Chat.Entries {
		shown = append(shown, m.Content.V)
	}
	for _, m := range v.Chat.Held {
		held = append(held, m.Content.V)
	}
	return shown, held
}

func (c *class) wantReads(name string, shown, held []string) {
	c.t.Helper()
	if s, h := c.reads(name); !slices.Equal(s, shown) || !slices.Equal(h, held) {
		c.t.Errorf("%s reads %q and %q held, want %q and %q held", name, s, h, shown, held)
	}
}

// rules sets the chat's rules from the open ones.

func (c *class) rules(change func(*ChatConfigure)) {
	c.t.Helper()
	r := &ChatConfigure{Enabled: true, Private: "all"}
	change(r)
	c.do(teacher(), "chat.settings", r)
}

func TestWhoReadsWhat(t *testing.T) {
	sam, pia, ann := student("Sam"), student("Pia"), assistant("Ann")
	c := liveClass(t, sam, pia, ann)
	c.rules(func(*ChatConfigure) {})
	c.says(sam, toAll("1"))
	c.says(sam, toStaff("2"))
	c.says(sam, toUser("Pia", "3"))
	c.says(ann, toUser("Tess", "4"))
	c.says(teacher(), toUser("Sam", "5"))
	c.says(ann, toStaff("6"))
	for name, want := range map[string][]string{"Sam": {"1", "2", "3", "5"}, "Pia": {"1", "3"}, "Ann": {"1", "2", "4", "6"}, "Tess": {"1", "2", "4", "5", "6"}} {
		c.wantReads(name, want, nil)
	}
	c.finish()
}

func TestWhomStudentsWriteTo(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	for _, row := range []struct {
		private       string
		exam          bool
		staff, toTess fault.Code // "" for accepted
		toPia, all    fault.Code
	}{
		{private: "all"},
		{private: "staff", toPia: fault.Forbidden},
		{private: "off", toPia: fault.FeatureOff, toTess: fault.FeatureOff},
		{private: "all", exam: true, toPia: fault.ExamMode, all: fault.ExamMode},
		{private: "staff", exam: true, toPia: fault.ExamMode, all: fault.ExamMode},
		{private: "off", exam: true, toPia: fault.FeatureOff, toTess: fault.FeatureOff, all: fault.ExamMode},
	} {
		c := liveClass(t, sam, pia)
		c.rules(func(r *ChatConfigure) { r.Private, r.SlowSeconds = row.private, 1 })
		if row.exam {
			c.do(teacher(), "exam.start", nil)
		}
		for _, m := range []struct {
			send *ChatSend
			want fault.Code
		}{{toStaff("x"), row.staff}, {toUser("Tess", "x"), row.toTess}, {toUser("Pia", "x"), row.toPia}, {toAll("x"), row.all}} {
			c.wait(1000)
			if m.want != "" {
				c.refused(m.want, sam, "chat.send", m.send)
			} else {
				c.do(sam, "chat.send", m.send)
			}
			if name := m.send.To.UserID; name != who("Tess") {
				c.do(teacher(), "chat.send", m.send) // staff may always
			}
		}
		c.finish()
	}
}

func TestChatRefusals(t *testing.T) {
	sam := student("Sam")
	c := liveClass(t, sam)
	c.rules(func(r *ChatConfigure) { r.SlowSeconds = 30 })
	c.refused(fault.InvalidField, sam, "chat.send", toAll(" \n "))
	c.refused(fault.InvalidField, sam, "chat.send", toUser("Sam", "hello me"))
	c.refused(fault.NotFound, sam, "chat.send", toUser("Nobody", "x"))
	c.refused(fault.InvalidField, sam, "chat.send", &ChatSend{Content: "x", To: ChatRecipient{Audience: "world"}})
	c.says(sam, toAll("first"))
	c.wait(29_999)
	c.refused(fault.SlowMode, sam, "chat.send", toAll("too soon"))
	_, err := c.decide(sam, "chat.send", toAll("too soon"))
	if got := fault.Of(err).Details["retryAfterMs"]; got != int64(1) {
		t.Errorf("retryAfterMs: got %v, want 1", got)
	}
	c.says(teacher(), toAll("staff"))
	c.says(teacher(), toAll("need not wait"))
	c.wait(1)
	c.says(sam, toAll("second"))
	c.rules(func(r *ChatConfigure) { r.Enabled = false })
	c.refused(fault.ChatClosed, sam, "chat.send", toStaff("x"))
	c.says(teacher(), toAll("closed now"))
	c.do(teacher(), "permission.change", permit("Sam", GrantChat))
	c.says(sam, toAll("I still may"))
	c.finish()
}

func TestHeldMessages(t *testing.T) {
	sam, pia, ann := student("Sam"), student("Pia"), assistant("Ann")
	c := liveClass(t, sam, pia, ann)
	c.rules(func(r *ChatConfigure) { r.Hold = true })
	open := c.says(sam, toAll("to all"))
	pair := c.says(sam, toUser("Pia", "to Pia"))
	gone := c.says(sam, toAll("refused"))
	own := c.says(sam, toAll("taken back"))
	c.says(sam, toStaff("staff"))
	c.says(sam, toUser("Tess", "Tess"))
	c.says(ann, toAll("Ann"))
	held := []string{"to all", "to Pia", "refused", "taken back"}
	c.wantReads("Sam", []string{"staff", "Tess", "Ann"}, held)
	c.wantReads("Ann", []string{"staff", "Ann"}, held)
	c.wantReads("Pia", []string{"Ann"}, nil)
	c.refused(fault.NotFound, pia, "chat.delete", &ChatDelete{MessageID: gone})
	c.refused(fault.NotFound, teacher(), "chat.approve", &ChatApprove{MessageID: who("none")})
	c.do(ann, "moderation.claim", &ModerationClaim{ItemID: open, Kind: "message"})
	c.do(ann, "chat.approve", &ChatApprove{MessageID: open})
	c.noop(teacher(), "chat.approve", &ChatApprove{MessageID: open})
	c.do(ann, "chat.approve", &ChatApprove{MessageID: pair})
	c.do(ann, "chat.delete", &ChatDelete{MessageID: gone})
	c.do(sam, "chat.delete", &ChatDelete{MessageID: own})
	if len(c.s.Chat.Held)+len(c.s.Desk.Claims) > 0 {
		t.Errorf("left over: held %v, claims %v", c.s.Chat.Held, c.s.Desk.Claims)
	}
	c.wantReads("Sam", []string{"staff", "Tess", "Ann", "to all", "to Pia"}, nil)
	c.wantReads("Pia", []string{"Ann", "to all", "to Pia"}, nil)
	c.wantReads("Ann", []string{"staff", "Ann", "to all"}, nil)
	c.finish()
	for range limits.HeldMessages {
		c.says(pia, toAll("x"))
	}
	c.refused(fault.LimitReached, pia, "chat.send", toAll("x"))
}

func TestDeleteChat(t *testing.T) {
	sam, pia, ann := student("Sam"), student("Pia"), assistant("Ann")
	c := liveClass(t, sam, pia, ann)
	c.rules(func(*ChatConfigure) {})
	open, pair, staff := c.says(sam, toAll("a")), c.says(sam, toUser("Pia", "b")), c.says(sam, toStaff("c"))
	c.refused(fault.Forbidden, pia, "chat.delete", &ChatDelete{MessageID: open})
	c.refused(fault.Forbidden, pia, "chat.delete", &ChatDelete{MessageID: pair})
	c.refused(fault.NotFound, pia, "chat.delete", &ChatDelete{MessageID: staff})
	c.refused(fault.NotFound, ann, "chat.delete", &ChatDelete{MessageID: pair}) // staff don't even learn of it
	c.do(sam, "chat.delete", &ChatDelete{MessageID: pair})
	c.do(ann, "chat.delete", &ChatDelete{MessageID: staff})
	c.do(teacher(), "permission.change", permit("Pia", GrantModerate))
	c.do(pia, "chat.delete", &ChatDelete{MessageID: open})
	c.noop(ann, "chat.delete", &ChatDelete{MessageID: open})
	c.wantReads("Sam", []string{"", "", ""}, nil)
	for _, m := range View(c.s, who("Sam")).Chat.Entries {
		if !m.Deleted || m.DisplayName.V != "Sam" {
			t.Errorf("a deleted slot: %+v", m)
		}
	}
	c.finish()
}

func TestDeletedHeldMessageIsNobodysBusiness(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.rules(func(r *ChatConfigure) { r.Hold = true })
	held := c.says(student("Sam"), toAll("x"))
	e := c.do(teacher(), "chat.delete", &ChatDelete{MessageID: held})[0]
	d := Deliver(c.s, &e)
	if d.For(&e, who("Pia"), StandingMember) != nil {
		t.Error("others learn of a message that was held and refused")
	}
	if d.For(&e, who("Sam"), StandingMember) == nil || d.For(&e, who("Tess"), StandingStaff) == nil {
		t.Error("its author or staff are not told")
	}
}

// chatter sends so many messages to all kinds of recipients, with holds, approvals and deletions in between. It gives what

// was shown, in order.

func permit(name string, grants ...string) *PermissionChange {
	return &PermissionChange{UserID: who(name), Grants: &grants}
}
