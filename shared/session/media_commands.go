package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
)

var mediaCommands = map[string]*CommandType{
	"recording.arm":       command(LaneStudio, "", decideRecordingArm),
	"recording.start":     command(LaneStudio, "", decideRecordingStart),
	"recording.pause":     command(LaneStudio, "", decideRecordingPause),
	"recording.resume":    command(LaneStudio, "", decideRecordingResume),
	"recording.stop":      command(LaneStudio, "", decideRecordingStop),
	"recording.finalize":  command(LaneStudio, "", decideRecordingFinalize),
	"recording.fail":      command(LaneStudio, "", decideRecordingFail),
	"media.degrade":       command(LaneStudio, "", decideMediaDegrade),
	"media.restore":       command(LaneStudio, "", decideMediaRestore),
	"media.move":          command(LaneStudio, "", decideMediaMove),
	"destination.enable":  command(LaneStudio, "destinations", decideDestinationEnable),
	"destination.disable": command(LaneStudio, "destinations", decideDestinationDisable),
	"destination.live":    command(LaneStudio, "destinations", decideDestinationLive),
	"destination.fail":    command(LaneStudio, "destinations", decideDestinationFail),
	"destination.stop":    command(LaneStudio, "destinations", decideDestinationStop),
}

// RecordingArm is the recorder's: it stands ready. The fact tells it the id of the recording to come.
type RecordingArm struct{}

// RecordingStart, RecordingPause, RecordingResume and RecordingStop are asked for by staff.
type (
	RecordingStart  struct{}
	RecordingPause  struct{}
	RecordingResume struct{}
	RecordingStop   struct{}
)

// RecordingFinalize is the recorder's: the recording is complete.
type RecordingFinalize struct {
	RecordingID event.ID   `json:"recordingId"`
	MediaURL    string     `json:"mediaUrl" limit:"storage_url"`
	DurationMs  int64      `json:"durationMs,omitzero" optional:"true"`
	Digest      event.Hash `json:"digest"`
}

// RecordingFail is the recorder's: no more will come of this recording, or of this armed recorder.
type RecordingFail struct {
	RecordingID event.ID `json:"recordingId"`
	Reason      string   `json:"reason" enum:"disk,media,recorder,policy"`
}

func decideRecordingArm(s *State, c *Command, _ *RecordingArm) ([]event.Fact, error) {
	switch {
	case !c.Actor.System:
		return refuseOutsider()
	case !s.Desk.RecorderOn.IsZero():
		return nil, nil
	}
	return one(event.TypeRecordingArmed, &event.RecordingArmed{RecordingID: c.newID(s, 0)})
}

// recording gives the status of the newest recording, "" for none.
func (s *State) recording() (status string, id event.ID) {
	if s.Recording == nil {
		return "", event.ID{}
	}
	return s.Recording.Status, s.Recording.RecordingID
}

func decideRecordingStart(s *State, _ *Command, _ *RecordingStart) ([]event.Fact, error) {
	switch status, _ := s.recording(); {
	case status == RecordingOn:
		return nil, nil
	case status == RecordingPaused:
		return refuse(fault.WrongState, "The recording is paused. Resume it, or stop it first to make another.")
	case s.Desk.RecorderOn.IsZero():
		return refuse(fault.RecorderNotArmed, "No recorder stands ready, so nothing is being recorded. The class goes on; try again in a moment.")
	}
	return one(event.TypeRecordingStarted, &event.RecordingStarted{RecordingID: s.Desk.RecorderOn})
}

func refuseNoRecording() ([]event.Fact, error) {
	return refuse(fault.WrongState, "Nothing is being recorded now. Start a recording first.")
}

func decideRecordingPause(s *State, c *Command, _ *RecordingPause) ([]event.Fact, error) {
	switch status, id := s.recording(); status {
	case RecordingPaused:
		return nil, nil
	case RecordingOn:
		return one(event.TypeRecordingPaused, &event.RecordingPaused{RecordingID: id, ActorUserID: c.Author()})
	}
	return refuseNoRecording()
}

func decideRecordingResume(s *State, c *Command, _ *RecordingResume) ([]event.Fact, error) {
	switch status, id := s.recording(); status {
	case RecordingOn:
		return nil, nil
	case RecordingPaused:
		return one(event.TypeRecordingResumed, &event.RecordingResumed{RecordingID: id, ActorUserID: c.Author()})
	}
	return refuseNoRecording()
}

func decideRecordingStop(s *State, c *Command, _ *RecordingStop) ([]event.Fact, error) {
	switch status, id := s.recording(); status {
	case RecordingOn, RecordingPaused:
		return one(event.TypeRecordingStopped, &event.RecordingStopped{RecordingID: id, ActorUserID: c.Author()})
	case "":
		return refuseNoRecording()
	}
	return nil, nil
}

// decideRecordingFinalize takes any recording's: of those before the newest the state keeps nothing to check by, and the
// recorder is the one to know.
func decideRecordingFinalize(s *State, c *Command, p *RecordingFinalize) ([]event.Fact, error) {
	status, id := s.recording()
	switch {
	case !c.Actor.System:
		return refuseOutsider()
	case id == p.RecordingID && s.Desk.MediaURL == p.MediaURL:
		return nil, nil
	case id == p.RecordingID && (status == RecordingOn || status == RecordingPaused):
		return refuse(fault.WrongState, "This recording still runs; it can be complete only after it was stopped or failed.")
	case id.IsZero():
		return refuse(fault.NotFound, "Nothing was ever recorded in this class.")
	}
	return one(event.TypeRecordingFinalized, &event.RecordingFinalized{RecordingID: p.RecordingID, MediaURL: p.MediaURL, DurationMs: p.DurationMs, Digest: p.Digest})
}

func decideRecordingFail(s *State, c *Command, p *RecordingFail) ([]event.Fact, error) {
	status, id := s.recording()
	switch {
	case !c.Actor.System:
		return refuseOutsider()
	case id == p.RecordingID && status == RecordingFailed:
		return nil, nil
	case id.IsZero() && p.RecordingID != s.Desk.RecorderOn:
		return refuse(fault.NotFound, "There is no such recording in this class.")
	}
	return one(event.TypeRecordingFailed, &event.RecordingFailed{RecordingID: p.RecordingID, Reason: p.Reason})
}
