package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// standing checks where somebody is.
func (c *class) standing(name string, want Standing) {
	c.t.Helper()
	if got, _ := StandingOf(c.s, who(name)); got != want {
		c.t.Errorf("%s is %q, want %q", name, got, want)
	}
}

func TestJoin(t *testing.T) {
	c := liveClass(t)
	c.refused(fault.Forbidden, as("", "Nobody"), "participant.join", nil)
	c.refused(fault.InvalidBody, system(), "participant.join", nil)
	c.noop(student("Sam"), "participant.leave", nil)
	c.refused(fault.NotJoined, student("Sam"), "hand.raise", nil)
	c.join(student("Sam"))
	guest := Actor{UserID: who("Gil"), Role: "student", DisplayName: "Guest 7", Guest: true}
	c.refused(fault.InvalidField, Actor{UserID: who("Gil"), Role: "student", Guest: true}, "participant.join", nil)
	c.do(guest, "participant.join", &ParticipantJoin{DisplayName: "Gil"})
	c.standing("Gil", StandingWaiting) // whatever the waiting room: nobody vouches for guests
	c.do(teacher(), "participant.admit", &ParticipantAdmit{UserID: who("Gil")})
	if name, ok := NameOf(c.s, who("Gil")); !ok || name.V != "Gil" || len(c.s.Private.Expected) != 1 {
		t.Errorf("let in, the guest is known as %q", name.V)
	}
	c.do(guest, "participant.join", &ParticipantJoin{DisplayName: "The Head"})
	if len(c.s.Private.Expected) != 0 {
		t.Error("a guest who is in is still expected")
	}
	sam := student("Pia")
	c.do(sam, "participant.join", &ParticipantJoin{DisplayName: "The Teacher"})
	if got := c.s.person(who("Gil")); got.DisplayName.V != "Gil" || !got.Guest {
		t.Errorf("the guest is %+v", got)
	}
	c.do(guest, "participant.leave", nil)
	if name, ok := NameOf(c.s, who("Gil")); !ok || name.V != "Gil" {
		t.Errorf("the class knows the guest who left as %q", name.V)
	}
	c.do(guest, "participant.join", nil) // admission lasts
	c.standing("Gil", StandingMember)
	if got := c.s.person(who("Pia")); got.DisplayName.V != "Pia" {
		t.Errorf("a pupil called themselves %q", got.DisplayName.V)
	}
	c.finish()
}

// TestTwoDevices: a person is in the class once, however many devices they use, and leaves it on all of them.
func TestTwoDevices(t *testing.T) {
	c := liveClass(t, student("Sam"))
	c.noop(student("Sam"), "participant.join", nil)
	c.do(student("Sam"), "hand.raise", nil)
	c.noop(student("Sam"), "hand.raise", nil)
	got := typesOf(c.do(student("Sam"), "participant.leave", nil))
	if want := []string{event.TypeHandLowered, event.TypeParticipantLeft}; !slices.Equal(got, want) {
		t.Errorf("leaving with a hand up: %v, want %v", got, want)
	}
	c.noop(student("Sam"), "participant.leave", nil)
	c.standing("Sam", StandingOut)
	c.finish()
}

// TestTeacherReturns: a teacher who was lost and comes back has the same place, and the class went on.
func TestTeacherReturns(t *testing.T) {
	c := liveClass(t, student("Sam"))
	first := c.now
	c.wait(limits.AbsenceMillis)
	c.do(system(), "participant.expire", &ParticipantExpire{UserID: who("Tess"), LeftAt: first + 10})
	if p := c.s.person(who("Tess")); p.Present || p.LeftAt != first+10 {
		t.Errorf("the teacher after the loss: %+v", p)
	}
	c.do(student("Sam"), "hand.raise", nil)
	c.do(teacher(), "session.lock", nil) // from the dashboard, not in the class
	c.join(teacher())
	if p := c.s.person(who("Tess")); !p.Present || p.LeftAt != 0 || p.JoinedAt != c.now || len(c.s.Roster.People) != 2 {
		t.Errorf("the teacher after the return: %+v among %d", p, len(c.s.Roster.People))
	}
	if v := View(c.s, who("Tess")); len(v.Hands.Raised) != 1 {
		t.Error("the teacher who came back does not see the hand")
	}
	c.finish()
}

