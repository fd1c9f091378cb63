package orchestrator

import (
	"fmt"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// TestRuleThatCrashes: the feature's callers are told, and nobody else notices.
func TestRuleThatCrashes(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		b.rule = func(s *session.State, c session.Command) ([]event.Fact, error) {
			if c.Type == "chat.send" || c.Type == "session.lock" {
				panic("a mistake in the code")
			}
			return session.Decide(s, c)
		}
		chat := &session.ChatSend{Content: "hello", To: session.ChatRecipient{Audience: "all"}}
		before := len(b.events())
		b.refused(fault.FeatureDegraded, ada, "chat.send", "hello", chat)
		b.refused(fault.Internal, rivera, "session.lock", "lock", &session.SessionLock{})
		b.must(ada, "hand.raise", "hand", &session.HandRaise{})
		if got := len(b.events()); got != before+1 {
			t.Errorf("%d events were added, want that of the hand alone", got-before)
		}
		b.rule = nil
		b.must(ada, "chat.send", "hello", chat)
		b.checkLog()
	})
}

// Everybody who waits when a class crashes is told, whether their command was begun or not.
func TestCrashTellsAllWhoWait(t *testing.T) {
	bothWays(t, func(t *testing.T, b *box) {
		b.live()
		var commands []func()
		for i := range 40 {
			commands = append(commands, func() {
				_, err := b.give(ada, "hand.raise", fmt.Sprint(i), &session.HandRaise{})
				if err != nil && fault.Of(err).Code != fault.Internal {
					t.Errorf("told %v", err)
				}
			})
		}
		asked := 0
		b.ring.current = func(event.ID) error {
			if asked++; asked == 13 {
				panic("a mistake outside of the rules")
			}
			return nil
		}
		b.queued(commands...)
		b.checkLog()
	})
}

// TestClassThatCrashes: a panic in the class's goroutine ends neither the process nor another class; this one is folded
// again from its log, and the same key gets its answer.
func TestClassThatCrashes(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		stream, err := b.Follow(t.Context(), school, classID, ada.UserID, event.Position{})
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		b.ring.current = func(event.ID) error {
			b.ring.current = nil
			panic("a mistake outside of the rules")
		}
		chat := &session.ChatSend{Content: "hello", To: session.ChatRecipient{Audience: "all"}}
		b.refused(fault.Internal, ada, "chat.send", "hello", chat)
		for err == nil { // those who follow are told, and come back
			_, err = stream.Next(t.Context())
		}
		first := b.must(ada, "chat.send", "hello", chat)
		if again := b.must(ada, "chat.send", "hello", chat); !again.Repeat || again.Position != first.Position {
			t.Errorf("the repeat got %+v, the first answer was %+v", again, first)
		}
		b.checkLog()
	})
}
