package gateway

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// Ephemeral is what is told once and never again, one of its fields at a time. It stands outside the history of the class:
// it has no position, is not acknowledged, and a client that is slow gets less of it or none.
type Ephemeral struct {
	Pointers []PointerNow `json:"pointers,omitempty"` // newest of each person
	Typing   []TypingNow  `json:"typing,omitempty"`
	Presence *Presence    `json:"presence,omitempty"` // replaces what was told before
}

// PointerNow is where somebody points.
type PointerNow struct {
	UserID  event.ID `json:"userId,omitzero"` // left out where the reader may not know who it is
	SceneID event.ID `json:"sceneId"`
	X       int      `json:"x"`
	Y       int      `json:"y"`
}

// TypingNow is somebody who types a message.
type TypingNow struct {
	UserID   event.ID `json:"userId"`
	Audience string   `json:"audience" enum:"all,staff"`
}

// Presence tells who of the class has a connection now.
type Presence struct {
	Present int        `json:"present"`           // people in the class
	Online  int        `json:"online"`            // of them, with a connection
	Away    []event.ID `json:"away,omitempty"`    // those without one that the reader sees in the list of people; in large classes students get none
	Waiting *int       `json:"waiting,omitempty"` // people in the waiting room; staff only
}

// FeatureStatus tells that a feature of the box works or does not, on this connection; a new connection begins with all
// working. It is no event: it is gone with the connection.
type FeatureStatus struct {
	Feature string `json:"feature" enum:"presence"`
	State   string `json:"state" enum:"working,degraded"`
	Reason  string `json:"reason,omitempty" enum:"unreachable"`
}

// shout is one frame for all of a class, rest.Encoded once for each audience; nil for an audience that gets nothing.
type shout struct{ staff, members []byte }

// forStanding gives what somebody gets of it. Outside the class that is nothing.
func (s *shout) forStanding(standing session.Standing) []byte {
	switch standing {
	case session.StandingStaff:
		return s.staff
	case session.StandingMember:
		return s.members
	}
	return nil
}

func encodeFrame(v any) []byte {
	b, err := event.Marshal(v)
	if err != nil {
		panic("gateway: a frame that can't be rest.Encoded: " + err.Error())
	}
	return b
}

func frameOf(e Ephemeral) []byte {
	if len(e.Pointers) == 0 && len(e.Typing) == 0 && e.Presence == nil {
		return nil
	}
	return encodeFrame(struct {
		Ephemeral Ephemeral `json:"ephemeral"`
	}{e})
}

func featureShout(state, reason string) *shout {
	b := encodeFrame(struct {
		Status FeatureStatus `json:"status"`
	}{FeatureStatus{Feature: "presence", State: state, Reason: reason}})
	return &shout{b, b}
}

// pointersOf gives what people are told of pointers: only who may still point is shown, and only to who sees them by name.
func pointersOf(s *session.State, points []PointerNow) (staff, members Ephemeral) {
	for _, p := range points {
		if session.MayPoint(s, p.UserID, p.SceneID) != nil {
			continue
		}
		bare := p
		bare.UserID = event.ID{}
		byStaff, byMembers := session.SeenBy(s, p.UserID)
		staff.Pointers = append(staff.Pointers, either(byStaff, p, bare))
		members.Pointers = append(members.Pointers, either(byMembers, p, bare))
	}
	return staff, members
}

func either(first bool, a, b PointerNow) PointerNow {
	if first {
		return a
	}
	return b
}

// typingOf gives what people are told of typing: nothing of somebody whom they do not see.
func typingOf(s *session.State, typing []TypingNow) (staff, members Ephemeral) {
	for _, t := range typing {
		if session.MayType(s, t.UserID, t.Audience) != nil {
			continue
		}
		byStaff, byMembers := session.SeenBy(s, t.UserID)
		if byStaff {
			staff.Typing = append(staff.Typing, t)
		}
		if byMembers && t.Audience == "all" {
			members.Typing = append(members.Typing, t)
		}
	}
	return staff, members
}

// presenceOf gives what people are told of connections.
func presenceOf(s *session.State, connected map[event.ID]bool) (staff, members Ephemeral) {
	forStaff, forMembers := Presence{Present: s.Roster.Present}, Presence{Present: s.Roster.Present}
	for i := range s.Roster.People {
		p := &s.Roster.People[i]
		switch {
		case !p.Present:
			continue
		case connected[p.UserID]:
			forStaff.Online++
			continue
		}
		byStaff, byMembers := session.SeenBy(s, p.UserID)
		if byStaff && len(forStaff.Away) < limits.RosterView {
			forStaff.Away = append(forStaff.Away, p.UserID)
		}
		if byMembers && s.Roster.Present <= limits.NamedClass {
			forMembers.Away = append(forMembers.Away, p.UserID)
		}
	}
	forMembers.Online = forStaff.Online
	slices.SortFunc(forMembers.Away, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) }) // not in the order in which they came
	if s.Desk != nil {
		waiting := len(s.Desk.Waiting)
		forStaff.Waiting = &waiting
	}
	return Ephemeral{Presence: &forStaff}, Ephemeral{Presence: &forMembers}
}
