package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

var recordingRules = map[string]rule{
	event.TypeRecordingStarted: on(recordingStarted),
	event.TypeRecordingStopped: on(func(s *session.State, e *Event, p *event.RecordingStopped) []Change {
		return recorded(s, p.RecordingID, e.CreatedAt)
	}),
	event.TypeRecordingFinalized: on(recordingFinalized),
	event.TypeRecordingFailed:    on(recordingFailed),
	event.TypeSessionEnded:       on(recordingEnded),
}

var destinationRules = map[string]rule{
	event.TypeDestinationEnabled: on(func(_ *session.State, _ *Event, p *event.DestinationEnabled) []Change {
		return sent(p.DestinationID, "enabled", "", false)
	}),
	event.TypeDestinationDisabled: on(func(_ *session.State, _ *Event, p *event.DestinationDisabled) []Change {
		return sent(p.DestinationID, "disabled", "", true)
	}),
	event.TypeDestinationLive: on(func(_ *session.State, _ *Event, p *event.DestinationLive) []Change {
		return sent(p.DestinationID, "live", "", true)
	}),
	event.TypeDestinationFailed: on(func(_ *session.State, _ *Event, p *event.DestinationFailed) []Change {
		return sent(p.DestinationID, "failed", p.Reason, true)
	}),
	event.TypeDestinationStopped: on(func(_ *session.State, _ *Event, p *event.DestinationStopped) []Change {
		return sent(p.DestinationID, "disabled", "stopped", true)
	}),
}

func recordingStarted(_ *session.State, e *Event, p *event.RecordingStarted) []Change {
	return []Change{{Table: Recordings, Key: byID(p.RecordingID), Set: Columns{"status": "recording", "media_uri": nil, "started_at": e.CreatedAt, "ended_at": nil}}}
}

// recorded tells when a recording that still runs ended; its file follows.
func recorded(s *session.State, id event.ID, at event.Time) []Change {
	r := s.Recording
	if r == nil || r.RecordingID != id || r.Status != session.RecordingOn && r.Status != session.RecordingPaused {
		return nil
	}
	return []Change{{Table: Recordings, Key: byID(id), Set: Columns{"ended_at": at}, Old: true}}
}

func recordingEnded(s *session.State, _ *Event, p *event.SessionEnded) []Change {
	if s.Recording == nil {
		return nil
	}
	return recorded(s, s.Recording.RecordingID, p.EndedAt)
}

func recordingFinalized(_ *session.State, _ *Event, p *event.RecordingFinalized) []Change {
	return []Change{{Table: Recordings, Key: byID(p.RecordingID), Set: Columns{"status": "finalized", "media_uri": p.MediaURL}, Old: true}}
}

func recordingFailed(s *session.State, e *Event, p *event.RecordingFailed) []Change {
	return append(recorded(s, p.RecordingID, e.CreatedAt), Change{Table: Recordings, Key: byID(p.RecordingID), Set: Columns{"status": "failed"}, Old: true})
}

// sent tells how a destination of the class fares. The store leaves out one that the school's directory does not have.
func sent(id event.ID, status, reason string, old bool) []Change {
	return []Change{{Table: Destinations, Key: Columns{"destination_id": id}, Set: Columns{"status": status, "reason": reason}, Old: old}}
}
