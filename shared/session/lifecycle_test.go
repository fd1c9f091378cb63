package session

import (
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

func TestStart(t *testing.T) {
	c := newClass(t)
	c.refused(fault.NotFound, teacher(), "session.start", nil)
	c.do(teacher(), "session.schedule", testPlan())
	c.refused(fault.Forbidden, assistant("Ann"), "session.start", nil)
	c.do(teacher(), "session.reschedule", &SessionReschedule{AssistantMayStart: ptr(true)})
	got := typesOf(c.do(assistant("Ann"), "session.start", nil))
	if want := []string{event.TypeSessionStarted, event.TypeSceneCreated, event.TypeSceneChanged}; !slices.Equal(got, want) {
		t.Errorf("a start without scenes: %v, want %v", got, want)
	}
	if len(c.s.Studio.Scenes) != 1 || c.s.Studio.Current != c.s.Studio.Scenes[0].SceneID || c.s.Studio.Scenes[0].Name.V != "Welcome" {
		t.Errorf("on the stage: %+v", c.s.Studio)
	}
	c.noop(teacher(), "session.start", nil)
	c.finish()
}

// TestStartWithScenes: the first scene of the plan comes on screen, unless one is there already.
func TestStartWithScenes(t *testing.T) {
	c := newClass(t)
	c.do(teacher(), "session.schedule", testPlan())
	second, first := c.scene("Second", 2), c.scene("First", 1)
	if c.s.Studio.Current.IsZero() {
		c.do(teacher(), "session.start", nil)
	}
	if c.s.Studio.Current != first {
		t.Errorf("on screen is %s, not the first scene %s (second %s)", c.s.Studio.Current, first, second)
	}
	c = newClass(t)
	c.do(teacher(), "session.schedule", testPlan())
	c.scene("First", 1)
	second = c.scene("Second", 2)
	c.do(teacher(), "scene.switch", &SceneSwitch{SceneID: second})
	if got := typesOf(c.do(teacher(), "session.start", nil)); !slices.Equal(got, []string{event.TypeSessionStarted}) || c.s.Studio.Current != second {
		t.Errorf("a start with a scene on screen: %v", got)
	}
	c.finish()
}

func TestEnding(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"))
	c.refused(fault.Forbidden, assistant("Ann"), "session.end", nil)
	c.refused(fault.WrongState, teacher(), "session.undo_end", nil)
	c.refused(fault.WrongState, system(), "session.end_now", nil)
	c.do(teacher(), "session.end", nil)
	c.noop(teacher(), "session.end", nil)
	if c.s.Life.EndsAt != c.now+limits.EndingMillis || c.s.Life.Status != Live {
		t.Errorf("ends at %s, status %s", c.s.Life.EndsAt, c.s.Life.Status)
	}
	c.do(student("Sam"), "hand.raise", nil) // still live
	c.wait(limits.EndingMillis - 1)
	c.refused(fault.WrongState, system(), "session.end_now", nil)
	c.refused(fault.Forbidden, assistant("Ann"), "session.undo_end", nil)
	c.do(teacher(), "session.undo_end", nil)
	c.wait(60_000)
	c.refused(fault.WrongState, system(), "session.end_now", nil)
	c.do(teacher(), "session.end", nil)
	c.wait(limits.EndingMillis)
	c.refused(fault.SessionEnded, teacher(), "session.undo_end", nil)
	c.refused(fault.Forbidden, teacher(), "session.end_now", nil)
	c.do(system(), "session.end_now", nil)
	c.refused(fault.SessionEnded, teacher(), "session.undo_end", nil)
	c.refused(fault.SessionEnded, system(), "session.end_now", nil)
	c.finish()
}

// TestEnd: the end closes polls, and everybody who was in has left then.
func TestEnd(t *testing.T) {
	c := liveClass(t, student("Sam"), student("Pia"))
	c.do(student("Pia"), "participant.leave", nil)
	left := c.now
	c.poll(false, false, false)
	c.do(student("Sam"), "hand.raise", nil)
	c.do(teacher(), "session.settings", &SessionSettings{WaitingRoom: ptr(true)})
	c.join(student("Kim"))
	c.do(system(), "recording.arm", nil)
	c.do(teacher(), "recording.start", nil)
	c.wait(5000)
	c.do(teacher(), "session.end", nil)
	c.wait(limits.EndingMillis)
	got := typesOf(c.do(system(), "session.end_now", nil))
	if want := []string{event.TypePollEnded, event.TypeSessionEnded}; !slices.Equal(got, want) {
		t.Errorf("the end: %v, want %v", got, want)
	}
	if p := c.s.person(who("Sam")); p.Present || p.LeftAt != c.now || c.s.Roster.Present != 0 {
		t.Errorf("after the end: %+v, %d present", p, c.s.Roster.Present)
	}
	if p := c.s.person(who("Pia")); p.LeftAt != left {
		t.Errorf("the end changed when Pia left")
	}
	if c.s.Recording.Status != RecordingStopped || len(c.s.Desk.Waiting) != 0 || c.s.Hands.Up != 0 {
		t.Errorf("after the end: %+v, %d wait, %d hands", c.s.Recording, len(c.s.Desk.Waiting), c.s.Hands.Up)
	}
	c.noop(student("Sam"), "participant.leave", nil)
	c.noop(system(), "participant.expire", &ParticipantExpire{UserID: who("Sam")})
	c.do(system(), "recording.finalize", &RecordingFinalize{RecordingID: c.s.Recording.RecordingID, MediaURL: "s3://r"})
	c.do(teacher(), "session.archive", nil)
	c.noop(teacher(), "session.archive", nil)
	c.finish()
}

func TestAssistantMayEnd(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"))
	c.refused(fault.Forbidden, student("Sam"), "session.end", nil)
	c.do(teacher(), "permission.change", permit("Ann", GrantEnd))
	c.do(assistant("Ann"), "session.end", nil)
	c.do(assistant("Ann"), "session.undo_end", nil)
	c.finish()
}

func TestLockAndSettings(t *testing.T) {
	c := liveClass(t, assistant("Ann"), student("Sam"))
	c.noop(teacher(), "session.unlock", nil)
	c.do(assistant("Ann"), "session.lock", nil)
	c.noop(teacher(), "session.lock", nil)
	c.do(teacher(), "session.unlock", nil)
	c.noop(teacher(), "session.settings", nil)
	c.do(teacher(), "session.settings", &SessionSettings{Hands: ptr(false)})
	c.do(assistant("Ann"), "session.settings", &SessionSettings{Reactions: ptr(false)})
	if s := c.s.Settings; s.Hands || s.Reactions || !s.Polls {
		t.Errorf("two changes at once: %+v", s)
	}
	c.noop(teacher(), "session.settings", &SessionSettings{Hands: ptr(false)})
	c.do(teacher(), "session.settings", &SessionSettings{Visibility: ptr("staff")})
	if c.s.Private.RefreshAll != c.s.Sequence {
		t.Error("who sees whom changed, but views are not taken anew")
	}
	c.finish()
}

func TestTransfer(t *testing.T) {
	c := liveClass(t, student("Sam"))
	at := c.s.Sequence
	good := SessionTransfer{FromEpoch: 1, ToEpoch: 2, HeadSequence: at}
	c.refused(fault.Forbidden, teacher(), "session.transfer", &good)
	for _, bad := range []SessionTransfer{{2, 3, at, event.Hash{}}, {1, 1, at, event.Hash{}}, {1, 2, at - 1, event.Hash{}}, {1, 2, at + 1, event.Hash{}}} {
		c.refused(fault.WrongState, system(), "session.transfer", &bad)
	}
	c.epoch = 2
	c.do(system(), "session.transfer", &good)
	if c.s.Epoch != 2 {
		t.Errorf("epoch %d after the takeover", c.s.Epoch)
	}
	c.finish()
}
