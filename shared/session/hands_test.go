package session

import (
	"fmt"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// hands says what somebody knows of the queue: how many are up, how many before their own, whose they see.
func (c *class) hands(name string) string {
	h := View(c.s, who(name)).Hands
	var whose []string
	for _, r := range h.Raised {
		whose = append(whose, r.DisplayName.V)
	}
	return fmt.Sprint(h.Up, " ", h.Ahead, " ", whose)
}

func (c *class) wantHands(want map[string]string) {
	c.t.Helper()
	for name, w := range want {
		if got := c.hands(name); got != w {
			c.t.Errorf("%s knows %q of the hands, want %q", name, got, w)
		}
	}
}

func TestHands(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"), student("Pia"), student("Kim"), student("Lou"))
	c.refused(fault.NotJoined, student("Out"), "hand.raise", nil)
	c.noop(student("Sam"), "hand.lower", nil)
	for _, name := range []string{"Sam", "Pia", "Kim"} {
		c.do(student(name), "hand.raise", nil)
	}
	c.wantHands(map[string]string{"Tess": "3 0 [Sam Pia Kim]", "Sam": "3 0 [Sam]", "Pia": "3 1 [Pia]", "Kim": "3 2 [Kim]", "Lou": "3 0 []"})
	c.refused(fault.Forbidden, student("Lou"), "hand.lower", &HandLower{UserID: who("Sam")})
	c.refused(fault.Forbidden, student("Lou"), "hand.lower", &HandLower{All: true})
	c.do(assistant("Ann"), "hand.lower", &HandLower{UserID: who("Sam")})
	c.noop(teacher(), "hand.lower", &HandLower{UserID: who("Sam")}) // two at once
	c.wantHands(map[string]string{"Sam": "2 0 []", "Pia": "2 0 [Pia]", "Kim": "2 1 [Kim]"})
	c.do(student("Sam"), "hand.raise", nil)
	c.do(student("Kim"), "hand.lower", &HandLower{UserID: who("Kim")})
	c.do(assistant("Ann"), "hand.raise", nil)
	c.wantHands(map[string]string{"Ann": "3 0 [Pia Sam Ann]", "Sam": "3 1 [Sam]"})
	c.do(student("Pia"), "participant.leave", nil)
	c.wantHands(map[string]string{"Ann": "2 0 [Sam Ann]", "Sam": "2 0 [Sam]", "Lou": "2 0 []"})
	c.do(teacher(), "session.settings", &SessionSettings{Hands: ptr(false)})
	c.refused(fault.FeatureOff, student("Lou"), "hand.raise", nil)
	if got := len(c.do(teacher(), "hand.lower", &HandLower{All: true})); got != 2 {
		t.Errorf("lowering all made %d facts", got)
	}
	c.noop(teacher(), "hand.lower", &HandLower{All: true})
	c.finish()
}

// TestWhoseHand: students learn that a hand went up or down, not whose, nor who lowered it.
func TestWhoseHand(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"), student("Kim"))
	c.do(student("Kim"), "hand.raise", nil)
	events := append(c.do(student("Sam"), "hand.raise", nil), c.do(student("Pia"), "hand.raise", nil)...)
	events = append(events, c.do(student("Sam"), "hand.lower", nil)...)
	for _, e := range events {
		d := Deliver(c.s, &e)
		for _, name := range []string{"Sam", "Pia", "Kim"} {
			got := d.For(&e, who(name), StandingMember)
			named := string(asJSON(t, got.Payload))
			own := e.ActorID == who(name)
			for _, other := range []string{"Sam", "Pia", "Kim"} {
				if told := got.ActorID == who(other) || strings.Contains(named, who(other).String()); told != (own && other == name) {
					t.Errorf("%s: the copy of %s tells of %s: %v: %s by %s", e.Type, name, other, told, named, got.ActorID)
				}
			}
		}
	}
	c.finish()
}

func TestReactions(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.refused(fault.NotJoined, student("Out"), "reaction.send", &ReactionSend{Reaction: "clap"})
	c.refused(fault.InvalidField, student("Sam"), "reaction.send", &ReactionSend{Reaction: "boo"})
	for reaction := range reactions {
		c.do(student("Sam"), "reaction.send", &ReactionSend{Reaction: reaction})
	}
	e := c.do(student("Sam"), "reaction.send", &ReactionSend{Reaction: "clap"})[0]
	d := Deliver(c.s, &e)
	if got := d.For(&e, who("Pia"), StandingMember); !got.ActorID.IsZero() || !got.Payload.(*event.ReactionSent).UserID.IsZero() {
		t.Errorf("Pia is told whose reaction it was: %+v", got)
	}
	if got := d.For(&e, who("Tess"), StandingStaff); got.Payload.(*event.ReactionSent).UserID != who("Sam") {
		t.Errorf("staff are told %+v", got.Payload)
	}
	if n := View(c.s, who("Pia")).Reactions; n["clap"] != 2 || len(n) != len(reactions) {
		t.Errorf("counted: %v", n)
	}
	c.do(teacher(), "session.settings", &SessionSettings{Reactions: ptr(false)})
	c.refused(fault.FeatureOff, student("Sam"), "reaction.send", &ReactionSend{Reaction: "clap"})
	c.finish()
}
