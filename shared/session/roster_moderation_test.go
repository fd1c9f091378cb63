package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

func remove(name string) *ParticipantRemove {
	return &ParticipantRemove{UserID: who(name), Reason: "noise"}
}
func ban(name string, banned bool) *ParticipantBan {
	return &ParticipantBan{UserID: who(name), Banned: banned}
}
func mute(name string, muted bool) *ParticipantMute {
	return &ParticipantMute{UserID: who(name), Muted: muted}
}

func TestRemove(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"), student("Pia"))
	c.do(student("Sam"), "hand.raise", nil)
	got := typesOf(c.do(assistant("Ann"), "participant.remove", remove("Sam")))
	if want := []string{event.TypeParticipantRemoved, event.TypeHandLowered, event.TypeParticipantLeft}; !slices.Equal(got, want) {
		t.Errorf("removal: %v, want %v", got, want)
	}
	c.noop(teacher(), "participant.remove", remove("Sam")) // the second of two assistants
	c.refused(fault.NotFound, assistant("Ann"), "participant.remove", remove("nobody"))
	c.join(student("Sam")) // waits, though the waiting room is off
	c.standing("Sam", StandingWaiting)
	c.noop(teacher(), "participant.remove", remove("Sam"))
	c.do(teacher(), "participant.admit", &ParticipantAdmit{UserID: who("Sam")})
	c.join(student("Sam"))
	c.standing("Sam", StandingMember)
	c.do(student("Pia"), "participant.leave", nil)
	c.do(teacher(), "participant.remove", remove("Pia")) // after they left: no way back unasked
	c.join(student("Pia"))
	c.standing("Pia", StandingWaiting)
	c.wait(1)
	e := c.do(student("Pia"), "participant.leave", nil)[0] // gives up waiting
	if d := Deliver(c.s, &e); d.For(&e, who("Sam"), StandingMember) != nil || c.s.person(who("Pia")).LeftAt == c.now {
		t.Error("who was in before and stopped waiting is shown as leaving the class")
	}
	c.finish()
}

// TestRemovedStaff: an assistant who was put out does not let themselves in again; a teacher does.
func TestRemovedStaff(t *testing.T) {
	c := liveClass(t, assistant("Ann"), assistant("Art"), as("teacher", "Tom"))
	c.do(assistant("Art"), "participant.remove", remove("Ann"))
	c.join(assistant("Ann"))
	c.standing("Ann", StandingWaiting)
	c.refused(fault.Forbidden, assistant("Ann"), "participant.admit", &ParticipantAdmit{UserID: who("Ann")})
	c.noop(assistant("Ann"), "participant.admit", &ParticipantAdmit{All: true})
	c.do(teacher(), "participant.remove", remove("Tom"))
	c.join(as("teacher", "Tom"))
	c.refused(fault.Forbidden, assistant("Art"), "participant.deny", &ParticipantDeny{UserID: who("Tom")})
	if got := c.do(assistant("Art"), "participant.deny", &ParticipantDeny{All: true}); len(got) != 1 {
		t.Errorf("all but the teacher were to be turned away: %v", typesOf(got))
	}
	c.refused(fault.Denied, assistant("Ann"), "participant.join", nil)
	c.do(as("teacher", "Tom"), "participant.admit", &ParticipantAdmit{UserID: who("Tom")})
	c.join(as("teacher", "Tom"))
	c.finish()
}

func TestBan(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"))
	c.noop(teacher(), "participant.ban", ban("Sam", false))
	c.refused(fault.NotFound, teacher(), "participant.ban", ban("nobody", true))
	c.do(teacher(), "participant.ban", ban("Sam", true))
	c.noop(assistant("Ann"), "participant.ban", ban("Sam", true))
	c.refused(fault.Banned, student("Sam"), "participant.join", nil)
	c.do(teacher(), "session.settings", &SessionSettings{WaitingRoom: ptr(true)})
	c.join(student("Kim"))
	if got := typesOf(c.do(teacher(), "participant.ban", ban("Kim", true))); !slices.Equal(got, []string{event.TypeParticipantBanned}) {
		t.Errorf("ban of somebody who waits: %v", got)
	}
	c.standing("Kim", StandingOut)
	c.refused(fault.Banned, student("Kim"), "participant.join", nil)
	c.do(teacher(), "participant.ban", ban("Sam", false))
	c.join(student("Sam"))
	c.do(teacher(), "participant.ban", ban("Ann", true))
	c.refused(fault.Banned, assistant("Ann"), "participant.join", nil)
	c.finish()
}

// TestRank: staff act on those below them, on nobody above and not on themselves.
func TestRank(t *testing.T) {
	admin := as("admin", "Ada")
	people := []Actor{teacher(), as("teacher", "Tom"), assistant("Ann"), assistant("Art"), admin, student("Sam"), student("Pia")}
	rank := map[string]int{"student": 0, "assistant": 1, "teacher": 2, "admin": 3}
	c := liveClass(t, people[1:]...)
	for _, actor := range people {
		for _, target := range people {
			want := actor.UserID != target.UserID && rank[target.Role] <= rank[actor.Role]
			name := target.DisplayName
			for typ, payload := range map[string]any{"participant.mute": mute(name, true), "participant.remove": remove(name), "participant.ban": ban(name, true)} {
				if want {
					if _, err := c.decide(actor, typ, payload); err != nil {
						t.Errorf("%s of %s by %s: %v", typ, name, actor.DisplayName, err)
					}
				} else {
					c.refused(fault.Forbidden, actor, typ, payload)
				}
			}
		}
	}
}

func TestMute(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"), student("Pia"))
	c.noop(teacher(), "participant.mute", mute("Sam", false))
	c.do(assistant("Ann"), "participant.mute", mute("Sam", true))
	c.noop(teacher(), "participant.mute", mute("Sam", true))
	muted := func(viewer string) bool { return fresh(t, c.s, who(viewer)).person(who("Sam")).Muted }
	if !muted("Sam") || !muted("Tess") || muted("Pia") {
		t.Errorf("muted for Sam %v, Tess %v, Pia %v; want true, true, false", muted("Sam"), muted("Tess"), muted("Pia"))
	}
	c.do(student("Sam"), "participant.leave", nil)
	c.refused(fault.NotFound, teacher(), "participant.mute", mute("Sam", false))
	c.join(student("Sam"))
	if !muted("Sam") {
		t.Error("leaving and coming back unmuted Sam")
	}
	c.do(teacher(), "participant.mute", mute("Sam", false))
	c.finish()
}

// TestWhyNot: students are not told why or by whom somebody left.
func TestWhyNot(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	events := c.do(teacher(), "participant.remove", remove("Sam"))
	for _, e := range events {
		d := Deliver(c.s, &e)
		got := d.For(&e, who("Pia"), StandingMember)
		switch e.Type {
		case event.TypeParticipantLeft:
			p := got.Payload.(*event.ParticipantLeft)
			if p.Reason != "" || !got.ActorID.IsZero() || p.UserID != who("Sam") || p.Present != 2 {
				t.Errorf("Pia is told %+v by %s", p, got.ActorID)
			}
			if own := d.For(&e, who("Sam"), StandingOut).Payload.(*event.ParticipantLeft); own.Reason != "removed" {
				t.Errorf("Sam is told %+v", own)
			}
		default:
			if got != nil {
				t.Errorf("Pia is told of %s", e.Type)
			}
		}
	}
	c.finish()
}
