package event

import "sort"

// Owner is the service that decides facts of a type (docs/ARCHITECTURE.md).
type Owner string

// The owners of the event types that exist in a class's log.
const (
	OwnerOrchestrator Owner = "Classroom Orchestrator"
	OwnerIdentity     Owner = "Identity & Roles"
	OwnerInteraction  Owner = "Interaction"
	OwnerStudio       Owner = "Teaching Studio State"
	OwnerArtifacts    Owner = "Artifact Generator"
	OwnerMedia        Owner = "Media Plane"
	OwnerFanout       Owner = "Multistream Fan-out"
)

// Audience says who sees events of a type, and what the others get.
type Audience string

// The audiences. Who may not see an event gets nothing of it, not even its type.
const (
	Everyone         Audience = "everyone"           // everybody in the class
	EveryoneAndLobby Audience = "everyone and lobby" // and those in the waiting room
	Staff            Audience = "staff"              // teachers, assistants, admins; others nothing
	Concerned        Audience = "staff and the person concerned"
	Counted          Audience = "staff and the person concerned; others a count without a name"
	Addressed        Audience = "those it is addressed to and its author"
)

// Type describes one event type.
type Type struct {
	Name     string
	Version  int // of its payload, from 1; a golden file per version stays for ever
	Owner    Owner
	Audience Audience
	Causes   []string   // the commands that lead to it
	New      func() any // a pointer to an empty payload
	AfterEnd bool       // may be appended after session.ended
}

func payload[T any]() any { return new(T) }

