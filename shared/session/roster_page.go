package session

import (
	"slices"

	"multistream/shared/event"
)

// ViewerOf says as whom somebody looks at a full state.
func ViewerOf(s *State, user event.ID) Viewer {
	standing, role := StandingOf(s, user)
	return Viewer{UserID: user, Role: role, Standing: standing}
}

// knowsOnRequest tells whether a viewer may be told who a participant is when they ask for the list of people: views leave
// students out who came into a large class, or beyond a view's roster, but keep nothing of them from who may see students.
func (s *State) knowsOnRequest(who Viewer, p *Participant) bool {
	switch {
	case who.Standing == StandingStaff:
		return true
	case who.Standing != StandingMember:
		return false
	}
	return p.UserID == who.UserID || IsStaff(p.Role) || s.Settings.Visibility == "all"
}

// People gives a page of those who ever joined, as one person may know them, from a full state: by id, so that a page does
// not tell when somebody came; at most limit of them with ids above after. next is the id to go on after, absent with the
// last page. Members get of others neither grants nor whether they are muted, and no times of those whom their view
// leaves out.
func People(s *State, who Viewer, after event.ID, limit int) (page []Participant, next event.ID) {
	for i := range s.Roster.People {
		p := s.Roster.People[i]
		if slices.Compare(p.UserID[:], after[:]) <= 0 || !s.knowsOnRequest(who, &p) {
			continue
		}
		if who.Standing != StandingStaff && p.UserID != who.UserID {
			p.Grants, p.Muted = nil, false
			if !s.sees(who, &p) {
				p.JoinedAt, p.LeftAt = 0, 0
			}
		}
		page = append(page, p)
	}
	slices.SortFunc(page, byID)
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].UserID
	}
	return page, next
}
