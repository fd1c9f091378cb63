package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
)

// KillSwitch is the reason of a halt that a person ordered; the others are found, and left, by the box itself.
const KillSwitch = "kill_switch"

// SessionHalt asks for session.halted. People halt by kill_switch only. Since is the box's: a log that can't be written
// can't log its halt, so that is told afterwards.
type SessionHalt struct {
	Reason string     `json:"reason,omitzero" optional:"true" enum:"log_unavailable,identity_unavailable,media_unavailable,kill_switch"`
	Since  event.Time `json:"since,omitzero" optional:"true"`
}

// SessionResume asks for session.resumed. The box names the reason that is gone; a halt for another one stays.
type SessionResume struct {
	Reason string `json:"reason,omitzero" optional:"true" enum:"log_unavailable,identity_unavailable,media_unavailable,kill_switch"`
}

// SessionTransfer is the owner's: the first command of an epoch.
type SessionTransfer struct {
	FromEpoch    int64      `json:"fromEpoch"`
	ToEpoch      int64      `json:"toEpoch"`
	HeadSequence int64      `json:"headSequence"`
	HeadHash     event.Hash `json:"headHash"`
}

func decideHalt(s *State, c *Command, p *SessionHalt) ([]event.Fact, error) {
	reason, at := KillSwitch, c.Now
	if c.Actor.System {
		reason, at = p.Reason, notAfter(p.Since, c.Now)
	}
	switch {
	case reason == "":
		return refuse(fault.InvalidField, "A halt needs its reason.")
	case !c.Actor.System && p.Reason != "" && p.Reason != KillSwitch:
		return refuse(fault.Forbidden, "Only the box itself may halt a class for %s. Use the kill switch.", p.Reason)
	case !c.Actor.System && c.Actor.Role != "teacher" && c.Actor.Role != "admin":
		return refuse(fault.Forbidden, "You may not halt this class. It goes on; ask its teacher.")
	case s.Life.Status == Halted && (s.Life.HaltReason == reason || reason != KillSwitch):
		return nil, nil // the first cause stands; only a person's order stays on top of it
	}
	return one(event.TypeSessionHalted, &event.SessionHalted{Since: at, Reason: reason, ActorUserID: c.Author()})
}

func decideResume(s *State, c *Command, p *SessionResume) ([]event.Fact, error) {
	switch {
	case s.Life.Status == Live:
		return nil, nil
	case c.Actor.System:
		if p.Reason != s.Life.HaltReason {
			return nil, nil
		}
	case c.Actor.Role != "teacher" && c.Actor.Role != "admin":
		return refuse(fault.Forbidden, "You may not resume this class. Ask its teacher.")
	case s.Life.HaltReason != KillSwitch:
		return refuse(fault.WrongState, "The class is halted (%s) and goes on by itself when the cause is gone. What was done before is safe.", s.Life.HaltReason)
	}
	return one(event.TypeSessionResumed, &event.SessionResumed{ResumedAt: c.Now, ActorUserID: c.Author()})
}

// decideTransfer checks that the new term follows on what this log holds. The owner stamps the fact with the new epoch.
func decideTransfer(s *State, c *Command, p *SessionTransfer) ([]event.Fact, error) {
	switch {
	case !c.Actor.System:
		return refuse(fault.Forbidden, "Only the box itself may take over a class.")
	case p.FromEpoch != s.Epoch || p.ToEpoch <= p.FromEpoch || p.HeadSequence != s.Sequence:
		return refuse(fault.WrongState, "The class stands at epoch %d, sequence %d; a takeover from epoch %d, sequence %d to epoch %d does not follow.",
			s.Epoch, s.Sequence, p.FromEpoch, p.HeadSequence, p.ToEpoch)
	}
	return one(event.TypeSessionTransferred, &event.SessionTransferred{FromEpoch: p.FromEpoch, ToEpoch: p.ToEpoch, HeadSequence: p.HeadSequence, HeadHash: p.HeadHash})
}

// notAfter gives a time that a part of the box measured, or now where it is absent or ahead.
func notAfter(t, now event.Time) event.Time {
	if t <= 0 || t > now {
		return now
	}
	return t
}
