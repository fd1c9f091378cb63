// Package session holds the rules of a class: Decide, Apply and Fold, and what each person sees of it. It does no I/O and
// reads no clock: the same events and keys give the same state, byte for byte.
package session

import "multistream/shared/event"

// Format numbers the shape of State: snapshots of another format are ignored and folded anew.
const Format = 2

// Status of a session.
const (
	Scheduled = "scheduled"
	Live      = "live"
	Halted    = "halted"
	Ended     = "ended"
	Cancelled = "cancelled"
	Archived  = "archived"
)

// State is a class after some event. A view (Viewer set) is the same struct, reduced to what that person may know; Apply
// takes both on with the copies of events that they get. Lists are in the order of the log unless stated.
type State struct {
	Viewer    *Viewer  `json:"viewer,omitempty"`
	SessionID event.ID `json:"sessionId"`
	Epoch     int64    `json:"epoch"`
	Sequence  int64    `json:"sequence"`

	Life      Life                `json:"life"`
	Settings  event.Settings      `json:"settings"`
	ChatRules event.ChatSettings  `json:"chatRules"`
	Roster    Roster              `json:"roster"`
	Hands     Hands               `json:"hands"`
	Reactions map[string]int      `json:"reactions"`
	Studio    Studio              `json:"studio"`
	Chat      Chat                `json:"chat"`
	Questions []Question          `json:"questions"`
	Polls     []Poll              `json:"polls"`
	Captions  []Caption           `json:"captions"`
	Notes     []Note              `json:"notes"`
	Timeline  []Mark              `json:"timeline"`
	CTA       *CTA                `json:"cta,omitempty"`
	Recording *Recording          `json:"recording,omitempty"`
	Consents  map[string][]string `json:"consents"` // by user id: purposes, sorted; views of members: their own
	Media     Media               `json:"media"`
	Features  map[string]Degraded `json:"features"` // degraded ones by name
	Exam      bool                `json:"exam"`

	Desk    *Desk    `json:"desk,omitempty"`    // what only staff see; nil in other views
	Private *Private `json:"private,omitempty"` // what decisions need and nobody sees; nil in every view

	alike *alike // see AppendView; nil in views, and in states that were not made by New
}

// Viewer says whose view a state is.
type Viewer struct {
	UserID   event.ID `json:"userId"`
	Role     string   `json:"role"`
	Standing Standing `json:"standing"`
}

// Standing is a person's place towards the class.
type Standing string

// The standings.
const (
	StandingStaff   Standing = "staff"   // present as teacher, assistant or admin
	StandingMember  Standing = "member"  // present as student
	StandingWaiting Standing = "waiting" // in the waiting room
	StandingOut     Standing = "out"     // everybody else
)

// Life is the lifecycle.
type Life struct {
	Status      string     `json:"status"` // "" before session.scheduled
	Plan        event.Plan `json:"plan" personalActor:"plannedBy"`
	PlannedBy   event.ID   `json:"plannedBy,omitzero"`
	StartedAt   event.Time `json:"startedAt,omitzero"`
	EndsAt      event.Time `json:"endsAt,omitzero"` // set while the end can be undone
	EndingBy    event.ID   `json:"endingBy,omitzero"`
	EndedAt     event.Time `json:"endedAt,omitzero"`
	HaltedSince event.Time `json:"haltedSince,omitzero"`
	HaltReason  string     `json:"haltReason,omitzero"`
	Locked      bool       `json:"locked"`
}

// Roster holds the people who ever joined, in the order of their first entry. Views leave out those that the viewer may
// not see; Present counts everybody in the class. Views of members list people by id: who was a count only may get a name
// later, and that must not tell when they came.
type Roster struct {
	Present int           `json:"present"`
	People  []Participant `json:"people"`

	index map[event.ID]int // places in People; not trusted while their numbers differ
}

// Participant is one person in the class. Views of members show of others neither Grants nor Muted.
type Participant struct {
	UserID      event.ID   `json:"userId"`
	Role        string     `json:"role"`
	DisplayName event.Text `json:"displayName" personal:"userId"`
	Guest       bool       `json:"guest,omitzero"`
	Present     bool       `json:"present"`
	JoinedAt    event.Time `json:"joinedAt"`
	LeftAt      event.Time `json:"leftAt,omitzero"`
	Grants      []string   `json:"grants,omitempty"` // sorted
	Muted       bool       `json:"muted,omitzero"`
}

// Hands is the queue of raised hands, longest first. Members see their own and the numbers.
type Hands struct {
	Up     int    `json:"up"`
	Ahead  int    `json:"ahead"` // in views of members: hands before their own
	Raised []Hand `json:"raised"`
}

// Hand is one raised hand.
type Hand struct {
	UserID      event.ID   `json:"userId"`
	DisplayName event.Text `json:"displayName" personal:"userId"`
	RaisedAt    event.Time `json:"raisedAt"`
}

// Studio is what is shown.
type Studio struct {
	Current event.ID          `json:"current,omitzero"` // scene on screen
	Scenes  []Scene           `json:"scenes"`           // by Order, then by creation
	Assets  []Asset           `json:"assets"`
	Pages   []event.BoardPage `json:"pages"` // views carry the strokes of the page on screen only
}

