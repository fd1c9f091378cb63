package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

var participantRules = map[string]rule{
	event.TypeParticipantJoined: on(joined),
	event.TypeParticipantLeft:   on(left),
	event.TypeSessionEnded:      on(func(s *session.State, _ *Event, p *event.SessionEnded) []Change { return everybodyLeft(s, p.EndedAt) }),
	event.TypeSessionCancelled: on(func(s *session.State, _ *Event, p *event.SessionCancelled) []Change {
		return everybodyLeft(s, p.CancelledAt)
	}),
}

// rightsRules change the row of somebody's latest stay.
var rightsRules = map[string]rule{
	event.TypePermissionChanged: on(func(s *session.State, _ *Event, p *event.PermissionChanged) []Change { return rights(s, p.UserID) }),
	event.TypeParticipantMuted:  on(func(s *session.State, _ *Event, p *event.ParticipantMuted) []Change { return rights(s, p.UserID) }),
}

// permissions is what somebody may do beyond their role, and may not.
type permissions struct {
	Grants []string `json:"grants"`
	Muted  bool     `json:"muted,omitzero"`
}

func permissionsOf(grants []string, muted bool) JSON {
	if grants == nil {
		grants = []string{}
	}
	return jsonOf(permissions{grants, muted})
}

// stay names the row of somebody's stay: who comes again has another one.
func stay(user event.ID, since event.Time) Columns {
	return Columns{"user_id": user, "join_time": since}
}

func person(s *session.State, user event.ID) *session.Participant {
	return find(s.Roster.People, func(p *session.Participant) bool { return p.UserID == user })
}

func joined(s *session.State, _ *Event, p *event.ParticipantJoined) []Change {
	if p.UserID.IsZero() {
		return nil
	}
	known := person(s, p.UserID)
	muted := known != nil && known.Muted
	set := text("display_name", "erased", p.DisplayName).and(Columns{"role": p.Role, "leave_time": nil, "permissions": permissionsOf(p.Grants, muted)})
	out := []Change{{Table: Participants, Key: stay(p.UserID, p.JoinedAt), Set: set}}
	if known != nil && known.Present {
		return out // a second entry without a leave: one stay for attendance
	}
	return append(out, Change{Table: Attendance, Key: Columns{"user_id": p.UserID}, First: Columns{"first_joined_at": p.JoinedAt},
		Set: Columns{"last_left_at": nil}, Add: Columns{"joins": 1, "present_ms": 0}})
}

func left(s *session.State, _ *Event, p *event.ParticipantLeft) []Change {
	known := person(s, p.UserID)
	if known == nil || !known.Present {
		return nil
	}
	return leaves(known, p.LeftAt)
}

// everybodyLeft is part of the end: the log has no leave of those who were there until then.
func everybodyLeft(s *session.State, at event.Time) (out []Change) {
	for i := range s.Roster.People {
		if p := &s.Roster.People[i]; p.Present {
			out = append(out, leaves(p, at)...)
		}
	}
	return out
}

func leaves(p *session.Participant, at event.Time) []Change {
	return []Change{
		{Table: Participants, Key: stay(p.UserID, p.JoinedAt), Set: Columns{"leave_time": at}, Old: true},
		{Table: Attendance, Key: Columns{"user_id": p.UserID}, Set: Columns{"last_left_at": at}, Add: Columns{"present_ms": int(max(at-p.JoinedAt, 0))}, Old: true},
	}
}

func rights(s *session.State, user event.ID) []Change {
	p := person(s, user)
	if p == nil {
		return nil
	}
	return []Change{{Table: Participants, Key: stay(user, p.JoinedAt), Set: Columns{"role": p.Role, "permissions": permissionsOf(p.Grants, p.Muted)}, Old: true}}
}
