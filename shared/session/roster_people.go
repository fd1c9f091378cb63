package session

import (
	"bytes"

	"multistream/shared/event"
)

// person finds somebody in the roster, or nil. It only reads, so views may be taken side by side; Apply keeps the index.
func (s *State) person(user event.ID) *Participant {
	people := s.Roster.People
	if len(s.Roster.index) == len(people) {
		if i, ok := s.Roster.index[user]; ok {
			return &people[i]
		}
		return nil
	}
	for i := range people {
		if people[i].UserID == user {
			return &people[i]
		}
	}
	return nil
}

// reindex brings the index up to date: it is missing in a state that was just read, and short after an entry.
func (r *Roster) reindex() {
	if r.index == nil || len(r.index) > len(r.People) {
		r.index = make(map[event.ID]int, len(r.People)+1)
	}
	for i := len(r.index); i < len(r.People); i++ {
		r.index[r.People[i].UserID] = i
	}
}

// byID orders people as the views of members list them: by the bytes of their id, which is the order of its text.
func byID(a, b Participant) int { return bytes.Compare(a.UserID[:], b.UserID[:]) }

// present gives the participation of somebody who is in the class now, or nil.
func (s *State) present(user event.ID) *Participant {
	if p := s.person(user); p != nil && p.Present {
		return p
	}
	return nil
}

// NameOf gives the name by which a class knows somebody who is or was in it, who waits, or a guest who was let in; ok is
// false for others. Full states only.
func NameOf(s *State, user event.ID) (name event.Text, ok bool) {
	if p := s.person(user); p != nil {
		return p.DisplayName, true
	}
	if w := s.waiting(user); w != nil {
		return w.DisplayName, true
	}
	if s.Private != nil {
		for i := range s.Private.Expected {
			if w := &s.Private.Expected[i]; w.UserID == user {
				return w.DisplayName, true
			}
		}
	}
	return event.Text{}, false
}

// expectNoMore forgets a guest who was let in.
func (s *State) expectNoMore(user event.ID) {
	s.Private.Expected = without(s.Private.Expected, func(w *Waiting) bool { return w.UserID == user })
}

// waiting gives somebody's row of the waiting room, or nil.
func (s *State) waiting(user event.ID) *Waiting {
	if s.Desk == nil {
		return nil
	}
	for i := range s.Desk.Waiting {
		if s.Desk.Waiting[i].UserID == user {
			return &s.Desk.Waiting[i]
		}
	}
	return nil
}

// stopWaiting takes somebody out of the waiting room. On their own view that puts them out.
func (s *State) stopWaiting(user event.ID) {
	if s.Desk != nil {
		s.Desk.Waiting = without(s.Desk.Waiting, func(w *Waiting) bool { return w.UserID == user })
	}
	if v := s.Viewer; v != nil && v.UserID == user && v.Standing == StandingWaiting {
		v.Standing, v.Role = StandingOut, ""
	}
}

// roleOf gives the role of a participant, of somebody waiting or named in the plan, or "".
func (s *State) roleOf(user event.ID) string {
	if p := s.person(user); p != nil {
		return p.Role
	}
	if w := s.waiting(user); w != nil {
		return w.Role
	}
	for _, m := range s.Life.Plan.Staff {
		if m.UserID == user {
			return m.Role
		}
	}
	return ""
}