// TestJoinedTwice: an entry that was logged twice counts once.
func TestJoinedTwice(t *testing.T) {
	c := liveClass(t, student("Sam"))
	for range 2 {
		c.append(who("Pia"), event.Fact{Type: event.TypeParticipantJoined, Payload: &event.ParticipantJoined{UserID: who("Pia"), Role: "student", JoinedAt: c.now}})
	}
	checkPeople(t, c.s)
	for range 2 {
		c.append(who("Pia"), event.Fact{Type: event.TypeParticipantLeft, Payload: &event.ParticipantLeft{UserID: who("Pia"), LeftAt: c.now}})
	}
	checkPeople(t, c.s)
	c.finish()
}

func TestExpire(t *testing.T) {
	c := liveClass(t, student("Sam"))
	joined := c.now
	c.wait(5000)
	c.refused(fault.Forbidden, teacher(), "participant.expire", &ParticipantExpire{UserID: who("Sam")})
	c.noop(system(), "participant.expire", &ParticipantExpire{UserID: who("Kim")})
	c.noop(system(), "participant.expire", &ParticipantExpire{UserID: who("Sam"), JoinedAt: joined - 1}) // an earlier entry was meant
	c.do(system(), "participant.expire", &ParticipantExpire{UserID: who("Sam"), LeftAt: joined - 500, JoinedAt: joined})
	if p := c.s.person(who("Sam")); p.LeftAt != joined {
		t.Errorf("left at %s, before they came at %s", p.LeftAt, joined)
	}
	c.join(student("Sam"))
	c.wait(10)
	c.do(system(), "participant.expire", &ParticipantExpire{UserID: who("Sam"), LeftAt: c.now + 500})
	if p := c.s.person(who("Sam")); p.LeftAt != c.now {
		t.Errorf("left at %s, which is to come (now %s)", p.LeftAt, c.now)
	}
	c.finish()
}

func TestCapacity(t *testing.T) {
	c := newClass(t)
	plan := testPlan()
	plan.Capacity = 3
	c.do(teacher(), "session.schedule", plan)
	c.do(teacher(), "session.start", nil)
	for _, a := range []Actor{teacher(), student("Sam"), student("Pia")} {
		c.join(a)
	}
	c.refused(fault.Full, student("Kim"), "participant.join", nil)
	c.join(assistant("Ann")) // staff always get in
	c.do(student("Sam"), "participant.leave", nil)
	c.refused(fault.Full, student("Kim"), "participant.join", nil)
	c.do(student("Pia"), "participant.leave", nil)
	c.join(student("Kim"))
	c.refused(fault.Full, student("Sam"), "participant.join", nil) // having been in before reserves no seat
	c.finish()
}

func TestLock(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.do(student("Sam"), "participant.leave", nil)
	c.do(teacher(), "session.settings", &SessionSettings{WaitingRoom: ptr(true)})
	c.join(student("Lou"))
	c.do(teacher(), "participant.remove", &ParticipantRemove{UserID: who("Pia")})
	c.do(teacher(), "session.lock", nil)
	c.refused(fault.SessionLocked, student("Kim"), "participant.join", nil)
	c.refused(fault.SessionLocked, student("Pia"), "participant.join", nil) // put out is not "in before"
	c.refused(fault.SessionLocked, student("Lou"), "participant.join", nil)
	c.do(teacher(), "participant.admit", &ParticipantAdmit{UserID: who("Lou")})
	c.join(student("Lou")) // let in by name although it is locked
	c.join(student("Sam")) // was in before
	c.join(assistant("Ann"))
	c.do(teacher(), "session.unlock", nil)
	c.join(student("Kim"))
	c.standing("Kim", StandingWaiting)
	c.standing("Lou", StandingMember)
	c.finish()
}
