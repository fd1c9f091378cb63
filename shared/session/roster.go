package session

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/limits"
)

var rosterAppliers = map[string]applier{
	event.TypeParticipantRequested: on(applyRequested),
	event.TypeParticipantAdmitted:  on(applyAdmitted),
	event.TypeParticipantDenied:    on(applyDenied),
	event.TypeParticipantJoined:    on(applyJoined),
	event.TypeParticipantLeft:      on(applyLeft),
	event.TypeParticipantRemoved:   on(applyRemoved),
	event.TypeParticipantBanned:    on(applyBanned),
	event.TypeParticipantMuted:     on(applyMuted),
	event.TypePermissionChanged:    on(applyPermission),
	event.TypeConsentGiven:         on(applyConsentGiven),
	event.TypeConsentWithdrawn:     on(applyConsentWithdrawn),
}

func applyRequested(s *State, _ *event.Opened, p *event.ParticipantRequested) {
	if s.Desk == nil || s.waiting(p.UserID) != nil {
		return
	}
	s.Desk.Waiting = append(s.Desk.Waiting, Waiting{UserID: p.UserID, Role: p.Role, DisplayName: p.DisplayName, Guest: p.Guest, Since: p.RequestedAt})
}

// applyAdmitted: once the class runs, who is admitted leaves the waiting room and joins; before, they wait on for the start.
func applyAdmitted(s *State, _ *event.Opened, p *event.ParticipantAdmitted) {
	if s.Private != nil {
		id := p.UserID.String()
		s.Private.Admitted[id] = true
		delete(s.Private.Denied, id)
		delete(s.Private.Removed, id)
		if w := s.waiting(p.UserID); w != nil && w.Guest && s.Life.Status != Scheduled && len(s.Private.Expected) < limits.People {
			s.Private.Expected = append(s.Private.Expected, *w)
		}
	}
	if s.Life.Status != Scheduled {
		s.stopWaiting(p.UserID)
	} else if w := s.waiting(p.UserID); w != nil {
		w.Admitted = true
	}
}

func applyDenied(s *State, _ *event.Opened, p *event.ParticipantDenied) {
	if s.Private != nil {
		s.Private.Denied[p.UserID.String()] = true
		delete(s.Private.Admitted, p.UserID.String())
		s.expectNoMore(p.UserID)
	}
	s.stopWaiting(p.UserID)
}

// applyJoined also takes the anonymous copy, which tells only how many are in the class now.
func applyJoined(s *State, e *event.Opened, p *event.ParticipantJoined) {
	if s.Viewer != nil {
		s.Roster.Present = p.Present
	}
	if p.UserID.IsZero() {
		return
	}
	s.stopWaiting(p.UserID)
	joined := Participant{UserID: p.UserID, Role: p.Role, DisplayName: p.DisplayName, Guest: p.Guest, Present: true, JoinedAt: p.JoinedAt, Grants: sorted(p.Grants)}
	known := s.person(p.UserID)
	if s.Private != nil {
		s.expectNoMore(p.UserID)
		s.place(e, &joined, known)
		if known == nil || !known.Present {
			s.Roster.Present++
		}
	}
	switch {
	case known != nil:
		joined.Muted = known.Muted
		*known = joined
	case s.Viewer == nil:
		s.Roster.People = append(s.Roster.People, joined)
	case s.Desk != nil:
		if IsStaff(p.Role) || len(s.Roster.People) < limits.RosterView {
			s.Roster.People = append(s.Roster.People, joined)
		}
	default:
		at, _ := slices.BinarySearchFunc(s.Roster.People, joined, byID)
		s.Roster.People = slices.Insert(s.Roster.People, at, joined)
		s.Roster.index = nil // places have moved
	}
}

// place decides who is told the newcomer's name. In a large class students see further students as a count, until they
// come back to a smaller one; beyond the roster of a view nobody sees students, except by asking for more pages.
func (s *State) place(e *event.Opened, joined, known *Participant) {
	id, staff := joined.UserID.String(), IsStaff(joined.Role)
	named := staff || s.Roster.Present < limits.NamedClass
	switch {
	case known == nil:
		if !staff && len(s.Roster.People)-len(s.Private.Paged) >= limits.RosterView {
			s.Private.Paged[id] = true
		}
		if !named {
			s.Private.Quiet[id] = true
		}
	case named:
		delete(s.Private.Quiet, id)
	}
	if known != nil && known.Role != joined.Role {
		s.Private.RefreshAll = e.Sequence // what somebody sees, and who sees them, goes by their role
	}
}

// applyLeft also takes the anonymous copy, and the leaving of somebody who only waited.
func applyLeft(s *State, _ *event.Opened, p *event.ParticipantLeft) {
	if s.Viewer != nil {
		s.Roster.Present = p.Present
	}
	if p.UserID.IsZero() {
		return
	}
	if known := s.present(p.UserID); known != nil {
		known.Present, known.LeftAt = false, p.LeftAt
		if s.Private != nil {
			s.Roster.Present--
		}
	}
	s.stopWaiting(p.UserID)
	if s.Desk != nil {
		delete(s.Desk.Unfocused, p.UserID.String())
	}
	if s.Viewer != nil && s.Viewer.UserID == p.UserID {
		s.Viewer.Standing, s.Viewer.Role = StandingOut, ""
	}
}

func applyRemoved(s *State, _ *event.Opened, p *event.ParticipantRemoved) {
	if s.Private != nil {
		s.Private.Removed[p.UserID.String()] = true
		delete(s.Private.Admitted, p.UserID.String())
		s.expectNoMore(p.UserID)
	}
	s.stopWaiting(p.UserID)
}

func applyBanned(s *State, _ *event.Opened, p *event.ParticipantBanned) {
	id := p.UserID.String()
	if s.Desk != nil {
		if p.Banned {
			s.Desk.Banned[id] = true
		} else {
			delete(s.Desk.Banned, id)
		}
	}
	if p.Banned {
		if s.Private != nil {
			delete(s.Private.Admitted, id)
			s.expectNoMore(p.UserID)
		}
		s.stopWaiting(p.UserID)
	}
}

func applyMuted(s *State, _ *event.Opened, p *event.ParticipantMuted) {
	if known := s.person(p.UserID); known != nil {
		known.Muted = p.Muted
	}
}

func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
