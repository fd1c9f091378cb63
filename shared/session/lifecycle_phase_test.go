package session

import (
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// openTable says for every command what it meets in a session that is unknown, scheduled, live, halted, ended, cancelled:
// "ok", or the code of the refusal. Written by hand from the description of the lifecycle. Archived is as ended.
const openTable = `
session.schedule    ok         wrong_state  already_started already_started session_ended session_cancelled
session.reschedule  not_found  ok           ok              session_halted  session_ended session_cancelled
session.cancel      not_found  ok           already_started already_started session_ended session_cancelled
session.start       not_found  ok           ok              session_halted  session_ended session_cancelled
session.settings    not_found  ok           ok              session_halted  session_ended session_cancelled
session.lock        not_found  ok           ok              session_halted  session_ended session_cancelled
session.unlock      not_found  ok           ok              session_halted  session_ended session_cancelled
session.end         not_found  not_started  ok              ok              session_ended session_cancelled
session.undo_end    not_found  not_started  ok              ok              session_ended session_cancelled
session.end_now     not_found  not_started  ok              ok              session_ended session_cancelled
session.halt        not_found  not_started  ok              ok              session_ended session_cancelled
session.resume      not_found  not_started  ok              ok              session_ended session_cancelled
session.archive     not_found  wrong_state  wrong_state     session_halted  ok            ok
session.transfer    not_found  ok           ok              ok              ok            ok
feature.degrade     not_found  ok           ok              ok              session_ended session_cancelled
feature.restore     not_found  ok           ok              ok              session_ended session_cancelled
exam.start          not_found  not_started  ok              session_halted  session_ended session_cancelled
exam.end            not_found  not_started  ok              session_halted  session_ended session_cancelled
exam.focus          not_found  not_started  ok              session_halted  session_ended session_cancelled
cta.show            not_found  not_started  ok              session_halted  session_ended session_cancelled
cta.hide            not_found  not_started  ok              session_halted  session_ended session_cancelled
participant.join    not_found  ok           ok              session_halted  session_ended session_cancelled
participant.leave   not_found  ok           ok              ok              ok            ok
participant.expire  not_found  ok           ok              ok              ok            ok
participant.admit   not_found  ok           ok              session_halted  session_ended session_cancelled
participant.deny    not_found  ok           ok              session_halted  session_ended session_cancelled
participant.mute    not_found  not_started  ok              session_halted  session_ended session_cancelled
participant.remove  not_found  ok           ok              session_halted  session_ended session_cancelled
participant.ban     not_found  ok           ok              session_halted  session_ended session_cancelled
permission.change   not_found  ok           ok              session_halted  session_ended session_cancelled
consent.give        not_found  ok           ok              session_halted  session_ended session_cancelled
consent.withdraw    not_found  ok           ok              ok              ok            ok
hand.raise          not_found  not_started  ok              session_halted  session_ended session_cancelled
hand.lower          not_found  not_started  ok              session_halted  session_ended session_cancelled
reaction.send       not_found  not_started  ok              session_halted  session_ended session_cancelled
chat.send           not_found  not_started  ok              session_halted  session_ended session_cancelled
chat.approve        not_found  not_started  ok              session_halted  session_ended session_cancelled
chat.delete         not_found  not_started  ok              session_halted  session_ended session_cancelled
chat.settings       not_found  ok           ok              session_halted  session_ended session_cancelled
message.report      not_found  not_started  ok              session_halted  session_ended session_cancelled
report.resolve      not_found  not_started  ok              session_halted  session_ended session_cancelled
moderation.claim    not_found  not_started  ok              session_halted  session_ended session_cancelled
moderation.release  not_found  not_started  ok              session_halted  session_ended session_cancelled
question.ask        not_found  not_started  ok              session_halted  session_ended session_cancelled
question.answer     not_found  not_started  ok              session_halted  session_ended session_cancelled
question.upvote     not_found  not_started  ok              session_halted  session_ended session_cancelled
question.withdraw_upvote not_found not_started ok           session_halted  session_ended session_cancelled
question.resolve    not_found  not_started  ok              session_halted  session_ended session_cancelled
question.dismiss    not_found  not_started  ok              session_halted  session_ended session_cancelled
poll.start          not_found  not_started  ok              session_halted  session_ended session_cancelled
poll.vote           not_found  not_started  ok              session_halted  session_ended session_cancelled
poll.end            not_found  not_started  ok              session_halted  session_ended session_cancelled
scene.create        not_found  ok           ok              session_halted  session_ended session_cancelled
scene.update        not_found  ok           ok              session_halted  session_ended session_cancelled
scene.delete        not_found  ok           ok              session_halted  session_ended session_cancelled
scene.switch        not_found  ok           ok              session_halted  session_ended session_cancelled
layout.change       not_found  ok           ok              session_halted  session_ended session_cancelled
slide.change        not_found  ok           ok              session_halted  session_ended session_cancelled
asset.add           not_found  ok           ok              session_halted  session_ended session_cancelled
asset.remove        not_found  ok           ok              session_halted  session_ended session_cancelled
board.draw          not_found  ok           ok              session_halted  session_ended session_cancelled
board.undo          not_found  ok           ok              session_halted  session_ended session_cancelled
board.clear         not_found  ok           ok              session_halted  session_ended session_cancelled
board.add_page      not_found  ok           ok              session_halted  session_ended session_cancelled
caption.add         not_found  not_started  ok              session_halted  session_ended session_cancelled
note.add            not_found  not_started  ok              session_halted  session_ended session_cancelled
chapter.mark        not_found  not_started  ok              session_halted  session_ended session_cancelled
recording.arm       not_found  ok           ok              ok              session_ended session_cancelled
recording.start     not_found  not_started  ok              session_halted  session_ended session_cancelled
recording.pause     not_found  not_started  ok              session_halted  session_ended session_cancelled
recording.resume    not_found  not_started  ok              session_halted  session_ended session_cancelled
recording.stop      not_found  not_started  ok              session_halted  session_ended session_cancelled
recording.finalize  not_found  ok           ok              ok              ok            ok
recording.fail      not_found  ok           ok              ok              ok            ok
media.degrade       not_found  ok           ok              ok              session_ended session_cancelled
media.restore       not_found  ok           ok              ok              session_ended session_cancelled
media.move          not_found  ok           ok              ok              session_ended session_cancelled
destination.enable  not_found  ok           ok              session_halted  session_ended session_cancelled
destination.disable not_found  ok           ok              session_halted  session_ended session_cancelled
destination.live    not_found  ok           ok              ok              session_ended session_cancelled
destination.fail    not_found  ok           ok              ok              session_ended session_cancelled
destination.stop    not_found  ok           ok              ok              ok            ok
`

func TestWhichCommandWhen(t *testing.T) {
	statuses := []string{"", Scheduled, Live, Halted, Ended, Cancelled}
	seen := map[string]bool{}
	for line := range strings.Lines(openTable) {
		cells := strings.Fields(line)
		if len(cells) == 0 {
			continue
		}
		name, want := cells[0], cells[1:]
		if _, known := CommandOf(name); !known || len(want) != len(statuses) {
			t.Errorf("line %q: unknown command or not %d cells", line, len(statuses))
			continue
		}
		seen[name] = true
		for i, status := range append(statuses, Archived) {
			cell := want[min(i, len(want)-1)]
			if status == Archived {
				cell = want[4]
			}
			s := New(who("class"))
			s.Life.Status = status
			got := "ok"
			if err := openFor(s, &Command{Type: name, Actor: teacher()}); err != nil {
				got = string(fault.Of(err).Code)
			}
			if got != cell {
				t.Errorf("%s in status %q: %s, want %s", name, status, got, cell)
			}
		}
	}
	for _, c := range Commands() {
		if !seen[c.Name] {
			t.Errorf("%s has no row in this table", c.Name)
		}
	}
}

// TestAfterTheEnd holds the commands that are taken after the end to the types that may be appended then, and the other
// way round. Leaving is taken only because browsers still ask for it when the class is over; nobody is in it any more.
func TestAfterTheEnd(t *testing.T) {
	for _, typ := range event.Types() {
		taken := false
		for _, cause := range typ.Causes {
			leaving := cause == "participant.leave" || cause == "participant.expire"
			taken = taken || phases[cause]&after != 0
			if !typ.AfterEnd && phases[cause]&after != 0 && !leaving {
				t.Errorf("%s is taken after the end, but %s may not be appended then", cause, typ.Name)
			}
		}
		if typ.AfterEnd && !taken {
			t.Errorf("%s may be appended after the end, but no command for it is taken then", typ.Name)
		}
	}
}

func TestDegradedFeature(t *testing.T) {
	c := liveClass(t, student("Sam"))
	c.do(system(), "feature.degrade", &FeatureDegrade{Feature: "hands", Reason: "crashed"})
	c.refused(fault.FeatureDegraded, student("Sam"), "hand.raise", nil)
	c.noop(system(), "hand.lower", &HandLower{All: true})
	c.do(student("Sam"), "participant.leave", nil)
	c.do(system(), "feature.restore", &FeatureRestore{Feature: "hands"})
	c.join(student("Sam"))
	c.do(student("Sam"), "hand.raise", nil)
	c.finish()
}
