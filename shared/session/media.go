package session

import "multistream/shared/event"

var mediaAppliers = map[string]applier{
	event.TypeRecordingArmed:      on(applyRecordingArmed),
	event.TypeRecordingStarted:    on(applyRecordingStarted),
	event.TypeRecordingPaused:     on(applyRecordingPaused),
	event.TypeRecordingResumed:    on(applyRecordingResumed),
	event.TypeRecordingStopped:    on(applyRecordingStopped),
	event.TypeRecordingFinalized:  on(applyRecordingFinalized),
	event.TypeRecordingFailed:     on(applyRecordingFailed),
	event.TypeMediaDegraded:       on(applyMediaDegraded),
	event.TypeMediaRestored:       on(applyMediaRestored),
	event.TypeMediaMoved:          on(applyMediaMoved),
	event.TypeDestinationEnabled:  on(applyDestinationEnabled),
	event.TypeDestinationDisabled: on(applyDestinationDisabled),
	event.TypeDestinationLive:     on(applyDestinationLive),
	event.TypeDestinationFailed:   on(applyDestinationFailed),
	event.TypeDestinationStopped:  on(applyDestinationStopped),
}

// The statuses of a recording.
const (
	RecordingOn      = "recording"
	RecordingPaused  = "paused"
	RecordingStopped = "stopped"
	RecordingFailed  = "failed"
)

// The statuses of a destination.
const (
	DestinationEnabled  = "enabled"
	DestinationLive     = "live"
	DestinationFailed   = "failed"
	DestinationDisabled = "disabled"
	DestinationStopped  = "stopped"
)

func applyRecordingArmed(s *State, _ *event.Opened, p *event.RecordingArmed) {
	if s.Desk != nil {
		s.Desk.RecorderOn = p.RecordingID
	}
}

// applyRecordingStarted uses the armed recorder up: a further recording needs another one.
func applyRecordingStarted(s *State, e *event.Opened, p *event.RecordingStarted) {
	s.Recording = &Recording{RecordingID: p.RecordingID, Status: RecordingOn, Since: e.CreatedAt}
	if s.Desk != nil && s.Desk.RecorderOn == p.RecordingID {
		s.Desk.RecorderOn = event.ID{}
	}
	addMark(s, e, Mark{Kind: "recording", RefID: p.RecordingID})
}

// record changes the status of the newest recording, if that is the one meant.
func (s *State) record(e *event.Opened, id event.ID, status, reason string) {
	if s.Recording != nil && s.Recording.RecordingID == id {
		s.Recording = &Recording{RecordingID: id, Status: status, Since: e.CreatedAt, Reason: reason}
	}
}

func applyRecordingPaused(s *State, e *event.Opened, p *event.RecordingPaused) {
	s.record(e, p.RecordingID, RecordingPaused, "")
}

func applyRecordingResumed(s *State, e *event.Opened, p *event.RecordingResumed) {
	s.record(e, p.RecordingID, RecordingOn, "")
}

func applyRecordingStopped(s *State, e *event.Opened, p *event.RecordingStopped) {
	s.record(e, p.RecordingID, RecordingStopped, "")
}

func applyRecordingFinalized(s *State, _ *event.Opened, p *event.RecordingFinalized) {
	if s.Desk != nil {
		s.Desk.MediaURL = p.MediaURL
	}
}

func applyRecordingFailed(s *State, e *event.Opened, p *event.RecordingFailed) {
	s.record(e, p.RecordingID, RecordingFailed, p.Reason)
	if s.Desk != nil && s.Desk.RecorderOn == p.RecordingID {
		s.Desk.RecorderOn = event.ID{}
	}
}

func applyMediaDegraded(s *State, _ *event.Opened, p *event.MediaDegraded) {
	s.Media.Degraded, s.Media.Since = p.Reason, p.Since
}

func applyMediaRestored(s *State, _ *event.Opened, _ *event.MediaRestored) {
	s.Media.Degraded, s.Media.Since = "", 0
}

func applyMediaMoved(s *State, _ *event.Opened, p *event.MediaMoved) { s.Media.Server = p.Server }

func applyDestinationEnabled(s *State, e *event.Opened, p *event.DestinationEnabled) {
	if s.Desk != nil {
		s.Desk.Destinations[p.DestinationID.String()] = Destination{Name: p.Name, UserID: e.ActorID, Status: DestinationEnabled}
	}
}

// sendTo changes the status of a destination.
func (s *State) sendTo(id event.ID, status, reason string) {
	if s.Desk == nil {
		return
	}
	if d, known := s.Desk.Destinations[id.String()]; known {
		d.Status, d.Reason = status, reason
		s.Desk.Destinations[id.String()] = d
	}
}

func applyDestinationDisabled(s *State, _ *event.Opened, p *event.DestinationDisabled) {
	s.sendTo(p.DestinationID, DestinationDisabled, "")
}

func applyDestinationLive(s *State, _ *event.Opened, p *event.DestinationLive) {
	s.sendTo(p.DestinationID, DestinationLive, "")
}

func applyDestinationFailed(s *State, _ *event.Opened, p *event.DestinationFailed) {
	s.sendTo(p.DestinationID, DestinationFailed, p.Reason)
}

func applyDestinationStopped(s *State, _ *event.Opened, p *event.DestinationStopped) {
	s.sendTo(p.DestinationID, DestinationStopped, "")
}
