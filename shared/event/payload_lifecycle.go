package event

// Layout says how a scene is shown.
type Layout struct {
	Name      string `json:"name" limit:"layout_name"` // slide, camera, board, screen, split, grid, title
	Spotlight ID     `json:"spotlight,omitzero"`       // the person shown large, if any
}

// Settings are the switches of a class that staff may change while it runs.
type Settings struct {
	WaitingRoom bool   `json:"waitingRoom"`
	Visibility  string `json:"visibility"`  // who students see in the list of people: all, staff
	ScreenShare string `json:"screenShare"` // who may share a screen without asking: staff, all
	Questions   bool   `json:"questions"`
	Polls       bool   `json:"polls"`
	Hands       bool   `json:"hands"`
	Reactions   bool   `json:"reactions"`
	Captions    bool   `json:"captions"`
}

// ChatSettings are the rules of the chat. Words is given to staff only.
type ChatSettings struct {
	Enabled     bool               `json:"enabled"`
	Hold        bool               `json:"hold"`                            // students' messages wait for approval
	SlowSeconds int                `json:"slowSeconds"`                     // least pause between two messages of a student
	Private     string             `json:"private"`                         // whom students may write to: off, staff, all
	Words       Personal[[]string] `json:"words,omitzero" personal:"actor"` // of the filter; pupils' names are among them
}

// StaffMember is somebody with a role in this class whatever the course says.
type StaffMember struct {
	UserID ID     `json:"userId"`
	Role   string `json:"role"` // teacher, assistant
}

// Plan is what was scheduled.
type Plan struct {
	LessonID          ID            `json:"lessonId,omitzero"`
	CourseID          ID            `json:"courseId,omitzero"`
	Title             Text          `json:"title" personal:"actor"`
	ScheduledStart    Time          `json:"scheduledStart"`
	ScheduledEnd      Time          `json:"scheduledEnd"`
	Staff             []StaffMember `json:"staff"`
	MediaPolicy       string        `json:"mediaPolicy"` // required, optional
	Record            bool          `json:"record"`
	Capacity          int           `json:"capacity"` // people at once; 0: the limit of the box
	AssistantMayStart bool          `json:"assistantMayStart"`
	AssistantMayEnd   bool          `json:"assistantMayEnd"`
	Settings          Settings      `json:"settings"`
	Chat              ChatSettings  `json:"chat"`
	Destinations      []ID          `json:"destinations,omitempty"`
	JoinCode          string        `json:"joinCode,omitempty"`
}

// SessionScheduled is sequence 1 of every session.
type SessionScheduled struct {
	Plan
	PlanRevision int `json:"planRevision,omitzero"` // of the hub's plan that the edge adopted
}

// SessionRescheduled replaces the plan of a session that has not started, or the join code alone of one that runs.
type SessionRescheduled struct {
	Plan
	PlanRevision int `json:"planRevision,omitzero"`
}

// SessionCancelled ends a session that never started.
type SessionCancelled struct {
	CancelledAt Time `json:"cancelledAt"`
	ActorUserID ID   `json:"actorUserId"`
	Reason      Text `json:"reason,omitzero" personal:"actorUserId"`
}

// SessionStarted opens the class.
type SessionStarted struct {
	StartedAt   Time `json:"startedAt"`
	ActorUserID ID   `json:"actorUserId"`
}

// SessionEnding announces the end; until EndsAt it can be undone.
type SessionEnding struct {
	EndsAt      Time `json:"endsAt"`
	ActorUserID ID   `json:"actorUserId"`
}

// SessionEndingUndone takes the announced end back.
type SessionEndingUndone struct {
	ActorUserID ID `json:"actorUserId"`
}

// SessionEnded closes the class; ActorUserID is who asked for the end.
type SessionEnded struct {
	EndedAt     Time `json:"endedAt"`
	ActorUserID ID   `json:"actorUserId,omitzero"`
}

// SessionHalted stops the class until its cause is gone.
type SessionHalted struct {
	Since       Time   `json:"since"`
	Reason      string `json:"reason"` // log_unavailable, identity_unavailable, media_unavailable, kill_switch
	ActorUserID ID     `json:"actorUserId,omitzero"`
}

// SessionResumed goes on after a halt.
type SessionResumed struct {
	ResumedAt   Time `json:"resumedAt"`
	ActorUserID ID   `json:"actorUserId,omitzero"`
}

// SessionArchived puts an ended session away.
type SessionArchived struct {
	ArchivedAt  Time `json:"archivedAt"`
	ActorUserID ID   `json:"actorUserId,omitzero"`
}

// SessionTransferred is the first event of each epoch above 1.
type SessionTransferred struct {
	FromEpoch    int64 `json:"fromEpoch"`
	ToEpoch      int64 `json:"toEpoch"`
	HeadSequence int64 `json:"headSequence"`
	HeadHash     Hash  `json:"headHash"`
}

// SessionLocked lets nobody new in.
type SessionLocked struct {
	ActorUserID ID `json:"actorUserId"`
}

// SessionUnlocked lets people in again.
type SessionUnlocked struct {
	ActorUserID ID `json:"actorUserId"`
}

// SettingsChanged replaces the settings as a whole.
type SettingsChanged struct {
	Settings
	ActorUserID ID `json:"actorUserId"`
}

// FeatureDegraded tells that an async feature does not work now.
type FeatureDegraded struct {
	Feature string `json:"feature"`
	Reason  string `json:"reason"` // refused, hanging, crashed, unreachable, disk
	Since   Time   `json:"since"`
}

// FeatureRestored tells that it works again.
type FeatureRestored struct {
	Feature string `json:"feature"`
}

// ExamStarted closes chat and questions between students and logs who leaves the page.
type ExamStarted struct {
	ActorUserID ID `json:"actorUserId"`
}

// ExamEnded opens them again.
type ExamEnded struct {
	ActorUserID ID `json:"actorUserId"`
}

// ExamFocusChanged tells that a student's page lost or regained the focus during an exam.
type ExamFocusChanged struct {
	UserID  ID   `json:"userId"`
	Focused bool `json:"focused"`
}

// CTAShown puts a call to action with its QR code on screen; it replaces the one shown before.
type CTAShown struct {
	CTAID ID   `json:"ctaId"`
	Label Text `json:"label" personal:"actor"`
	URL   Text `json:"url" personal:"actor"`
}

// CTAHidden takes it away.
type CTAHidden struct {
	CTAID ID `json:"ctaId"`
}