// Scene is one entry of the scene strip.
type Scene struct {
	SceneID    event.ID     `json:"sceneId"`
	UserID     event.ID     `json:"userId"` // who named it
	Name       event.Text   `json:"name" personal:"userId"`
	Layout     event.Layout `json:"layout"`
	Order      int          `json:"order"`
	CreatedSeq int64        `json:"createdSeq"`       // keeps scenes of the same Order apart
	AssetID    event.ID     `json:"assetId,omitzero"` // slides or board page it shows
	Page       int          `json:"pageIndex"`
	Boards     []event.ID   `json:"boards,omitempty"` // its board pages
}

// Asset is something the class may show.
type Asset struct {
	AssetID     event.ID   `json:"assetId"`
	UserID      event.ID   `json:"userId"`
	Kind        string     `json:"kind"`
	Name        event.Text `json:"name" personal:"userId"`
	ContentType string     `json:"contentType"`
	Size        int64      `json:"size"`
	Digest      event.Hash `json:"digest"`
	Pages       int        `json:"pages"`
}

// Chat holds the latest messages: by audience in the full state (Windows), merged in a view (Entries).
type Chat struct {
	Windows map[string][]ChatEntry `json:"windows,omitempty"`
	Entries []ChatEntry            `json:"entries,omitempty"`
	Held    []ChatEntry            `json:"held"` // waiting for approval; members see their own
}

// ChatEntry is one message; a deleted one keeps its slot.
type ChatEntry struct {
	Sequence    int64           `json:"sequence"`
	MessageID   event.ID        `json:"messageId"`
	UserID      event.ID        `json:"userId"`
	DisplayName event.Text      `json:"displayName" personal:"userId"`
	Content     event.Text      `json:"content" personal:"userId"`
	To          event.Recipient `json:"to"`
	At          event.Time      `json:"at"`
	Deleted     bool            `json:"deleted,omitzero"`
	HeldFor     string          `json:"heldFor,omitzero"`
}

// Question is one of the open questions or of the latest closed ones.
type Question struct {
	QuestionID  event.ID   `json:"questionId"`
	UserID      event.ID   `json:"userId"`
	DisplayName event.Text `json:"displayName" personal:"userId"`
	Content     event.Text `json:"content" personal:"userId"`
	AskedAt     event.Time `json:"askedAt"`
	Status      string     `json:"status"` // open, answered, resolved, dismissed
	ClosedSeq   int64      `json:"closedSeq,omitzero"`
	Upvotes     int        `json:"upvotes"`
	Mine        bool       `json:"mine,omitzero"` // in views: the viewer upvoted it
	AnswerBy    event.ID   `json:"answerBy,omitzero"`
	Answer      event.Text `json:"answer,omitzero" personal:"answerBy"`
	Privately   bool       `json:"privately,omitzero"`
}

// Poll is an open poll or one of the latest closed ones. Counts and Voters are absent where the viewer may not see them yet.
type Poll struct {
	PollID    event.ID           `json:"pollId"`
	UserID    event.ID           `json:"userId"`
	Prompt    event.Text         `json:"prompt" personal:"userId"`
	Options   []event.PollOption `json:"options" personalActor:"userId"`
	Multiple  bool               `json:"multiple"`
	Anonymous bool               `json:"anonymous"`
	Live      bool               `json:"live"`
	StartedAt event.Time         `json:"startedAt"`
	EndedSeq  int64              `json:"endedSeq,omitzero"` // 0 while open
	Counts    []int              `json:"counts,omitempty"`
	Voters    int                `json:"voters"`
	Mine      []int              `json:"mine,omitempty"` // in views of named polls: the viewer's choices
}

// Caption is a final piece of the captions.
type Caption struct {
	SegmentID event.ID   `json:"segmentId"`
	SpeakerID event.ID   `json:"speakerId,omitzero"`
	Language  string     `json:"language"`
	StartMs   int64      `json:"startMs"`
	EndMs     int64      `json:"endMs"`
	Text      event.Text `json:"text" personal:"speakerId"`
}

// Note is one of the latest notes of staff.
type Note struct {
	NoteID   event.ID   `json:"noteId"`
	UserID   event.ID   `json:"userId"`
	Content  event.Text `json:"content" personal:"userId"`
	Audience string     `json:"audience"`
	At       event.Time `json:"at"`
}

// Mark is a point of the timeline.
type Mark struct {
	Sequence int64      `json:"sequence"`
	At       event.Time `json:"at"`
	Kind     string     `json:"kind"` // scene, slide, poll, chapter, cta, recording, halt
	RefID    event.ID   `json:"refId,omitzero"`
	Page     int        `json:"pageIndex,omitzero"`
	UserID   event.ID   `json:"userId,omitzero"`
	Title    event.Text `json:"title,omitzero" personal:"userId"`
}

// CTA is the call to action on screen.
type CTA struct {
	CTAID  event.ID   `json:"ctaId"`
	UserID event.ID   `json:"userId"`
	Label  event.Text `json:"label" personal:"userId"`
	URL    event.Text `json:"url" personal:"userId"`
}

// Recording is the newest recording of the class.
type Recording struct {
	RecordingID event.ID   `json:"recordingId"`
	Status      string     `json:"status"` // recording, paused, stopped, failed; armed and finalized are facts of the Desk
	Since       event.Time `json:"since"`
	Reason      string     `json:"reason,omitzero"`
}

// Media is the condition of sound and picture.
type Media struct {
	Degraded string     `json:"degraded,omitzero"` // reason, "" when all is well
	Since    event.Time `json:"since,omitzero"`
	Server   string     `json:"server,omitzero"`
}

// Degraded tells since when and why a feature does not work.
type Degraded struct {
	Reason string     `json:"reason"`
	Since  event.Time `json:"since"`
}
