package event

// Recipient says to whom a chat message goes.
type Recipient struct {
	Audience string `json:"audience"` // all, staff, user
	UserID   ID     `json:"userId,omitzero"`
}

// ChatMessage is shown to its recipients and its author.
type ChatMessage struct {
	MessageID   ID        `json:"messageId"`
	UserID      ID        `json:"userId"`
	DisplayName Text      `json:"displayName" personal:"userId"`
	Content     Text      `json:"content" personal:"userId"`
	To          Recipient `json:"to"`
}

// ChatHeld is a message that waits for approval; staff and its author see it.
type ChatHeld struct {
	ChatMessage
	Reason string `json:"reason"` // hold, word
}

// ChatApproved shows a held message to its recipients, at this place of the order.
type ChatApproved struct {
	ChatMessage
	ActorUserID ID `json:"actorUserId"`
}

// ChatDeleted empties a message; its slot stays. A held message that is deleted was refused.
type ChatDeleted struct {
	MessageID   ID        `json:"messageId"`
	UserID      ID        `json:"userId"` // its author
	To          Recipient `json:"to"`
	ActorUserID ID        `json:"actorUserId"`
}

// ChatSettingsChanged replaces the chat's settings.
type ChatSettingsChanged struct {
	ChatSettings
	ActorUserID ID `json:"actorUserId"`
}

// MessageReported puts a message before staff, with what it said and who wrote it.
type MessageReported struct {
	ReportID  ID        `json:"reportId"`
	MessageID ID        `json:"messageId"`
	UserID    ID        `json:"userId"` // who reported
	Reason    string    `json:"reason"` // abuse, spam, harm, other
	Note      Text      `json:"note,omitzero" personal:"userId"`
	AuthorID  ID        `json:"authorId"`
	Content   Text      `json:"content" personal:"authorId"`
	To        Recipient `json:"to"` // said to whom; outlives the message in the live state
}

// ReportResolved closes a report.
type ReportResolved struct {
	ReportID    ID     `json:"reportId"`
	Outcome     string `json:"outcome"` // deleted, dismissed
	ActorUserID ID     `json:"actorUserId"`
}

// ModerationClaimed: one of the staff takes an item of the inbox, so that two do not act twice.
type ModerationClaimed struct {
	ItemID ID     `json:"itemId"`
	Kind   string `json:"kind"` // message, report, question, hand
	UserID ID     `json:"userId"`
}

// ModerationReleased gives it back.
type ModerationReleased struct {
	ItemID ID `json:"itemId"`
	UserID ID `json:"userId"`
}

// QuestionAsked joins the queue.
type QuestionAsked struct {
	QuestionID  ID   `json:"questionId"`
	UserID      ID   `json:"userId"`
	DisplayName Text `json:"displayName" personal:"userId"`
	Content     Text `json:"content" personal:"userId"`
}

// QuestionAnswered by UserID; a private answer is seen by staff and the asker, to others the question just closes.
type QuestionAnswered struct {
	QuestionID ID   `json:"questionId"`
	UserID     ID   `json:"userId,omitzero"`
	Content    Text `json:"content,omitzero" personal:"userId"`
	Private    bool `json:"private,omitzero"`
}

// QuestionUpvoted: others than the voter get the count alone.
type QuestionUpvoted struct {
	QuestionID ID  `json:"questionId"`
	UserID     ID  `json:"userId,omitzero"`
	Upvotes    int `json:"upvotes,omitzero"` // copies only: after this event
}

// QuestionUpvoteWithdrawn takes one's upvote back.
type QuestionUpvoteWithdrawn struct {
	QuestionID ID  `json:"questionId"`
	UserID     ID  `json:"userId,omitzero"`
	Upvotes    int `json:"upvotes,omitzero"` // copies only
}

// QuestionResolved closes a question that was dealt with aloud.
type QuestionResolved struct {
	QuestionID  ID `json:"questionId"`
	ActorUserID ID `json:"actorUserId"`
}

// QuestionDismissed closes a question without an answer.
type QuestionDismissed struct {
	QuestionID  ID `json:"questionId"`
	ActorUserID ID `json:"actorUserId"`
}

// PollOption is one possible answer.
type PollOption struct {
	Text Text `json:"text" personal:"actor"`
}

// PollStarted opens a poll.
type PollStarted struct {
	PollID    ID           `json:"pollId"`
	Prompt    Text         `json:"prompt" personal:"actor"`
	Options   []PollOption `json:"options"`
	Multiple  bool         `json:"multiple"`  // several options may be chosen
	Anonymous bool         `json:"anonymous"` // nobody can tell who voted what
	Live      bool         `json:"live"`      // members see the counts while it runs
}

// PollVoted is a person's answer, or a change of it. Named polls: UserID and Answer. Anonymous ones: VoterID, the
// pseudonym, and Choices. Copies for staff, and for members of a live poll, carry Counts and Voters instead.
type PollVoted struct {
	PollID  ID              `json:"pollId"`
	UserID  ID              `json:"userId,omitzero"`
	Answer  Personal[[]int] `json:"answer,omitzero" personal:"userId"`
	VoterID ID              `json:"voterId,omitzero"`
	Choices []int           `json:"choices,omitempty"`
	Counts  []int           `json:"counts,omitempty"` // copies only
	Voters  int             `json:"voters,omitzero"`  // copies only
}

// PollResults are the counts by option and how many people voted.
type PollResults struct {
	Counts []int `json:"counts"`
	Voters int   `json:"voters"`
}

// PollEnded closes a poll with its results.
type PollEnded struct {
	PollID      ID          `json:"pollId"`
	Results     PollResults `json:"results"`
	ActorUserID ID          `json:"actorUserId,omitzero"`
}

// CaptionSegment is a final piece of the captions; times are milliseconds of the class since its start.
type CaptionSegment struct {
	SegmentID ID     `json:"segmentId"`
	SpeakerID ID     `json:"speakerId,omitzero"`
	Language  string `json:"language"`
	StartMs   int64  `json:"startMs"`
	EndMs     int64  `json:"endMs"`
	Text      Text   `json:"text" personal:"speakerId"`
}

// NoteAdded by staff, for everyone or for staff.
type NoteAdded struct {
	NoteID   ID     `json:"noteId"`
	UserID   ID     `json:"userId"`
	Content  Text   `json:"content" personal:"userId"`
	Audience string `json:"audience"` // all, staff
}

// ChapterMarked: the teacher marks this moment.
type ChapterMarked struct {
	MarkID ID   `json:"markId"`
	UserID ID   `json:"userId"`
	Title  Text `json:"title,omitzero" personal:"userId"`
}
