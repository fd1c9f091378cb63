package event

// ParticipantRequested: somebody waits in the waiting room.
type ParticipantRequested struct {
	UserID      ID     `json:"userId"`
	Role        string `json:"role"`
	DisplayName Text   `json:"displayName" personal:"userId"`
	Guest       bool   `json:"guest,omitzero"`
	RequestedAt Time   `json:"requestedAt"`
}

// ParticipantAdmitted: staff let them in; they may join now.
type ParticipantAdmitted struct {
	UserID      ID `json:"userId"`
	ActorUserID ID `json:"actorUserId"`
}

// ParticipantDenied: staff turned them away.
type ParticipantDenied struct {
	UserID      ID `json:"userId"`
	ActorUserID ID `json:"actorUserId"`
}

// ParticipantJoined is membership, logged on entry. In a copy for those who may not know who it was only Present is set.
type ParticipantJoined struct {
	UserID      ID       `json:"userId,omitzero"`
	Role        string   `json:"role,omitzero"`
	JoinedAt    Time     `json:"joinedAt,omitzero"`
	DisplayName Text     `json:"displayName,omitzero" personal:"userId"`
	Guest       bool     `json:"guest,omitzero"`
	Grants      []string `json:"grants,omitempty"` // session permissions at entry
	Present     int      `json:"present,omitzero"` // copies only: people in the class after this event
}

// ParticipantLeft is logged on leaving, removal, or 60 s without any connection (LeftAt = last seen).
type ParticipantLeft struct {
	UserID  ID     `json:"userId,omitzero"`
	LeftAt  Time   `json:"leftAt,omitzero"`
	Reason  string `json:"reason,omitzero"`  // left, timeout, removed, banned, ended
	Present int    `json:"present,omitzero"` // copies only
}

// ParticipantMuted: staff silenced a microphone, or allowed it again.
type ParticipantMuted struct {
	UserID      ID   `json:"userId"`
	Muted       bool `json:"muted"`
	ActorUserID ID   `json:"actorUserId"`
}

// ParticipantRemoved: put out; may come back only if staff admit them.
type ParticipantRemoved struct {
	UserID      ID   `json:"userId"`
	ActorUserID ID   `json:"actorUserId"`
	Reason      Text `json:"reason,omitzero" personal:"actorUserId"`
}

// ParticipantBanned: put out for good (Banned) or the ban lifted.
type ParticipantBanned struct {
	UserID      ID   `json:"userId"`
	Banned      bool `json:"banned"`
	ActorUserID ID   `json:"actorUserId"`
	Reason      Text `json:"reason,omitzero" personal:"actorUserId"`
}

// PermissionChanged sets role and session permissions of a participant, with what they were before.
type PermissionChanged struct {
	UserID       ID       `json:"userId"`
	Role         string   `json:"role"`
	Grants       []string `json:"grants"`
	BeforeRole   string   `json:"beforeRole"`
	BeforeGrants []string `json:"beforeGrants"`
	ActorUserID  ID       `json:"actorUserId"`
}

// HandRaised: members get only Up, the person concerned also Ahead.
type HandRaised struct {
	UserID      ID   `json:"userId,omitzero"`
	DisplayName Text `json:"displayName,omitzero" personal:"userId"`
	RaisedAt    Time `json:"raisedAt,omitzero"`
	Up          int  `json:"up,omitzero"`    // copies only: hands up after this event
	Ahead       int  `json:"ahead,omitzero"` // copies only: hands before one's own
}

// HandLowered by the person or by staff.
type HandLowered struct {
	UserID      ID  `json:"userId,omitzero"`
	ActorUserID ID  `json:"actorUserId,omitzero"`
	Up          int `json:"up,omitzero"`    // copies only
	Ahead       int `json:"ahead,omitzero"` // copies only
}

// ReactionSent is one of the fixed reactions; members are not told whose.
type ReactionSent struct {
	UserID   ID     `json:"userId,omitzero"`
	Reaction string `json:"reaction"`
}

// ConsentGiven for one purpose: recording, captions, publication.
type ConsentGiven struct {
	UserID  ID     `json:"userId"`
	Purpose string `json:"purpose"`
	ByID    ID     `json:"byId,omitzero"` // the parent or guardian who gave it, if not the person
}

// ConsentWithdrawn for one purpose.
type ConsentWithdrawn struct {
	UserID  ID     `json:"userId"`
	Purpose string `json:"purpose"`
}
