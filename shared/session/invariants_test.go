package session_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// invariants returns an error for a full state that no class can be in.
func invariants(s *session.State) error {
	return errors.Join(rosterInvariants(s), studioInvariants(s), pollInvariants(s), windowInvariants(s))
}

func rosterInvariants(s *session.State) error {
	present, known := 0, map[event.ID]*session.Participant{}
	for i := range s.Roster.People {
		p := &s.Roster.People[i]
		if known[p.UserID] != nil {
			return fmt.Errorf("%s is in the roster twice", p.UserID)
		}
		if known[p.UserID] = p; p.Present {
			present++
		}
	}
	if s.Roster.Present != present {
		return fmt.Errorf("present counts %d, there are %d", s.Roster.Present, present)
	}
	up := map[event.ID]bool{}
	for _, h := range s.Hands.Raised {
		if up[h.UserID] || known[h.UserID] == nil || !known[h.UserID].Present {
			return fmt.Errorf("the hand of %s is up twice, or without them", h.UserID)
		}
		up[h.UserID] = true
	}
	if s.Hands.Up != len(s.Hands.Raised) {
		return fmt.Errorf("%d hands are counted, %d are up", s.Hands.Up, len(s.Hands.Raised))
	}
	waiting := map[event.ID]bool{}
	for _, w := range s.Desk.Waiting {
		if waiting[w.UserID] || known[w.UserID] != nil && known[w.UserID].Present {
			return fmt.Errorf("%s waits twice, or is in", w.UserID)
		}
		waiting[w.UserID] = true
	}
	for id := range s.Desk.Banned {
		for user, p := range known {
			if user.String() == id && p.Present && !session.IsStaff(p.Role) && s.Private.Admitted[id] {
				return fmt.Errorf("%s is banned and in", id)
			}
		}
	}
	over := s.Life.Status == session.Ended || s.Life.Status == session.Archived
	if over && (present > 0 || len(waiting) > 0 || s.Life.EndsAt != 0) {
		return fmt.Errorf("the class is over, %d are present, %d wait", present, len(waiting))
	}
	return nil
}

func studioInvariants(s *session.State) error {
	st := &s.Studio
	shown := st.Current.IsZero() && (s.Life.StartedAt == 0 || s.Life.StartedAt == s.Private.At) // the start brings one along
	assets := map[event.ID]bool{{}: true}
	for _, a := range st.Assets {
		assets[a.AssetID] = true
	}
	pages := map[event.ID]bool{}
	for _, p := range st.Pages {
		pages[p.AssetID] = true
		points := 0
		for _, stroke := range p.Strokes {
			points += len(stroke.Stroke.Points)
		}
		if points != p.Points || p.Large != (points > limits.PagePoints) {
			return fmt.Errorf("page %s counts %d points, there are %d; large %v", p.AssetID, p.Points, points, p.Large)
		}
	}
	boards := 0
	for _, sc := range st.Scenes {
		shown = shown || sc.SceneID == st.Current
		for _, b := range sc.Boards {
			if boards++; !pages[b] {
				return fmt.Errorf("scene %s has the board page %s that is not there", sc.SceneID, b)
			}
		}
		if !assets[sc.AssetID] && !slices.Contains(sc.Boards, sc.AssetID) {
			return fmt.Errorf("scene %s shows %s, which is not there", sc.SceneID, sc.AssetID)
		}
	}
	sorted := slices.IsSortedFunc(st.Scenes, func(a, b session.Scene) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.CreatedSeq, b.CreatedSeq))
	})
	if !shown || !sorted || boards != len(st.Pages) {
		return fmt.Errorf("current scene there: %v; scenes in order: %v; board pages %d of %d in a scene", shown, sorted, boards, len(st.Pages))
	}
	return nil
}

func pollInvariants(s *session.State) error {
	for _, p := range s.Polls {
		votes := s.Private.Votes[p.PollID.String()]
		counts := make([]int, len(p.Options))
		for voter, choices := range votes {
			if len(choices) > 1 && !p.Multiple {
				return fmt.Errorf("poll %s: %s chose %v", p.PollID, voter, choices)
			}
			for _, i := range choices {
				counts[i]++
			}
		}
		gone := p.EndedSeq > 0 && p.Anonymous // its votes are forgotten
		if gone != (votes == nil) && gone || !gone && (p.Voters != len(votes) || !slices.Equal(p.Counts, counts)) {
			return fmt.Errorf("poll %s counts %v of %d voters, there are %v of %d", p.PollID, p.Counts, p.Voters, counts, len(votes))
		}
	}
	for _, q := range s.Questions {
		if up := s.Private.Upvotes[q.QuestionID.String()]; q.Upvotes != len(up) || up[q.UserID.String()] {
			return fmt.Errorf("question %s counts %d upvotes, there are %d", q.QuestionID, q.Upvotes, len(up))
		}
	}
	if len(s.Private.Votes) > len(s.Polls) || len(s.Private.Upvotes) > len(s.Questions) {
		return errors.New("votes are kept of polls or questions that are gone")
	}
	return nil
}

func windowInvariants(s *session.State) error {
	open, closed := 0, 0
	for _, p := range s.Polls {
		if p.EndedSeq == 0 {
			open++
		}
	}
	for _, q := range s.Questions {
		if q.Status != session.QuestionOpen {
			closed++
		}
	}
	most := map[string][2]int{
		"open polls": {open, limits.OpenPolls}, "closed polls": {len(s.Polls) - open, limits.ClosedPolls},
		"closed questions": {closed, limits.ClosedQuestions}, "open questions": {len(s.Questions) - closed, limits.OpenQuestions},
		"captions": {len(s.Captions), limits.CaptionWindow}, "marks": {len(s.Timeline), limits.MarkWindow}, "notes": {len(s.Notes), 2 * limits.NoteWindow},
		"held": {len(s.Chat.Held), limits.HeldMessages}, "scenes": {len(s.Studio.Scenes), limits.Scenes}, "pages": {len(s.Studio.Pages), limits.BoardPages},
		"reports": {len(s.Desk.Reports), limits.OpenReports}, "undo": {longestUndo(s), limits.UndoDepth},
	}
	for key, window := range s.Chat.Windows {
		most["chat "+key] = [2]int{len(window), limits.ChatWindow}
	}
	for what, n := range most {
		if n[0] > n[1] {
			return fmt.Errorf("%s: %d, at most %d", what, n[0], n[1])
		}
	}
	return claimInvariants(s)
}

func longestUndo(s *session.State) int {
	most := 0
	for _, steps := range s.Private.Undo {
		most = max(most, len(steps))
	}
	return most
}

// claimInvariants: staff deal with what is still in the inbox.
func claimInvariants(s *session.State) error {
	inbox := map[string]bool{}
	for _, m := range s.Chat.Held {
		inbox[m.MessageID.String()] = true
	}
	for _, r := range s.Desk.Reports {
		inbox[r.ReportID.String()] = true
	}
	for _, h := range s.Hands.Raised {
		inbox[h.UserID.String()] = true
	}
	for _, q := range s.Questions {
		inbox[q.QuestionID.String()] = inbox[q.QuestionID.String()] || q.Status == session.QuestionOpen
	}
	for id := range s.Desk.Claims {
		if !inbox[id] {
			return fmt.Errorf("the claim of %s is about nothing in the inbox", id)
		}
	}
	return nil
}
