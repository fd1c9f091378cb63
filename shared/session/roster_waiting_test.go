package session

import (
	"fmt"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// TestBeforeTheStart: staff prepare, everybody else waits, and joins again when the class starts.
func TestBeforeTheStart(t *testing.T) {
	c := newClass(t)
	c.refused(fault.NotFound, student("Sam"), "participant.join", nil)
	c.do(teacher(), "session.schedule", testPlan())
	c.join(teacher())
	c.join(student("Sam"))
	c.noop(student("Sam"), "participant.join", nil)
	c.standing("Tess", StandingStaff)
	c.standing("Sam", StandingWaiting)
	c.scene("Prepared", 1)
	c.refused(fault.NotStarted, student("Sam"), "hand.raise", nil)
	c.do(teacher(), "session.start", nil)
	c.standing("Sam", StandingWaiting)
	c.join(student("Sam"))
	c.standing("Sam", StandingMember)
	if len(c.s.Desk.Waiting) != 0 {
		t.Errorf("who joined still waits: %+v", c.s.Desk.Waiting)
	}
	c.finish()
}

// TestAdmittedEarly: who is let in before the start waits on, marked, and gets in when it comes.
func TestAdmittedEarly(t *testing.T) {
	c := newClass(t)
	plan := testPlan()
	plan.Settings = &SessionSettings{WaitingRoom: ptr(true)}
	c.do(teacher(), "session.schedule", plan)
	c.join(teacher())
	for _, name := range []string{"Sam", "Pia", "Kim"} {
		c.join(student(name))
	}
	c.do(teacher(), "participant.admit", &ParticipantAdmit{UserID: who("Sam")})
	c.noop(teacher(), "participant.admit", &ParticipantAdmit{UserID: who("Sam")})
	c.do(teacher(), "participant.deny", &ParticipantDeny{UserID: who("Kim")})
	c.standing("Sam", StandingWaiting)
	c.standing("Kim", StandingOut)
	if w := c.s.waiting(who("Sam")); w == nil || !w.Admitted {
		t.Errorf("Sam in the waiting room: %+v", w)
	}
	c.do(teacher(), "session.start", nil)
	c.join(student("Sam"))
	c.noop(student("Pia"), "participant.join", nil)
	c.refused(fault.Denied, student("Kim"), "participant.join", nil)
	c.standing("Sam", StandingMember)
	c.standing("Pia", StandingWaiting)
	c.finish()
}

func TestWaitingRoom(t *testing.T) {
	c := liveClass(t, student("Old"))
	c.do(student("Old"), "participant.leave", nil)
	c.do(teacher(), "session.settings", &SessionSettings{WaitingRoom: ptr(true)})
	c.join(student("Old")) // was in before
	c.join(assistant("Ann"))
	c.refused(fault.NotFound, assistant("Ann"), "participant.admit", &ParticipantAdmit{UserID: who("Sam")})
	c.refused(fault.NotFound, assistant("Ann"), "participant.deny", &ParticipantDeny{UserID: who("Sam")})
	c.noop(assistant("Ann"), "participant.admit", &ParticipantAdmit{All: true})
	c.noop(assistant("Ann"), "participant.deny", &ParticipantDeny{All: true})
	for _, name := range []string{"Sam", "Pia", "Kim"} {
		c.join(student(name))
	}
	c.do(assistant("Ann"), "participant.deny", &ParticipantDeny{UserID: who("Sam")})
	c.noop(teacher(), "participant.deny", &ParticipantDeny{UserID: who("Sam")}) // two at once
	c.refused(fault.Denied, student("Sam"), "participant.join", nil)
	c.do(assistant("Ann"), "participant.admit", &ParticipantAdmit{All: true})
	c.standing("Pia", StandingOut)
	c.join(student("Pia"))
	c.do(student("Pia"), "participant.leave", nil)
	c.join(student("Pia")) // admission lasts
	c.do(teacher(), "participant.admit", &ParticipantAdmit{UserID: who("Sam")})
	c.join(student("Sam")) // a denial can be taken back
	c.standing("Sam", StandingMember)
	c.finish()
}

// TestLeavingTheWaitingRoom: who gives up waiting is no longer shown as waiting, and nobody else is told.
func TestLeavingTheWaitingRoom(t *testing.T) {
	c := liveClass(t, student("Old"))
	c.do(teacher(), "session.settings", &SessionSettings{WaitingRoom: ptr(true)})
	c.join(student("Sam"))
	c.join(student("Pia"))
	e := c.do(student("Sam"), "participant.leave", nil)[0]
	if d := Deliver(c.s, &e); d.For(&e, who("Old"), StandingMember) != nil {
		t.Error("a student was told that somebody stopped waiting")
	}
	c.wait(1000)
	c.do(system(), "participant.expire", &ParticipantExpire{UserID: who("Pia"), LeftAt: c.now - 1})
	c.standing("Sam", StandingOut)
	if c.s.Roster.Present != 2 || len(c.s.Desk.Waiting) != 0 {
		t.Errorf("%d present, %d wait", c.s.Roster.Present, len(c.s.Desk.Waiting))
	}
	c.finish()
}

func TestWaitingRoomFull(t *testing.T) {
	c := newClass(t)
	c.do(teacher(), "session.schedule", testPlan())
	for i := range limits.WaitingPeople {
		c.join(student(fmt.Sprint("s", i)))
	}
	c.refused(fault.Full, student("late"), "participant.join", nil)
	c.noop(student("s0"), "participant.join", nil)
	c.join(teacher())
	if got := len(c.do(teacher(), "participant.admit", &ParticipantAdmit{All: true})); got != limits.WaitingPeople {
		t.Errorf("%d were let in", got)
	}
	checkLaw(t, c.s.SessionID, c.events, who("Tess"), who("s0"), who("late"))
}

// TestSecretsOfTheLobby: those who wait get the lifecycle and nothing of the class.
func TestSecretsOfTheLobby(t *testing.T) {
	c := liveClass(t, student("Old"))
	c.do(teacher(), "session.settings", &SessionSettings{WaitingRoom: ptr(true)})
	c.join(student("Sam"))
	from := len(c.events)
	c.do(student("Old"), "hand.raise", nil)
	c.says(student("Old"), toAll("hello"))
	c.join(student("Pia"))
	c.do(teacher(), "session.lock", nil)
	for _, e := range c.events[from:] {
		d := Deliver(c.s, &e)
		if got := d.For(&e, who("Sam"), StandingWaiting); (got != nil) != (e.Type == event.TypeSessionLocked) {
			t.Errorf("%s reaches the waiting room: %v", e.Type, got != nil)
		}
	}
	c.finish()
}
