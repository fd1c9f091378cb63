package event

// What one event of each type may look like, with every field that the log may hold. The golden files are made from these:
// change none; a new version of a type gets a new sample.

func sampleID(n byte) ID {
	id := MustID("0190a7c8-5e2b-7cc0-8000-000000000000")
	id[15] = n
	return id
}

var (
	sampleTenant, sampleSession, sampleEdge = sampleID(1), sampleID(2), sampleID(3)
	sampleTeacher, sampleStudent            = sampleID(4), sampleID(5)
	sampleAssistant, sampleParent           = sampleID(6), sampleID(7)
	sampleCourse, sampleLesson              = sampleID(8), sampleID(9)
	sampleScene, sampleAsset, sampleStroke  = sampleID(0x10), sampleID(0x11), sampleID(0x12)
	sampleMessage, sampleReport             = sampleID(0x13), sampleID(0x14)
	sampleQuestion, samplePoll, sampleMark  = sampleID(0x15), sampleID(0x16), sampleID(0x17)
	sampleRecording, sampleDestination      = sampleID(0x18), sampleID(0x19)
	sampleCTA, sampleSegment, sampleNote    = sampleID(0x1a), sampleID(0x1b), sampleID(0x1c)
	sampleSum                               = Hash(SystemDigest([]byte("sample")))
)

const sampleTime Time = 1795421700123 // 2026-11-23T08:15:00.123Z

var (
	sampleLayout   = Layout{Name: "slide", Spotlight: sampleTeacher}
	sampleSettings = Settings{WaitingRoom: true, Visibility: "all", ScreenShare: "staff", Questions: true, Polls: true, Hands: true, Reactions: true, Captions: true}
	sampleChat     = ChatSettings{Enabled: true, Hold: true, SlowSeconds: 10, Private: "staff", Words: Plain([]string{"häßlich", "<b>"})}
	sampleText     = ChatMessage{
		MessageID: sampleMessage, UserID: sampleStudent, DisplayName: Plain("Ada"), Content: Plain("Warum ist √2 < 2 & kein Bruch? 🙂"),
		To: Recipient{Audience: "user", UserID: sampleTeacher},
	}
	samplePlan = Plan{
		LessonID: sampleLesson, CourseID: sampleCourse, Title: Plain("Zahlentheorie"), ScheduledStart: sampleTime, ScheduledEnd: sampleTime + 2700000,
		Staff: []StaffMember{{sampleTeacher, "teacher"}, {sampleAssistant, "assistant"}}, MediaPolicy: "required", Record: true, Capacity: 60,
		AssistantMayStart: true, AssistantMayEnd: true, Settings: sampleSettings, Chat: sampleChat, Destinations: []ID{sampleDestination}, JoinCode: "K7P2QX",
	}
)

// variants are second forms of types, with a golden file each: what the sample of the type can't show.
var variants = []variant{
	{TypePollVoted, "anonymous", Pseudonym(make([]byte, 32), sampleStudent), &PollVoted{PollID: samplePoll, VoterID: Pseudonym(make([]byte, 32), sampleStudent), Choices: []int{1}}},
}

type variant struct {
	typ, name string
	actor     ID
	sample    any
}

