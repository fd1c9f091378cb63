package event

// RecordingArmed: a recorder stands ready.
type RecordingArmed struct {
	RecordingID ID `json:"recordingId"`
}

// RecordingStarted: media is being kept from here on.
type RecordingStarted struct {
	RecordingID ID `json:"recordingId"`
}

// RecordingPaused: nothing is kept until it is resumed.
type RecordingPaused struct {
	RecordingID ID `json:"recordingId"`
	ActorUserID ID `json:"actorUserId,omitzero"`
}

// RecordingResumed after a pause.
type RecordingResumed struct {
	RecordingID ID `json:"recordingId"`
	ActorUserID ID `json:"actorUserId,omitzero"`
}

// RecordingStopped: no more is kept; the file follows as recording.finalized.
type RecordingStopped struct {
	RecordingID ID `json:"recordingId"`
	ActorUserID ID `json:"actorUserId,omitzero"`
}

// RecordingFinalized: the recording is complete. MediaURL is a storage reference, signed anew for each reader.
type RecordingFinalized struct {
	RecordingID ID     `json:"recordingId"`
	MediaURL    string `json:"mediaUrl"`
	DurationMs  int64  `json:"durationMs,omitzero"`
	Digest      Hash   `json:"digest"`
}

// RecordingFailed: what was kept until now is safe, no more will come.
type RecordingFailed struct {
	RecordingID ID     `json:"recordingId"`
	Reason      string `json:"reason"` // disk, media, recorder, policy
}

// DestinationEnabled: the class shall be sent there.
type DestinationEnabled struct {
	DestinationID ID   `json:"destinationId"`
	Name          Text `json:"name" personal:"actor"`
}

// DestinationDisabled by staff.
type DestinationDisabled struct {
	DestinationID ID `json:"destinationId"`
}

// DestinationLive: pictures arrive there.
type DestinationLive struct {
	DestinationID ID `json:"destinationId"`
}

// DestinationFailed: tried again with growing pauses.
type DestinationFailed struct {
	DestinationID ID     `json:"destinationId"`
	Reason        string `json:"reason"` // refused, stalled, unreachable, expired
}

// DestinationStopped: sending ended.
type DestinationStopped struct {
	DestinationID ID `json:"destinationId"`
}

// MediaDegraded: sound and picture are not as they should be.
type MediaDegraded struct {
	Reason string `json:"reason"` // unreachable, room_lost, quota
	Since  Time   `json:"since"`
}

// MediaRestored: they are again.
type MediaRestored struct {
	RestoredAt Time `json:"restoredAt"`
}

// MediaMoved: the class's room is on another server.
type MediaMoved struct {
	Server string `json:"server"` // name of the configured server, not its address
}
