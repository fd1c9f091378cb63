package session

import (
	"slices"

	"multistream/shared/event"
)

// The session permissions: each adds something to what a role may do anyway. Nothing is granted at entry.
const (
	GrantChat     = "chat"         // write in the chat although it is closed
	GrantAsk      = "ask"          // ask although questions are closed
	GrantDraw     = "draw"         // draw on the board
	GrantAudio    = "publishAudio" // speak
	GrantVideo    = "publishVideo" // be seen
	GrantScreen   = "shareScreen"  // share a screen
	GrantPresent  = "present"      // switch scenes, turn slides
	GrantModerate = "moderate"     // chat, questions, hands
	GrantManage   = "manage"       // people
	GrantEnd      = "end"          // end the class
)

// Grants lists the session permissions, sorted.
var Grants = sorted([]string{GrantChat, GrantAsk, GrantDraw, GrantAudio, GrantVideo, GrantScreen, GrantPresent, GrantModerate, GrantManage, GrantEnd})

// GrantsOf gives the session permissions of somebody: what they were given, outlasting a leave. Staff may more by their role.
func (s *State) GrantsOf(user event.ID) []string {
	if s.Private != nil {
		if own, set := s.Private.Grants[user.String()]; set {
			return own
		}
	}
	if p := s.person(user); p != nil {
		return p.Grants
	}
	return nil
}

// Granted reports whether somebody was given a session permission.
func (s *State) Granted(user event.ID, grant string) bool {
	return slices.Contains(s.GrantsOf(user), grant)
}

// RoleOf gives the role that permission.changed set for somebody in this class, "" for none: plan and enrolment decide.
func (s *State) RoleOf(user event.ID) string {
	if s.Private == nil {
		return ""
	}
	return s.Private.Roles[user.String()]
}

func applyPermission(s *State, e *event.Opened, p *event.PermissionChanged) {
	if s.Private != nil {
		if p.Role != p.BeforeRole { // else the enrolment goes on to decide
			s.Private.Roles[p.UserID.String()] = p.Role
		}
		s.Private.Grants[p.UserID.String()] = sorted(p.Grants)
	}
	known := s.person(p.UserID)
	if known == nil {
		return
	}
	changed := known.Role != p.Role
	known.Role, known.Grants = p.Role, sorted(p.Grants)
	if changed && s.Private != nil {
		s.Private.RefreshAll = e.Sequence
	}
}

func applyConsentGiven(s *State, _ *event.Opened, p *event.ConsentGiven) {
	id := p.UserID.String()
	s.Consents[id] = sorted(append(slices.Clone(s.Consents[id]), p.Purpose))
}

func applyConsentWithdrawn(s *State, _ *event.Opened, p *event.ConsentWithdrawn) {
	id := p.UserID.String()
	left := without(s.Consents[id], func(purpose *string) bool { return *purpose == p.Purpose })
	if s.Consents[id] = left; len(left) == 0 {
		delete(s.Consents, id)
	}
}
