package session

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// What follows judges signals: typing, pointers, presence. They are no facts, change no state and are never logged; only
// who may give and be told them is for the rules of the class.

// MayType refuses somebody who could not write to an audience (all, staff) now: who can't write does not type.
func MayType(s *State, user event.ID, audience string) error {
	p := s.present(user)
	switch {
	case p == nil:
		return notInside()
	case IsStaff(p.Role):
	case !s.ChatRules.Enabled && !s.Granted(user, GrantChat):
		return fault.New(fault.ChatClosed, "The chat is closed. Nobody was told that you type.")
	case s.Exam && audience != "staff":
		return fault.New(fault.ExamMode, "During the exam you can write to staff only. Nobody was told that you type.")
	}
	return nil
}

// MayPoint refuses somebody who may not point at a scene now: staff may, and who was given the permission to present.
func MayPoint(s *State, user, scene event.ID) error {
	p := s.present(user)
	switch {
	case p == nil:
		return notInside()
	case !IsStaff(p.Role) && !s.Granted(user, GrantPresent):
		return fault.New(fault.Forbidden, "You may not point in this class. Nobody was shown it; please ask the teacher for the permission present.")
	case !slices.ContainsFunc(s.Studio.Scenes, func(sc Scene) bool { return sc.SceneID == scene }):
		return fault.At(fault.NotFound, "signal.pointer.sceneId", "There is no such scene any more. Nobody was shown where you point.")
	}
	return nil
}

func notInside() error {
	return fault.New(fault.NotJoined, "You are not in this class now. Join it first.")
}

// SeenBy tells who may be told that somebody is in the class, by their standing: staff, and other members. It is false for
// who is not in the class, and asks a full state.
func SeenBy(s *State, user event.ID) (staff, members bool) {
	p := s.present(user)
	if p == nil {
		return false, false
	}
	return s.sees(Viewer{Standing: StandingStaff}, p), s.sees(Viewer{Standing: StandingMember}, p)
}
