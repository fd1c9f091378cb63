package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
)

// phase is a set of statuses in which a command may be given.
type phase int

const (
	unplanned phase = 1 << iota // nothing is known of the session
	before                      // scheduled
	during                      // live, the ten seconds of its ending included
	halt                        // halted
	after                       // ended, cancelled or archived
)

// phases says when commands may be given. One that is not named here belongs to the running class: during. The decisions
// themselves refuse what does not fit the state beyond that.
var phases = map[string]phase{
	"session.schedule":   unplanned,
	"session.reschedule": before | during, // once it runs, the join code alone
	"session.cancel":     before,
	"session.start":      before | during,
	"session.settings":   before | during,
	"session.lock":       before | during,
	"session.unlock":     before | during,
	"session.end":        during | halt,
	"session.undo_end":   during | halt,
	"session.end_now":    during | halt,
	"session.halt":       during | halt,
	"session.resume":     during | halt,
	"session.archive":    after,
	"session.transfer":   before | during | halt | after,

	"participant.join":   before | during,
	"participant.leave":  before | during | halt | after,
	"participant.expire": before | during | halt | after,
	"participant.admit":  before | during,
	"participant.deny":   before | during,
	"participant.remove": before | during,
	"participant.ban":    before | during,
	"permission.change":  before | during,
	"consent.give":       before | during,
	"consent.withdraw":   before | during | halt | after,
	"chat.settings":      before | during,

	"scene.create":   before | during,
	"scene.update":   before | during,
	"scene.delete":   before | during,
	"scene.switch":   before | during,
	"layout.change":  before | during,
	"slide.change":   before | during,
	"asset.add":      before | during,
	"asset.remove":   before | during,
	"board.draw":     before | during,
	"board.undo":     before | during,
	"board.clear":    before | during,
	"board.add_page": before | during,

	"destination.enable":  before | during,
	"destination.disable": before | during,
	"destination.live":    before | during | halt,
	"destination.fail":    before | during | halt,
	"destination.stop":    before | during | halt | after,
	"recording.arm":       before | during | halt,
	"recording.finalize":  before | during | halt | after,
	"recording.fail":      before | during | halt | after,
	"media.degrade":       before | during | halt,
	"media.restore":       before | during | halt,
	"media.move":          before | during | halt,
	"feature.degrade":     before | during | halt,
	"feature.restore":     before | during | halt,
}

// openFor refuses a command that does not belong to the class's present status, and one of a feature that does not work
// now. The parts of the box may still speak for a degraded feature: that is how it comes back.
func openFor(s *State, c *Command) error {
	when, named := phases[c.Type]
	if !named {
		when = during
	}
	now, shut := s.phase()
	if when&now == 0 {
		return shut(s, when)
	}
	if err := inside(s, c); err != nil {
		return err
	}
	t := commands[c.Type]
	if d, bad := s.Features[t.Feature]; bad && t.Feature != "" && !c.Actor.System {
		return fault.New(fault.FeatureDegraded, "This part of the class (%s) does not work now (%s). The class goes on; please try again in a moment.",
			t.Feature, d.Reason).With("feature", t.Feature)
	}
	return nil
}

// outside names what may be asked for by somebody who is not in the class.
var outside = map[string]bool{"participant.join": true, "participant.leave": true, "consent.give": true, "consent.withdraw": true}

// inside refuses people who are not in the class now: an enrolment opens its door and is no voice in it. Staff may prepare
// and run a class from outside, unless they were banned from it.
func inside(s *State, c *Command) error {
	switch {
	case c.Actor.System, outside[c.Type], s.present(c.Actor.UserID) != nil:
		return nil
	case s.Desk.Banned[c.Actor.UserID.String()]:
		return fault.New(fault.Banned, "You were banned from this class. Nothing was changed; speak to its teacher.")
	case IsStaff(c.Actor.Role):
		return nil
	}
	return fault.New(fault.NotJoined, "You are not in this class now. Nothing was changed; join it first.")
}

// phase gives the phase that a session is in, and how to refuse what does not belong to it.
func (s *State) phase() (now phase, shut func(*State, phase) error) {
	switch s.Life.Status {
	case Scheduled:
		return before, shutBefore
	case Live:
		return during, shutDuring
	case Halted:
		return halt, shutHalted
	case Ended, Archived, Cancelled:
		return after, shutAfter
	}
	return unplanned, shutUnplanned
}

func shutUnplanned(*State, phase) error {
	return fault.New(fault.NotFound, "There is no such class here. Check its address or join code.")
}

func shutBefore(_ *State, when phase) error {
	if when == unplanned {
		return fault.New(fault.WrongState, "This class is scheduled already. Change its plan instead.")
	}
	if when == after {
		return fault.New(fault.WrongState, "This class did not take place yet. It can be cancelled, or put away once it has ended.")
	}
	return fault.New(fault.NotStarted, "The class has not started yet. Try again when it has.")
}

func shutDuring(_ *State, when phase) error {
	if when == after {
		return fault.New(fault.WrongState, "The class is still running. End it first.")
	}
	return fault.New(fault.AlreadyStarted, "The class has started. Its plan can't be changed any more; it can be ended.")
}

func shutHalted(s *State, when phase) error {
	if when == before || when == unplanned {
		return shutDuring(s, when)
	}
	return fault.New(fault.SessionHalted, "The class is halted (%s). What was done before is safe; try again when it goes on.", s.Life.HaltReason).
		With("reason", s.Life.HaltReason).With("since", event.Time.String(s.Life.HaltedSince))
}

func shutAfter(s *State, _ phase) error {
	if s.Life.Status == Cancelled {
		return fault.New(fault.SessionCancelled, "The class was cancelled. Nothing can be done in it any more.")
	}
	return fault.New(fault.SessionEnded, "The class has ended. What was said and shown is kept; nothing can be added.")
}
