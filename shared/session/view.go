package session

import (
	"slices"
	"strings"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// View gives what a person may know of a full state: the same as folding, from their latest fresh view on, the copies
// that Deliver gave them. It shares memory with s: encode or copy it before s changes.
func View(s *State, user event.ID) *State {
	return ViewAs(s, ViewerOf(s, user))
}

// ViewAs gives the view of somebody with the given standing, whether or not they are in the class.
func ViewAs(s *State, who Viewer) *State {
	v := empty(s.SessionID)
	v.Viewer, v.Epoch, v.Sequence = &who, s.Epoch, s.Sequence
	v.Life, v.Settings = s.Life, s.Settings
	if who.Standing != StandingStaff && who.Standing != StandingMember {
		return v
	}
	staff := who.Standing == StandingStaff
	v.ChatRules = s.ChatRules
	v.Roster = s.rosterFor(who)
	v.Hands = s.handsFor(who)
	v.Reactions, v.CTA, v.Recording, v.Media, v.Features, v.Exam = s.Reactions, s.CTA, s.Recording, s.Media, s.Features, s.Exam
	v.Studio = Studio{Current: s.Studio.Current, Scenes: s.Studio.Scenes, Assets: s.Studio.Assets, Pages: slices.Clone(s.Studio.Pages)}
	v.Chat = s.chatFor(who)
	v.Questions = s.questionsFor(who)
	v.Polls = s.pollsFor(who)
	v.Captions, v.Timeline = s.Captions, s.Timeline
	for _, n := range s.Notes {
		if staff || n.Audience == "all" {
			v.Notes = append(v.Notes, n)
		}
	}
	if staff {
		v.Consents, v.Desk = s.Consents, s.Desk
	} else if own, ok := s.Consents[who.UserID.String()]; ok {
		v.Consents = map[string][]string{who.UserID.String(): own}
	}
	trim(v)
	return v
}

// trim cuts a view to its windows. It is part of Apply on views, so that a view that grew event by event and one taken
// from the full state are the same.
func trim(v *State) {
	if v.Viewer.Standing != StandingStaff && v.Viewer.Standing != StandingMember {
		*v = State{Viewer: v.Viewer, SessionID: v.SessionID, Epoch: v.Epoch, Sequence: v.Sequence, Life: v.Life,
			Settings: v.Settings, Reactions: map[string]int{}, Consents: map[string][]string{}, Features: map[string]Degraded{}}
		return
	}
	v.Chat.Entries = keep(v.Chat.Entries, limits.ChatWindow)
	v.Notes = keep(v.Notes, limits.NoteWindow)
	onScreen := v.Studio.pageOnScreen()
	for i := range v.Studio.Pages {
		if p := &v.Studio.Pages[i]; p.AssetID != onScreen || p.Large {
			p.Strokes = nil
		}
	}
}

// pageOnScreen is the asset that the current scene shows, or the absent id.
func (st *Studio) pageOnScreen() event.ID {
	for i := range st.Scenes {
		if st.Scenes[i].SceneID == st.Current {
			return st.Scenes[i].AssetID
		}
	}
	return event.ID{}
}

// sees reports whether a viewer is told who a participant is (full states only).
func (s *State) sees(who Viewer, p *Participant) bool {
	if p.UserID == who.UserID || IsStaff(p.Role) {
		return true
	}
	if who.Standing != StandingStaff && s.Settings.Visibility != "all" {
		return false
	}
	var room [36]byte
	id, _ := p.UserID.AppendText(room[:0]) // as large classes ask this of everybody for everybody: without a copy on the heap
	return !s.Private.Paged[string(id)] && (who.Standing == StandingStaff || !s.Private.Quiet[string(id)])
}

func (s *State) rosterFor(who Viewer) Roster {
	r := Roster{Present: s.Roster.Present}
	for i := range s.Roster.People {
		if s.sees(who, &s.Roster.People[i]) {
			p := s.Roster.People[i]
			if who.Standing != StandingStaff && p.UserID != who.UserID {
				p.Grants, p.Muted = nil, false
			}
			r.People = append(r.People, p)
		}
	}
	if who.Standing != StandingStaff {
		slices.SortFunc(r.People, byID)
	}
	return r
}

func (s *State) handsFor(who Viewer) Hands {
	if who.Standing == StandingStaff {
		return s.Hands
	}
	h := Hands{Up: s.Hands.Up}
	for i, raised := range s.Hands.Raised {
		if raised.UserID == who.UserID {
			h.Ahead, h.Raised = i, []Hand{raised}
		}
	}
	return h
}

func (s *State) chatFor(who Viewer) Chat {
	var c Chat
	for key, window := range s.Chat.Windows {
		if windowVisible(key, who) {
			c.Entries = append(c.Entries, window...)
		}
	}
	slices.SortFunc(c.Entries, func(a, b ChatEntry) int { return int(a.Sequence - b.Sequence) })
	for _, held := range s.Chat.Held {
		if who.Standing == StandingStaff || held.UserID == who.UserID {
			c.Held = append(c.Held, held)
		}
	}
	return c
}

// windowKey names the window of a message: "all", "staff:<author>" or "pair:<a>:<b>" (ids in order).
func windowKey(to event.Recipient, author event.ID) string {
	switch to.Audience {
	case "staff":
		return "staff:" + author.String()
	case "user":
		a, b := author.String(), to.UserID.String()
		if b < a {
			a, b = b, a
		}
		return "pair:" + a + ":" + b
	}
	return "all"
}

func windowVisible(key string, who Viewer) bool {
	kind, rest, _ := strings.Cut(key, ":")
	switch kind {
	case "all":
		return true
	case "staff":
		return who.Standing == StandingStaff || rest == who.UserID.String()
	}
	a, b, _ := strings.Cut(rest, ":")
	return a == who.UserID.String() || b == who.UserID.String()
}

func (s *State) questionsFor(who Viewer) []Question {
	out := slices.Clone(s.Questions)
	for i := range out {
		q := &out[i]
		q.Mine = s.Private.Upvotes[q.QuestionID.String()][who.UserID.String()]
		if q.Privately && who.Standing != StandingStaff && q.UserID != who.UserID {
			q.Answer, q.AnswerBy = event.Text{}, event.ID{}
		}
	}
	return out
}

func (s *State) pollsFor(who Viewer) []Poll {
	out := slices.Clone(s.Polls)
	for i := range out {
		p := &out[i]
		if !p.Anonymous {
			p.Mine = s.Private.Votes[p.PollID.String()][who.UserID.String()]
		}
		if p.EndedSeq == 0 && !p.Live && who.Standing != StandingStaff {
			p.Counts, p.Voters = nil, 0
		}
	}
	return out
}
