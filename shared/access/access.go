// Package access says who may give which command: a pure table of role and session permission by command, deny by
// default. What depends on the class beyond that (closed chat, own or another's hand) is for the rules to refuse.
package access

import (
	"slices"
	"strings"
)

// The roles in a class. Nobody else may do anything, whatever permissions they hold.
const (
	Teacher   = "teacher"
	Admin     = "admin"
	Assistant = "assistant"
	Student   = "student"
)

// The session permissions, which widen what a role may do in one class.
const (
	Chat         = "chat"
	Ask          = "ask"
	Draw         = "draw"
	PublishAudio = "publishAudio" // of the media token, no command
	PublishVideo = "publishVideo" // of the media token, no command
	ShareScreen  = "shareScreen"  // of the media token, no command
	Present      = "present"
	Moderate     = "moderate"
	Manage       = "manage"
	End          = "end"
	// Start is never given to a person: an assistant holds it where the plan of the class says so.
	Start = "start"
)

// Roles lists the roles.
func Roles() []string { return []string{Teacher, Admin, Assistant, Student} }

// Grants lists the session permissions.
func Grants() []string {
	return []string{Chat, Ask, Draw, PublishAudio, PublishVideo, ShareScreen, Present, Moderate, Manage, End, Start}
}

// May tells whether somebody with this role and these session permissions may give a command, and if not, why, in words
// for them. An unknown role, permission or command opens nothing.
func May(role string, grants []string, command string) (ok bool, why string) {
	r, known := table[command]
	switch {
	case !slices.Contains(Roles(), role):
		return false, "You have no role in this class. Nothing was changed; please ask its teacher to add you."
	case !known || len(r.roles) == 0 && len(r.grants) == 0:
		return false, "This is done by the box itself and can't be asked for. Nothing was changed."
	case slices.Contains(r.roles, role):
		return true, ""
	}
	for _, g := range grants {
		if slices.Contains(r.grants, g) {
			return true, ""
		}
	}
	return false, refusal(role, r)
}

func refusal(role string, r row) string {
	article := "A "
	if role == Admin || role == Assistant {
		article = "An "
	}
	text := article + role + " may not do this in this class. Nothing was changed; please ask "
	if len(r.grants) > 0 && r.grants[0] != Start {
		return text + "the teacher for the permission " + strings.Join(r.grants, " or ") + "."
	}
	return text + "the teacher to do it."
}

// Known tells whether a command has a row.
func Known(command string) bool {
	_, known := table[command]
	return known
}

// ByPeople tells whether a person could ever give a command; the others are for parts of the box.
func ByPeople(command string) bool {
	r := table[command]
	return len(r.roles) > 0 || len(r.grants) > 0
}
