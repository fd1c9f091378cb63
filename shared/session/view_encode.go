package session

import (
	"slices"
	"strconv"
	"strings"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// AppendView appends the JSON of somebody's view: byte for byte that of View. What all members of a class see alike is encoded
// once for each time that it changes, so that a thousand people who come at once cost little more than the copy each. What
// is encoded is kept in s: unlike View, it takes turns with all other use of s.
func AppendView(dst []byte, s *State, user event.ID) ([]byte, error) {
	who := ViewerOf(s, user)
	if who.Standing != StandingMember || s.alike == nil || s.alike.of != s {
		return event.Append(dst, ViewAs(s, who))
	}
	parts, people, err := s.alike.encoded(s)
	if err != nil {
		return nil, err
	}
	dst = append(dst, '{')
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, part.Name...)
		switch own := s.own(part.Name, who); {
		case part.Name == `"roster":`:
			dst, err = s.appendRoster(dst, people, user)
		case own != nil:
			dst, err = event.Append(dst, own)
		default:
			dst = append(dst, part.JSON...)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// own gives the part of a member's view that is not the same for all members, nil for one that is.
func (s *State) own(part string, who Viewer) any {
	switch part {
	case `"viewer":`:
		return &who
	case `"epoch":`:
		return &s.Epoch
	case `"sequence":`:
		return &s.Sequence
	case `"hands":`:
		hands := s.handsFor(who)
		return &hands
	case `"chat":`:
		if s.wroteOrGot(who.UserID) {
			chat := s.chatFor(who)
			chat.Entries = keep(chat.Entries, limits.ChatWindow)
			return &chat
		}
	case `"questions":`:
		questions := s.questionsFor(who)
		return &questions
	case `"polls":`:
		polls := s.pollsFor(who)
		return &polls
	case `"consents":`:
		if id := who.UserID.String(); s.Consents[id] != nil {
			return map[string][]string{id: s.Consents[id]}
		}
	}
	return nil
}

// wroteOrGot tells whether somebody has messages in the chat that not everybody sees.
func (s *State) wroteOrGot(user event.ID) bool {
	id := user.String()
	for key := range s.Chat.Windows {
		if key != "all" && strings.Contains(key, id) { // of these windows alone the key holds ids
			return true
		}
	}
	return slices.ContainsFunc(s.Chat.Held, func(m ChatEntry) bool { return m.UserID == user })
}

// appendRoster puts somebody's own entry, which shows more than others see, in its place.
func (s *State) appendRoster(dst []byte, shown *shownPeople, user event.ID) (_ []byte, err error) {
	dst = strconv.AppendInt(append(dst, `{"present":`...), int64(s.Roster.Present), 10)
	dst = append(dst, `,"people":[`...)
	at, listed := slices.BinarySearchFunc(shown.ids, user, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) })
	if at > 0 {
		dst = append(append(dst, shown.json[:shown.ends[at-1]]...), ',')
	}
	if dst, err = event.Append(dst, s.person(user)); err != nil {
		return nil, err
	}
	if listed {
		at++
	}
	if at < len(shown.ids) {
		from := 0
		if at > 0 {
			from = shown.ends[at-1] + 1
		}
		dst = append(append(dst, ','), shown.json[from:]...)
	}
	return append(dst, "]}"...), nil
}

// alike is what views of members have in common, of one full state.
type alike struct {
	of *State // a copy of the state must not take it for its own

	parts  []event.Member // of the view of a member who did nothing yet; nil: not encoded since it changed
	people *shownPeople   // likewise
}

// shownPeople are those whom members see, by id.
type shownPeople struct {
	ids  []event.ID
	json []byte // their entries, with a comma between
	ends []int  // where the entry of each ends
}

// nobody is a member who is in no class: no id is like this.
var nobody = Viewer{UserID: event.ID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, Role: "student", Standing: StandingMember}

func (a *alike) encoded(s *State) (parts []event.Member, people *shownPeople, err error) {
	if a.people == nil {
		people := &shownPeople{}
		for _, p := range s.rosterFor(nobody).People {
			if len(people.ids) > 0 {
				people.json = append(people.json, ',')
			}
			if people.json, err = event.Append(people.json, &p); err != nil {
				return nil, nil, err
			}
			people.ids, people.ends = append(people.ids, p.UserID), append(people.ends, len(people.json))
		}
		a.people = people
	}
	if a.parts == nil {
		v := ViewAs(s, nobody)
		v.Roster = Roster{}
		if a.parts, err = event.Members(v); err != nil {
			return nil, nil, err
		}
	}
	return a.parts, a.people, nil
}

// changed forgets what an event has changed: s is the state after it. Who comes and goes changes nothing but the list of
// people, and that only if members see them.
func (a *alike) changed(s *State, e *event.Opened) {
	var user event.ID
	switch p := e.Payload.(type) {
	case *event.ParticipantJoined:
		user = p.UserID
	case *event.ParticipantLeft:
		user = p.UserID
	}
	if user.IsZero() || s.Private.RefreshAll == e.Sequence {
		a.parts, a.people = nil, nil
	} else if p := s.person(user); p == nil || s.shown(p) {
		a.people = nil
	}
}
