package session

import (
	"fmt"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

func TestRecording(t *testing.T) {
	c := liveClass(t, student("Sam"))
	state := func(want string) {
		t.Helper()
		if got, _ := c.s.recording(); got != want {
			t.Errorf("the recording is %q, want %q", got, want)
		}
	}
	c.refused(fault.RecorderNotArmed, teacher(), "recording.start", nil)
	for _, typ := range []string{"recording.pause", "recording.resume", "recording.stop"} {
		c.refused(fault.WrongState, teacher(), typ, nil)
	}
	c.refused(fault.Forbidden, teacher(), "recording.arm", nil)
	id := c.do(system(), "recording.arm", nil)[0].Payload.(*event.RecordingArmed).RecordingID
	c.noop(system(), "recording.arm", nil)
	c.refused(fault.NotFound, system(), "recording.finalize", &RecordingFinalize{RecordingID: id, MediaURL: "s3://a"})
	c.do(teacher(), "recording.start", nil)
	c.noop(teacher(), "recording.start", nil)
	c.noop(teacher(), "recording.resume", nil)
	state(RecordingOn)
	c.do(teacher(), "recording.pause", nil)
	c.noop(teacher(), "recording.pause", nil)
	c.refused(fault.WrongState, teacher(), "recording.start", nil)
	c.do(teacher(), "recording.resume", nil)
	c.refused(fault.WrongState, system(), "recording.finalize", &RecordingFinalize{RecordingID: id, MediaURL: "s3://a"})
	c.do(teacher(), "recording.pause", nil)
	c.do(teacher(), "recording.stop", nil)
	c.noop(teacher(), "recording.stop", nil)
	state(RecordingStopped)
	c.refused(fault.Forbidden, teacher(), "recording.finalize", &RecordingFinalize{RecordingID: id, MediaURL: "s3://a"})
	c.do(system(), "recording.finalize", &RecordingFinalize{RecordingID: id, MediaURL: "s3://a"})
	c.noop(system(), "recording.finalize", &RecordingFinalize{RecordingID: id, MediaURL: "s3://a"})
	c.refused(fault.RecorderNotArmed, teacher(), "recording.start", nil) // each recording arms anew
	if View(c.s, who("Sam")).Desk != nil || c.s.Desk.MediaURL != "s3://a" {
		t.Errorf("the storage reference is %q", c.s.Desk.MediaURL)
	}
	c.finish()
}

func TestRecordingFails(t *testing.T) {
	c := liveClass(t, student("Sam"))
	fail := func(id event.ID) *RecordingFail { return &RecordingFail{RecordingID: id, Reason: "disk"} }
	c.refused(fault.NotFound, system(), "recording.fail", fail(who("nothing")))
	c.refused(fault.Forbidden, teacher(), "recording.fail", fail(who("nothing")))
	armed := c.do(system(), "recording.arm", nil)[0].Payload.(*event.RecordingArmed).RecordingID
	c.do(system(), "recording.fail", fail(armed)) // before it was used
	c.refused(fault.RecorderNotArmed, teacher(), "recording.start", nil)
	first := c.do(system(), "recording.arm", nil)[0].Payload.(*event.RecordingArmed).RecordingID
	c.do(teacher(), "recording.start", nil)
	second := c.do(system(), "recording.arm", nil)[0].Payload.(*event.RecordingArmed).RecordingID
	c.do(system(), "recording.fail", fail(first))
	c.noop(system(), "recording.fail", fail(first))
	c.refused(fault.WrongState, teacher(), "recording.pause", nil)
	c.noop(teacher(), "recording.stop", nil)
	if r := View(c.s, who("Sam")).Recording; r.Status != RecordingFailed || r.Reason != "disk" {
		t.Errorf("Sam sees %+v", r)
	}
	c.do(teacher(), "recording.start", nil)
	if _, id := c.s.recording(); id != second || id == first {
		t.Errorf("the second recording is %s, want %s", id, second)
	}
	c.do(system(), "recording.fail", fail(first)) // told late; the newest runs on
	if status, _ := c.s.recording(); status != RecordingOn {
		t.Errorf("the failure of an earlier recording made this one %q", status)
	}
	c.do(system(), "recording.finalize", &RecordingFinalize{RecordingID: first, MediaURL: "s3://what was kept"})
	c.finish()
}

func TestMedia(t *testing.T) {
	c := liveClass(t, student("Sam"))
	c.refused(fault.Forbidden, teacher(), "media.degrade", &MediaDegrade{Reason: "quota"})
	c.refused(fault.Forbidden, teacher(), "media.restore", nil)
	c.refused(fault.Forbidden, teacher(), "media.move", &MediaMove{Server: "campus"})
	c.noop(system(), "media.restore", nil)
	since := c.now
	c.wait(500)
	c.do(system(), "media.degrade", &MediaDegrade{Reason: "unreachable", Since: since})
	c.noop(system(), "media.degrade", &MediaDegrade{Reason: "unreachable"})
	if m := View(c.s, who("Sam")).Media; m.Degraded != "unreachable" || m.Since != since {
		t.Errorf("Sam sees %+v", m)
	}
	c.do(system(), "media.move", &MediaMove{Server: "campus"})
	c.noop(system(), "media.move", &MediaMove{Server: "campus"})
	c.do(system(), "media.restore", nil)
	if m := c.s.Media; m != (Media{Server: "campus"}) {
		t.Errorf("after the restoration: %+v", m)
	}
	c.finish()
}

func TestDestinations(t *testing.T) {
	c := newClass(t)
	c.do(teacher(), "session.schedule", testPlan())
	c.join(teacher())
	tube := who("tube")
	enable := &DestinationEnable{DestinationID: tube, Name: "Tube"}
	status := func(want string) {
		t.Helper()
		if got := c.s.destination(tube); got != want {
			t.Errorf("the destination is %q, want %q", got, want)
		}
	}
	system := system()
	for typ, payload := range map[string]any{"destination.live": &DestinationGoLive{tube}, "destination.fail": &DestinationFail{tube, "refused"}, "destination.stop": &DestinationStop{tube}} {
		c.refused(fault.NotFound, system, typ, payload)
		c.refused(fault.Forbidden, teacher(), typ, payload)
	}
	c.refused(fault.NotFound, teacher(), "destination.disable", &DestinationDisable{tube})
	c.do(teacher(), "destination.enable", enable)
	c.noop(teacher(), "destination.enable", enable)
	c.do(teacher(), "session.start", nil)
	c.join(student("Sam"))
	c.do(system, "destination.fail", &DestinationFail{tube, "refused"})
	c.noop(system, "destination.fail", &DestinationFail{tube, "refused"})
	c.do(system, "destination.fail", &DestinationFail{tube, "stalled"})
	status(DestinationFailed)
	c.do(system, "destination.live", &DestinationGoLive{tube})
	c.noop(system, "destination.live", &DestinationGoLive{tube})
	c.noop(teacher(), "destination.enable", enable)
	c.do(teacher(), "destination.disable", &DestinationDisable{tube})
	c.noop(teacher(), "destination.disable", &DestinationDisable{tube})
	c.refused(fault.WrongState, system, "destination.live", &DestinationGoLive{tube})
	c.noop(system, "destination.fail", &DestinationFail{tube, "refused"})
	c.do(teacher(), "destination.enable", enable)
	for i := range limits.Table["plan_destination"].Max - 1 {
		c.do(teacher(), "destination.enable", &DestinationEnable{DestinationID: who(fmt.Sprint("tube", i)), Name: "More"})
	}
	c.refused(fault.LimitReached, teacher(), "destination.enable", &DestinationEnable{DestinationID: who("too many"), Name: "More"})
	c.do(teacher(), "session.end", nil)
	c.wait(limits.EndingMillis)
	c.do(system, "session.end_now", nil)
	c.do(system, "destination.stop", &DestinationStop{tube})
	c.noop(system, "destination.stop", &DestinationStop{tube})
	status(DestinationStopped)
	c.finish()
}
