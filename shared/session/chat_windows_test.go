package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/limits"
)

func (c *class) chatter(rnd *rand.Rand, people []Actor, count int) (shown []*event.ChatMessage) {
	c.t.Helper()
	for i := range count {
		by := people[rnd.IntN(len(people))]
		m := []*ChatSend{toAll(""), toAll(""), toAll(""), toStaff(""), toUser(people[rnd.IntN(len(people))].DisplayName, "")}[rnd.IntN(5)]
		m.Content = fmt.Sprint("message ", i)
		typ, payload := "chat.send", any(m)
		switch n := rnd.IntN(12); {
		case n == 0 && len(shown) > 0:
			typ, payload = "chat.delete", &ChatDelete{MessageID: shown[len(shown)-1-rnd.IntN(min(len(shown), 150))].MessageID}
		case n == 1 && len(c.s.Chat.Held) > 0:
			by, typ, payload = people[0], "chat.approve", &ChatApprove{MessageID: c.s.Chat.Held[rnd.IntN(len(c.s.Chat.Held))].MessageID}
		case n == 2:
			m.Content += " hold"
		}
		facts, err := c.decide(by, typ, payload)
		if err != nil {
			continue // to oneself, of another, too old
		}
		for _, e := range c.append(by.UserID, facts...) {
			switch p := e.Payload.(type) {
			case *event.ChatMessage:
				shown = append(shown, p)
			case *event.ChatApproved:
				shown = append(shown, &p.ChatMessage)
			}
		}
	}
	return shown
}

var chatters = []Actor{teacher(), assistant("Ann"), student("Sam"), student("Pia"), student("Oz")}

// TestChatWindowsMerge sends more than every window holds: a view must be the tail of all that its viewer could ever read.

func TestChatWindowsMerge(t *testing.T) {
	for seed := range uint64(5) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		c := liveClass(t, chatters[1:]...)
		c.rules(func(r *ChatConfigure) { r.Words = []string{"hold"} })
		var all []*event.ChatMessage
		for range 12 {
			all = append(all, c.chatter(rnd, chatters, 60)...)
			for _, p := range chatters {
				var want, got []event.ID
				for _, m := range all {
					staff := m.To.Audience == "staff" && IsStaff(p.Role)
					if m.To.Audience == "all" || staff || m.UserID == p.UserID || m.To.UserID == p.UserID {
						want = append(want, m.MessageID)
					}
				}
				for _, m := range View(c.s, p.UserID).Chat.Entries {
					got = append(got, m.MessageID)
				}
				if want = want[max(0, len(want)-limits.ChatWindow):]; !slices.Equal(got, want) {
					t.Fatalf("seed %d: %s reads %d messages, and not the latest %d of theirs", seed, p.DisplayName, len(got), len(want))
				}
			}
		}
	}
}

// TestChatLaw holds the same to the law, for two viewers: checking it costs a view of everything after each event.

func TestChatLaw(t *testing.T) {
	c := liveClass(t, chatters[1:]...)
	c.rules(func(r *ChatConfigure) { r.Words = []string{"hold"} })
	c.chatter(rand.New(rand.NewPCG(7, 2)), chatters, 210)
	if got := len(View(c.s, who("Sam")).Chat.Entries); got != limits.ChatWindow {
		t.Errorf("a view of %d messages, want %d", got, limits.ChatWindow)
	}
	checkLaw(t, c.s.SessionID, c.events, who("Ann"), who("Sam"))
}
