package session

import (
	"testing"

	"multistream/shared/fault"
	"multistream/shared/limits"
)

func TestKillSwitch(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"))
	c.refused(fault.Forbidden, assistant("Ann"), "session.halt", nil)
	c.refused(fault.Forbidden, student("Sam"), "session.halt", nil)
	c.refused(fault.Forbidden, teacher(), "session.halt", &SessionHalt{Reason: "media_unavailable"})
	c.noop(teacher(), "session.resume", nil)
	c.do(teacher(), "session.halt", nil)
	c.noop(teacher(), "session.halt", nil)
	c.noop(system(), "session.halt", &SessionHalt{Reason: "media_unavailable"})
	c.refused(fault.SessionHalted, student("Sam"), "hand.raise", nil)
	c.refused(fault.SessionHalted, teacher(), "scene.switch", nil)
	c.refused(fault.SessionHalted, student("Kim"), "participant.join", nil)
	c.noop(system(), "session.resume", &SessionResume{Reason: "media_unavailable"})
	c.refused(fault.Forbidden, assistant("Ann"), "session.resume", nil)
	c.do(student("Sam"), "participant.leave", nil)
	c.do(teacher(), "session.resume", nil)
	c.finish()
}

// TestHaltByItself: the box halts a class with its reason and since when, and the halt goes with its cause alone.
func TestHaltByItself(t *testing.T) {
	c := liveClass(t, student("Sam"))
	since := c.now
	c.wait(4000)
	c.refused(fault.InvalidField, system(), "session.halt", nil)
	c.do(system(), "session.halt", &SessionHalt{Reason: "log_unavailable", Since: since})
	if c.s.Life.HaltedSince != since || c.s.Life.HaltReason != "log_unavailable" {
		t.Errorf("halted since %s for %s", c.s.Life.HaltedSince, c.s.Life.HaltReason)
	}
	_, err := c.decide(student("Sam"), "hand.raise", nil)
	if f := fault.Of(err); f.Details["reason"] != "log_unavailable" {
		t.Errorf("the refusal does not name the reason: %v %v", f, f.Details)
	}
	c.noop(system(), "session.halt", &SessionHalt{Reason: "media_unavailable"})
	c.noop(system(), "session.resume", &SessionResume{Reason: "media_unavailable"})
	c.refused(fault.WrongState, teacher(), "session.resume", nil)
	c.do(system(), "session.resume", &SessionResume{Reason: "log_unavailable"})
	c.do(system(), "session.halt", &SessionHalt{Reason: "media_unavailable", Since: c.now + 1})
	if c.s.Life.HaltedSince != c.now {
		t.Errorf("halted since %s, a time that has not come", c.s.Life.HaltedSince)
	}
	c.finish()
}

// TestKillSwitchOnTop: a person's order outlasts the cause that halted the class before.
func TestKillSwitchOnTop(t *testing.T) {
	c := liveClass(t, student("Sam"))
	c.do(system(), "session.halt", &SessionHalt{Reason: "media_unavailable"})
	since := c.now
	c.wait(1000)
	c.do(teacher(), "session.halt", nil)
	if c.s.Life.HaltedSince != since {
		t.Errorf("halted since %s, want %s", c.s.Life.HaltedSince, since)
	}
	c.noop(system(), "session.resume", &SessionResume{Reason: "media_unavailable"})
	c.do(teacher(), "session.resume", nil)
	c.finish()
}

// TestEndOfHaltedClass: a halted class can be ended; who left while it was halted has left.
func TestEndOfHaltedClass(t *testing.T) {
	c := liveClass(t, student("Sam"))
	c.do(teacher(), "session.halt", nil)
	c.do(teacher(), "session.end", nil)
	c.do(teacher(), "session.undo_end", nil)
	c.do(teacher(), "session.end", nil)
	c.do(system(), "participant.expire", &ParticipantExpire{UserID: who("Sam"), LeftAt: c.now})
	c.wait(limits.EndingMillis)
	c.do(system(), "session.end_now", nil)
	if l := c.s.Life; l.Status != Ended || l.HaltReason != "" || l.EndsAt != 0 {
		t.Errorf("after the end: %+v", l)
	}
	c.finish()
}
