package session

import (
	"fmt"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

func TestWordFilter(t *testing.T) {
	for _, row := range []struct {
		words []string
		text  string
		hit   bool
	}{
		{nil, "anything", false},
		{[]string{"darn"}, "DARN!", true},
		{[]string{"darn"}, "well,darn", true},
		{[]string{"darn"}, "darned darning", false},
		{[]string{"ass"}, "a class of assets", false},
		{[]string{"DOOF"}, "du doof", true},
		{[]string{"straße"}, "STRAßE", true},
		{[]string{"ΣΟΦΟΣ"}, "σοφος", true}, // all three sigmas are one letter
		{[]string{"kelvin"}, "\u212aelvin", true},
		{[]string{"shut up"}, "oh SHUT   up.", true},
		{[]string{"shut up"}, "shut it up", false},
		{[]string{"shut up"}, "now shut", false},
		{[]string{"42"}, "420 42nd", false},
		{[]string{"дурак"}, "Дурак?", true},
		{[]string{"!!"}, "what!!", false},
	} {
		if got := newWordList(row.words).hit(row.text); got != row.hit {
			t.Errorf("%q in %q: got %v", row.words, row.text, got)
		}
	}
	sam := student("Sam")
	c := liveClass(t, sam, student("Pia"))
	c.rules(func(r *ChatConfigure) { r.Words = []string{" darn ", "darn", "heck"} })
	if got := c.s.Desk.Words.V; !slices.Equal(got, []string{"darn", "heck"}) {
		t.Errorf("word list %q", got)
	}
	c.says(sam, toAll("oh darn"))
	c.says(sam, toUser("Tess", "he said darn"))
	c.says(teacher(), toAll("heck"))
	if held := c.s.Chat.Held; len(held) != 1 || held[0].HeldFor != "word" {
		t.Errorf("held: %+v", held)
	}
	for _, e := range c.events {
		if e.Type == event.TypeChatSettingsChanged {
			d := Deliver(c.s, &e)
			if got := d.For(&e, sam.UserID, StandingMember).Payload.(*event.ChatSettingsChanged); !got.Words.IsZero() {
				t.Errorf("a student is told the word list: %v", got.Words)
			}
		}
	}
	if v := View(c.s, sam.UserID); !v.ChatRules.Words.IsZero() || v.Desk != nil {
		t.Errorf("a student sees the word list: %+v", v.ChatRules)
	}
	for _, bad := range []string{"?", "", fmt.Sprintf("%061d", 1)} {
		c.refused(fault.InvalidField, teacher(), "chat.settings", &ChatConfigure{Enabled: true, Private: "all", Words: []string{bad}})
	}
	c.refused(fault.InvalidField, teacher(), "chat.settings", &ChatConfigure{Enabled: true, Private: "some"})
	c.noop(teacher(), "chat.settings", &ChatConfigure{Enabled: true, Private: "all", Words: []string{"darn", "heck"}})
	c.finish()
}

// TestErasedWordFilter: the words belong to who set them. Once that person is erased the filter lacks them, staff may set
// new ones, and what they take over with a plan stays erased.
func TestErasedWordFilter(t *testing.T) {
	sam := student("Sam")
	c := liveClass(t, assistant("Ann"), sam)
	e := c.do(assistant("Ann"), "chat.settings", &ChatConfigure{Enabled: true, Private: "all", Words: []string{"darn"}})[0]
	if c.s.Desk.WordsBy != who("Ann") {
		t.Errorf("the words belong to %s", c.s.Desk.WordsBy)
	}
	told := e.Payload.(*event.ChatSettingsChanged).ChatSettings
	told.Words = Words{Erased: true}
	c.append(who("Ann"), event.Fact{Type: e.Type, Payload: &event.ChatSettingsChanged{ChatSettings: told, ActorUserID: who("Ann")}})
	c.says(sam, toAll("oh darn"))
	if len(c.s.Chat.Held) != 0 || !c.s.Desk.Words.Erased || View(c.s, who("Tess")).Desk.WordsBy != who("Ann") {
		t.Errorf("with erased words %d are held, the desk has %+v", len(c.s.Chat.Held), c.s.Desk)
	}
	plan := c.do(teacher(), "session.reschedule", &SessionReschedule{JoinCode: ptr("K7P2QX")})[0].Payload.(*event.SessionRescheduled)
	if !plan.Chat.Words.Erased || !c.s.Desk.Words.Erased {
		t.Errorf("a plan took over erased words as %+v", plan.Chat.Words)
	}
	c.do(teacher(), "chat.settings", &ChatConfigure{Enabled: true, Private: "all"})
	if !c.s.Desk.Words.IsZero() || !c.s.Desk.WordsBy.IsZero() {
		t.Errorf("without words the desk has %+v", c.s.Desk)
	}
	c.finish()
}