var types = []Type{
	{Name: TypeSessionScheduled, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.schedule"}, New: payload[SessionScheduled]},
	{Name: TypeSessionRescheduled, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.reschedule"}, New: payload[SessionRescheduled]},
	{Name: TypeSessionCancelled, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.cancel"}, New: payload[SessionCancelled]},
	{Name: TypeSessionStarted, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.start"}, New: payload[SessionStarted]},
	{Name: TypeSessionEnding, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.end"}, New: payload[SessionEnding]},
	{Name: TypeSessionEndingUndone, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.undo_end"}, New: payload[SessionEndingUndone]},
	{Name: TypeSessionEnded, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.end_now"}, New: payload[SessionEnded]},
	{Name: TypeSessionHalted, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.halt"}, New: payload[SessionHalted]},
	{Name: TypeSessionResumed, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.resume"}, New: payload[SessionResumed]},
	{Name: TypeSessionArchived, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.archive"}, New: payload[SessionArchived], AfterEnd: true},
	{Name: TypeSessionTransferred, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.transfer"}, New: payload[SessionTransferred], AfterEnd: true},
	{Name: TypeSessionLocked, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.lock"}, New: payload[SessionLocked]},
	{Name: TypeSessionUnlocked, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.unlock"}, New: payload[SessionUnlocked]},
	{Name: TypeSettingsChanged, Version: 1, Owner: OwnerOrchestrator, Audience: EveryoneAndLobby, Causes: []string{"session.settings"}, New: payload[SettingsChanged]},
	{Name: TypeFeatureDegraded, Version: 1, Owner: OwnerOrchestrator, Audience: Everyone, Causes: []string{"feature.degrade"}, New: payload[FeatureDegraded]},
	{Name: TypeFeatureRestored, Version: 1, Owner: OwnerOrchestrator, Audience: Everyone, Causes: []string{"feature.restore"}, New: payload[FeatureRestored]},
	{Name: TypeExamStarted, Version: 1, Owner: OwnerOrchestrator, Audience: Everyone, Causes: []string{"exam.start"}, New: payload[ExamStarted]},
	{Name: TypeExamEnded, Version: 1, Owner: OwnerOrchestrator, Audience: Everyone, Causes: []string{"exam.end"}, New: payload[ExamEnded]},
	{Name: TypeExamFocusChanged, Version: 1, Owner: OwnerOrchestrator, Audience: Staff, Causes: []string{"exam.focus"}, New: payload[ExamFocusChanged]},
	{Name: TypeCTAShown, Version: 1, Owner: OwnerOrchestrator, Audience: Everyone, Causes: []string{"cta.show"}, New: payload[CTAShown]},
	{Name: TypeCTAHidden, Version: 1, Owner: OwnerOrchestrator, Audience: Everyone, Causes: []string{"cta.hide"}, New: payload[CTAHidden]},
	{Name: TypeParticipantRequested, Version: 1, Owner: OwnerOrchestrator, Audience: Concerned, Causes: []string{"participant.join"}, New: payload[ParticipantRequested]},
	{Name: TypeParticipantAdmitted, Version: 1, Owner: OwnerOrchestrator, Audience: Concerned, Causes: []string{"participant.admit"}, New: payload[ParticipantAdmitted]},
	{Name: TypeParticipantDenied, Version: 1, Owner: OwnerOrchestrator, Audience: Concerned, Causes: []string{"participant.deny"}, New: payload[ParticipantDenied]},
	{Name: TypeParticipantJoined, Version: 1, Owner: OwnerOrchestrator, Audience: Counted, Causes: []string{"participant.join"}, New: payload[ParticipantJoined]},
	{Name: TypeParticipantLeft, Version: 1, Owner: OwnerOrchestrator, Audience: Counted, Causes: []string{"participant.leave", "participant.expire", "participant.remove", "participant.ban"}, New: payload[ParticipantLeft], AfterEnd: true},
	{Name: TypeParticipantRemoved, Version: 1, Owner: OwnerOrchestrator, Audience: Concerned, Causes: []string{"participant.remove"}, New: payload[ParticipantRemoved]},
	{Name: TypeParticipantBanned, Version: 1, Owner: OwnerOrchestrator, Audience: Concerned, Causes: []string{"participant.ban"}, New: payload[ParticipantBanned]},
	{Name: TypePermissionChanged, Version: 1, Owner: OwnerIdentity, Audience: Concerned, Causes: []string{"permission.change"}, New: payload[PermissionChanged]},
	{Name: TypeConsentGiven, Version: 1, Owner: OwnerIdentity, Audience: Concerned, Causes: []string{"consent.give"}, New: payload[ConsentGiven]},
	{Name: TypeConsentWithdrawn, Version: 1, Owner: OwnerIdentity, Audience: Concerned, Causes: []string{"consent.withdraw"}, New: payload[ConsentWithdrawn], AfterEnd: true},
	{Name: TypeParticipantMuted, Version: 1, Owner: OwnerInteraction, Audience: Concerned, Causes: []string{"participant.mute"}, New: payload[ParticipantMuted]},
	{Name: TypeHandRaised, Version: 1, Owner: OwnerInteraction, Audience: Counted, Causes: []string{"hand.raise"}, New: payload[HandRaised]},
	{Name: TypeHandLowered, Version: 1, Owner: OwnerInteraction, Audience: Counted, Causes: []string{"hand.lower", "participant.leave", "participant.expire", "participant.remove", "participant.ban"}, New: payload[HandLowered]},
	{Name: TypeReactionSent, Version: 1, Owner: OwnerInteraction, Audience: Counted, Causes: []string{"reaction.send"}, New: payload[ReactionSent]},
	{Name: TypeChatMessage, Version: 1, Owner: OwnerInteraction, Audience: Addressed, Causes: []string{"chat.send"}, New: payload[ChatMessage]},
	{Name: TypeChatHeld, Version: 1, Owner: OwnerInteraction, Audience: Concerned, Causes: []string{"chat.send"}, New: payload[ChatHeld]},
	{Name: TypeChatApproved, Version: 1, Owner: OwnerInteraction, Audience: Addressed, Causes: []string{"chat.approve"}, New: payload[ChatApproved]},
	{Name: TypeChatDeleted, Version: 1, Owner: OwnerInteraction, Audience: Addressed, Causes: []string{"chat.delete", "report.resolve"}, New: payload[ChatDeleted]},
	{Name: TypeChatSettingsChanged, Version: 1, Owner: OwnerInteraction, Audience: Everyone, Causes: []string{"chat.settings"}, New: payload[ChatSettingsChanged]},
	{Name: TypeMessageReported, Version: 1, Owner: OwnerInteraction, Audience: Concerned, Causes: []string{"message.report"}, New: payload[MessageReported]},
	{Name: TypeReportResolved, Version: 1, Owner: OwnerInteraction, Audience: Staff, Causes: []string{"report.resolve"}, New: payload[ReportResolved]},
	{Name: TypeModerationClaimed, Version: 1, Owner: OwnerInteraction, Audience: Staff, Causes: []string{"moderation.claim"}, New: payload[ModerationClaimed]},
	{Name: TypeModerationReleased, Version: 1, Owner: OwnerInteraction, Audience: Staff, Causes: []string{"moderation.release"}, New: payload[ModerationReleased]},
	{Name: TypeQuestionAsked, Version: 1, Owner: OwnerInteraction, Audience: Everyone, Causes: []string{"question.ask"}, New: payload[QuestionAsked]},
	{Name: TypeQuestionAnswered, Version: 1, Owner: OwnerInteraction, Audience: Counted, Causes: []string{"question.answer"}, New: payload[QuestionAnswered]},
	{Name: TypeQuestionUpvoted, Version: 1, Owner: OwnerInteraction, Audience: Counted, Causes: []string{"question.upvote"}, New: payload[QuestionUpvoted]},
	{Name: TypeQuestionUpvoteWithdrawn, Version: 1, Owner: OwnerInteraction, Audience: Counted, Causes: []string{"question.withdraw_upvote"}, New: payload[QuestionUpvoteWithdrawn]},
	{Name: TypeQuestionResolved, Version: 1, Owner: OwnerInteraction, Audience: Everyone, Causes: []string{"question.resolve"}, New: payload[QuestionResolved]},
	{Name: TypeQuestionDismissed, Version: 1, Owner: OwnerInteraction, Audience: Everyone, Causes: []string{"question.dismiss"}, New: payload[QuestionDismissed]},
	{Name: TypePollStarted, Version: 1, Owner: OwnerInteraction, Audience: Everyone, Causes: []string{"poll.start"}, New: payload[PollStarted]},
	{Name: TypePollVoted, Version: 1, Owner: OwnerInteraction, Audience: Counted, Causes: []string{"poll.vote"}, New: payload[PollVoted]},
	{Name: TypePollEnded, Version: 1, Owner: OwnerInteraction, Audience: Everyone, Causes: []string{"poll.end", "session.end_now"}, New: payload[PollEnded]},
	{Name: TypeSceneCreated, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"scene.create", "session.start"}, New: payload[SceneCreated]},
	{Name: TypeSceneUpdated, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"scene.update"}, New: payload[SceneUpdated]},
	{Name: TypeSceneDeleted, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"scene.delete"}, New: payload[SceneDeleted]},
	{Name: TypeSceneChanged, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"scene.switch", "session.start"}, New: payload[SceneChanged]},
	{Name: TypeLayoutChanged, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"layout.change"}, New: payload[LayoutChanged]},
	{Name: TypeSlideChanged, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"slide.change"}, New: payload[SlideChanged]},
	{Name: TypeAssetAdded, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"asset.add"}, New: payload[AssetAdded]},
	{Name: TypeAssetRemoved, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"asset.remove"}, New: payload[AssetRemoved]},
	{Name: TypeWhiteboardUpdated, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"board.draw"}, New: payload[WhiteboardUpdated]},
	{Name: TypeBoardUndone, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"board.undo"}, New: payload[BoardUndone]},
	{Name: TypeBoardCleared, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"board.clear"}, New: payload[BoardCleared]},
	{Name: TypeBoardPageAdded, Version: 1, Owner: OwnerStudio, Audience: Everyone, Causes: []string{"board.add_page", "board.draw"}, New: payload[BoardPageAdded]},
	{Name: TypeCaptionSegment, Version: 1, Owner: OwnerArtifacts, Audience: Everyone, Causes: []string{"caption.add"}, New: payload[CaptionSegment]},
	{Name: TypeNoteAdded, Version: 1, Owner: OwnerArtifacts, Audience: Addressed, Causes: []string{"note.add"}, New: payload[NoteAdded]},
	{Name: TypeChapterMarked, Version: 1, Owner: OwnerArtifacts, Audience: Everyone, Causes: []string{"chapter.mark"}, New: payload[ChapterMarked]},
	{Name: TypeRecordingArmed, Version: 1, Owner: OwnerMedia, Audience: Staff, Causes: []string{"recording.arm"}, New: payload[RecordingArmed]},
	{Name: TypeRecordingStarted, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"recording.start"}, New: payload[RecordingStarted]},
	{Name: TypeRecordingPaused, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"recording.pause"}, New: payload[RecordingPaused]},
	{Name: TypeRecordingResumed, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"recording.resume"}, New: payload[RecordingResumed]},
	{Name: TypeRecordingStopped, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"recording.stop"}, New: payload[RecordingStopped]},
	{Name: TypeRecordingFinalized, Version: 1, Owner: OwnerMedia, Audience: Staff, Causes: []string{"recording.finalize"}, New: payload[RecordingFinalized], AfterEnd: true},
	{Name: TypeRecordingFailed, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"recording.fail"}, New: payload[RecordingFailed], AfterEnd: true},
	{Name: TypeMediaDegraded, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"media.degrade"}, New: payload[MediaDegraded]},
	{Name: TypeMediaRestored, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"media.restore"}, New: payload[MediaRestored]},
	{Name: TypeMediaMoved, Version: 1, Owner: OwnerMedia, Audience: Everyone, Causes: []string{"media.move"}, New: payload[MediaMoved]},
	{Name: TypeDestinationEnabled, Version: 1, Owner: OwnerFanout, Audience: Staff, Causes: []string{"destination.enable"}, New: payload[DestinationEnabled]},
	{Name: TypeDestinationDisabled, Version: 1, Owner: OwnerFanout, Audience: Staff, Causes: []string{"destination.disable"}, New: payload[DestinationDisabled]},
	{Name: TypeDestinationLive, Version: 1, Owner: OwnerFanout, Audience: Staff, Causes: []string{"destination.live"}, New: payload[DestinationLive]},
	{Name: TypeDestinationFailed, Version: 1, Owner: OwnerFanout, Audience: Staff, Causes: []string{"destination.fail"}, New: payload[DestinationFailed]},
	{Name: TypeDestinationStopped, Version: 1, Owner: OwnerFanout, Audience: Staff, Causes: []string{"destination.stop"}, New: payload[DestinationStopped], AfterEnd: true},
}

var byName = func() map[string]*Type {
	m := make(map[string]*Type, len(types))
	for i := range types {
		m[types[i].Name] = &types[i]
	}
	return m
}()

// TypeOf gives the description of a type; ok is false for a type of a newer peer.
func TypeOf(name string) (t *Type, ok bool) {
	t, ok = byName[name]
	return t, ok
}

// Types lists all types by name.
func Types() []Type {
	out := append([]Type(nil), types...)
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}
