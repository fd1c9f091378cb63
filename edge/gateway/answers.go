package gateway

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

// Session is a class as lists and answers show it.
type Session struct {
	ID             event.ID    `json:"id"`
	LessonID       *event.ID   `json:"lessonId"`
	CourseID       *event.ID   `json:"courseId"`
	Title          event.Text  `json:"title"`
	Status         string      `json:"status" enum:"scheduled,live,halted,ended,cancelled,archived"`
	ScheduledStart event.Time  `json:"scheduledStart"`
	ScheduledEnd   event.Time  `json:"scheduledEnd"`
	StartedAt      *event.Time `json:"startedAt"`
	EndedAt        *event.Time `json:"endedAt"`
}

// SessionAnswer is a class after a command.
type SessionAnswer struct {
	Session
	Position string `json:"position"`
}

// Done is the answer of a command that makes nothing with an id.
type Done struct {
	Position string `json:"position"`
}

// Created is the answer of a command that makes something.
type Created struct {
	ID        *event.ID   `json:"id"`             // null where nothing new was needed
	CreatedAt *event.Time `json:"createdAt"`      // null likewise
	Held      string      `json:"held,omitempty"` // of a chat message that waits for approval: hold, word
	Position  string      `json:"position"`
}

// StartAnswer is a started class.
type StartAnswer struct {
	Session            Session `json:"session"`
	LivekitToken       *string `json:"livekitToken"`
	LivekitTokenReason string  `json:"livekitTokenReason,omitempty"` // why it is null
	Position           string  `json:"position"`
}

// EndAnswer is a class whose end was announced, or taken back.
type EndAnswer struct {
	Session  Session     `json:"session"`
	EndsAt   *event.Time `json:"endsAt"` // when it ends unless that is undone
	Position string      `json:"position"`
}

// Participant is somebody in a class.
type Participant struct {
	UserID event.ID `json:"userId"`
	Role   string   `json:"role"`
}

// JoinAnswer lets somebody in, or into the waiting room.
type JoinAnswer struct {
	Session            Session      `json:"session"`
	Participant        *Participant `json:"participant"`
	ParticipantReason  string       `json:"participantReason,omitempty"` // why it is null: waiting_for_admission
	LivekitToken       *string      `json:"livekitToken"`
	LivekitTokenReason string       `json:"livekitTokenReason,omitempty"`
	View               View         `json:"view"`
	Position           string       `json:"position"` // of the view: what follows is read from here
}

// View is an encoded session.State, reduced to what one person may know.
type View []byte

// MarshalJSON gives the bytes as they are.
func (v View) MarshalJSON() ([]byte, error) { return v, nil }

// AppendJSON does the same where they need no check: they were encoded here.
func (v View) AppendJSON(dst []byte) ([]byte, error) { return append(dst, v...), nil }

// SceneAnswer is a scene after a command.
type SceneAnswer struct {
	ID        event.ID     `json:"id"`
	SessionID event.ID     `json:"sessionId"`
	Name      event.Text   `json:"name"`
	Layout    event.Layout `json:"layout"`
	Position  string       `json:"position"`
}

// AssetAnswer is an asset that was added.
type AssetAnswer struct {
	AssetID    event.ID `json:"assetId"`
	ContentURL string   `json:"contentUrl"`
	Position   string   `json:"position"`
}

// sessionOf shows a class of its state.
func sessionOf(s *session.State) Session {
	return sessionFrom(s.SessionID, s.Life.Plan, s.Life.Status, s.Life.StartedAt, s.Life.EndedAt)
}

func sessionFrom(id event.ID, p event.Plan, status string, started, ended event.Time) Session {
	return Session{ID: id, LessonID: idOrNull(p.LessonID), CourseID: idOrNull(p.CourseID), Title: p.Title, Status: status,
		ScheduledStart: p.ScheduledStart, ScheduledEnd: p.ScheduledEnd, StartedAt: timeOrNull(started), EndedAt: timeOrNull(ended)}
}

func idOrNull(id event.ID) *event.ID {
	if id.IsZero() {
		return nil
	}
	return &id
}

func timeOrNull(t event.Time) *event.Time {
	if t == 0 {
		return nil
	}
	return &t
}