var samples = map[string]any{
	TypeSessionScheduled:     &SessionScheduled{Plan: samplePlan, PlanRevision: 3},
	TypeSessionRescheduled:   &SessionRescheduled{Plan: samplePlan, PlanRevision: 4},
	TypeSessionCancelled:     &SessionCancelled{CancelledAt: sampleTime, ActorUserID: sampleTeacher, Reason: Plain("krank")},
	TypeSessionStarted:       &SessionStarted{StartedAt: sampleTime, ActorUserID: sampleTeacher},
	TypeSessionEnding:        &SessionEnding{EndsAt: sampleTime + 10000, ActorUserID: sampleTeacher},
	TypeSessionEndingUndone:  &SessionEndingUndone{ActorUserID: sampleTeacher},
	TypeSessionEnded:         &SessionEnded{EndedAt: sampleTime, ActorUserID: sampleTeacher},
	TypeSessionHalted:        &SessionHalted{Since: sampleTime, Reason: "kill_switch", ActorUserID: sampleTeacher},
	TypeSessionResumed:       &SessionResumed{ResumedAt: sampleTime, ActorUserID: sampleTeacher},
	TypeSessionArchived:      &SessionArchived{ArchivedAt: sampleTime, ActorUserID: sampleTeacher},
	TypeSessionTransferred:   &SessionTransferred{FromEpoch: 1, ToEpoch: 2, HeadSequence: 6, HeadHash: sampleSum},
	TypeSessionLocked:        &SessionLocked{ActorUserID: sampleTeacher},
	TypeSessionUnlocked:      &SessionUnlocked{ActorUserID: sampleTeacher},
	TypeSettingsChanged:      &SettingsChanged{Settings: sampleSettings, ActorUserID: sampleTeacher},
	TypeFeatureDegraded:      &FeatureDegraded{Feature: "captions", Reason: "crashed", Since: sampleTime},
	TypeFeatureRestored:      &FeatureRestored{Feature: "captions"},
	TypeExamStarted:          &ExamStarted{ActorUserID: sampleTeacher},
	TypeExamEnded:            &ExamEnded{ActorUserID: sampleTeacher},
	TypeExamFocusChanged:     &ExamFocusChanged{UserID: sampleStudent, Focused: true},
	TypeCTAShown:             &CTAShown{CTAID: sampleCTA, Label: Plain("Anmelden"), URL: Plain("https://school.example/join?c=K7P2QX&x=1")},
	TypeCTAHidden:            &CTAHidden{CTAID: sampleCTA},
	TypeParticipantRequested: &ParticipantRequested{UserID: sampleStudent, Role: "student", DisplayName: Plain("Ada"), Guest: true, RequestedAt: sampleTime},
	TypeParticipantAdmitted:  &ParticipantAdmitted{UserID: sampleStudent, ActorUserID: sampleTeacher},
	TypeParticipantDenied:    &ParticipantDenied{UserID: sampleStudent, ActorUserID: sampleTeacher},
	TypeParticipantJoined:    &ParticipantJoined{UserID: sampleStudent, Role: "student", JoinedAt: sampleTime, DisplayName: Plain("Ada"), Guest: true, Grants: []string{"screen", "draw"}},
	TypeParticipantLeft:      &ParticipantLeft{UserID: sampleStudent, LeftAt: sampleTime, Reason: "timeout"},
	TypeParticipantRemoved:   &ParticipantRemoved{UserID: sampleStudent, ActorUserID: sampleTeacher, Reason: Plain("stört")},
	TypeParticipantBanned:    &ParticipantBanned{UserID: sampleStudent, Banned: true, ActorUserID: sampleTeacher, Reason: Plain("stört wieder")},
	TypePermissionChanged: &PermissionChanged{
		UserID: sampleStudent, Role: "assistant", Grants: []string{"draw"}, BeforeRole: "student", BeforeGrants: []string{"screen"}, ActorUserID: sampleTeacher,
	},
	TypeConsentGiven:            &ConsentGiven{UserID: sampleStudent, Purpose: "recording", ByID: sampleParent},
	TypeConsentWithdrawn:        &ConsentWithdrawn{UserID: sampleStudent, Purpose: "recording"},
	TypeParticipantMuted:        &ParticipantMuted{UserID: sampleStudent, Muted: true, ActorUserID: sampleTeacher},
	TypeHandRaised:              &HandRaised{UserID: sampleStudent, DisplayName: Plain("Ada"), RaisedAt: sampleTime},
	TypeHandLowered:             &HandLowered{UserID: sampleStudent, ActorUserID: sampleTeacher},
	TypeReactionSent:            &ReactionSent{UserID: sampleStudent, Reaction: "clap"},
	TypeChatMessage:             &sampleText,
	TypeChatHeld:                &ChatHeld{ChatMessage: sampleText, Reason: "word"},
	TypeChatApproved:            &ChatApproved{ChatMessage: sampleText, ActorUserID: sampleTeacher},
	TypeChatDeleted:             &ChatDeleted{MessageID: sampleMessage, UserID: sampleStudent, To: Recipient{Audience: "all"}, ActorUserID: sampleTeacher},
	TypeChatSettingsChanged:     &ChatSettingsChanged{ChatSettings: sampleChat, ActorUserID: sampleTeacher},
	TypeMessageReported:         &MessageReported{ReportID: sampleReport, MessageID: sampleMessage, UserID: sampleStudent, Reason: "abuse", Note: Plain("bitte ansehen"), AuthorID: sampleParent, Content: Plain("böse")},
	TypeReportResolved:          &ReportResolved{ReportID: sampleReport, Outcome: "deleted", ActorUserID: sampleTeacher},
	TypeModerationClaimed:       &ModerationClaimed{ItemID: sampleReport, Kind: "report", UserID: sampleAssistant},
	TypeModerationReleased:      &ModerationReleased{ItemID: sampleReport, UserID: sampleAssistant},
	TypeQuestionAsked:           &QuestionAsked{QuestionID: sampleQuestion, UserID: sampleStudent, DisplayName: Plain("Ada"), Content: Plain("Was ist ein Ring?")},
	TypeQuestionAnswered:        &QuestionAnswered{QuestionID: sampleQuestion, UserID: sampleTeacher, Content: Plain("Gleich!"), Private: true},
	TypeQuestionUpvoted:         &QuestionUpvoted{QuestionID: sampleQuestion, UserID: sampleStudent},
	TypeQuestionUpvoteWithdrawn: &QuestionUpvoteWithdrawn{QuestionID: sampleQuestion, UserID: sampleStudent},
	TypeQuestionResolved:        &QuestionResolved{QuestionID: sampleQuestion, ActorUserID: sampleTeacher},
	TypeQuestionDismissed:       &QuestionDismissed{QuestionID: sampleQuestion, ActorUserID: sampleTeacher},
	TypePollStarted:             &PollStarted{PollID: samplePoll, Prompt: Plain("Klar?"), Options: []PollOption{{Plain("ja")}, {Plain("nein")}}, Multiple: true, Anonymous: true, Live: true},
	TypePollVoted:               &PollVoted{PollID: samplePoll, UserID: sampleStudent, Answer: Plain([]int{0, 1})},
	TypePollEnded:               &PollEnded{PollID: samplePoll, Results: PollResults{Counts: []int{3, 1}, Voters: 4}, ActorUserID: sampleTeacher},
	TypeSceneCreated:            &SceneCreated{SceneID: sampleScene, Name: Plain("Beweis"), Layout: sampleLayout, Order: 1},
	TypeSceneUpdated:            &SceneUpdated{SceneID: sampleScene, Name: Plain("Beweis II"), Layout: sampleLayout, Order: 2},
	TypeSceneDeleted:            &SceneDeleted{SceneID: sampleScene},
	TypeSceneChanged:            &SceneChanged{SceneID: sampleScene, Layout: sampleLayout},
	TypeLayoutChanged:           &LayoutChanged{SceneID: sampleScene, Layout: Layout{Name: "grid"}},
	TypeSlideChanged:            &SlideChanged{SceneID: sampleScene, AssetID: sampleAsset, PageIndex: 7},
	TypeAssetAdded:              &AssetAdded{AssetID: sampleAsset, Kind: "slide", Name: Plain("Ringe.pdf"), ContentType: "application/pdf", Size: 123456, Digest: sampleSum, Pages: 12},
	TypeAssetRemoved:            &AssetRemoved{AssetID: sampleAsset},
	TypeWhiteboardUpdated: &WhiteboardUpdated{SceneID: sampleScene, AssetID: sampleAsset, Checksum: sampleSum, Operations: []Operation{
		{Op: "draw", StrokeID: sampleStroke, Stroke: &Stroke{Kind: "pen", Color: "#112233", Width: 40, Points: []int{0, 0, 32767, 65535, 65535, 1}, Press: true}},
		{Op: "draw", StrokeID: sampleID(0x20), Stroke: &Stroke{Kind: "text", Color: "#000000", Width: 800, Points: []int{1000, 2000}, Text: Plain("q.e.d.")}},
		{Op: "erase", StrokeID: sampleStroke},
	}},
	TypeBoardUndone:         &BoardUndone{SceneID: sampleScene, AssetID: sampleAsset, Checksum: sampleSum, Hide: []ID{sampleID(0x20)}, Show: []ID{sampleStroke}},
	TypeBoardCleared:        &BoardCleared{SceneID: sampleScene, AssetID: sampleAsset, Checksum: sampleSum},
	TypeBoardPageAdded:      &BoardPageAdded{SceneID: sampleScene, AssetID: sampleAsset, Index: 1},
	TypeCaptionSegment:      &CaptionSegment{SegmentID: sampleSegment, SpeakerID: sampleTeacher, Language: "de", StartMs: 1200, EndMs: 3400, Text: Plain("Guten Morgen.")},
	TypeNoteAdded:           &NoteAdded{NoteID: sampleNote, UserID: sampleTeacher, Content: Plain("S. 12 bis 14"), Audience: "all"},
	TypeChapterMarked:       &ChapterMarked{MarkID: sampleMark, UserID: sampleTeacher, Title: Plain("Ringe")},
	TypeRecordingArmed:      &RecordingArmed{RecordingID: sampleRecording},
	TypeRecordingStarted:    &RecordingStarted{RecordingID: sampleRecording},
	TypeRecordingPaused:     &RecordingPaused{RecordingID: sampleRecording, ActorUserID: sampleTeacher},
	TypeRecordingResumed:    &RecordingResumed{RecordingID: sampleRecording, ActorUserID: sampleTeacher},
	TypeRecordingStopped:    &RecordingStopped{RecordingID: sampleRecording, ActorUserID: sampleTeacher},
	TypeRecordingFinalized:  &RecordingFinalized{RecordingID: sampleRecording, MediaURL: "recordings/0190a7c8-5e2b-7cc0-8000-000000000018/master.webm", DurationMs: 2700000, Digest: sampleSum},
	TypeRecordingFailed:     &RecordingFailed{RecordingID: sampleRecording, Reason: "disk"},
	TypeMediaDegraded:       &MediaDegraded{Reason: "room_lost", Since: sampleTime},
	TypeMediaRestored:       &MediaRestored{RestoredAt: sampleTime},
	TypeMediaMoved:          &MediaMoved{Server: "campus-2"},
	TypeDestinationEnabled:  &DestinationEnabled{DestinationID: sampleDestination, Name: Plain("Elternkanal")},
	TypeDestinationDisabled: &DestinationDisabled{DestinationID: sampleDestination},
	TypeDestinationLive:     &DestinationLive{DestinationID: sampleDestination},
	TypeDestinationFailed:   &DestinationFailed{DestinationID: sampleDestination, Reason: "stalled"},
	TypeDestinationStopped:  &DestinationStopped{DestinationID: sampleDestination},
}
