package session

import (
	"slices"

	"multistream/shared/event"
	"multistream/shared/limits"
)

var pollAppliers = map[string]applier{
	event.TypePollStarted: on(applyPollStarted),
	event.TypePollVoted:   on(applyPollVoted),
	event.TypePollEnded:   on(applyPollEnded),
}

var pollDeliverers = map[string]deliverer{event.TypePollVoted: to(deliverPollVoted)}

func applyPollStarted(s *State, e *event.Opened, p *event.PollStarted) {
	if s.poll(p.PollID) != nil {
		return
	}
	poll := Poll{PollID: p.PollID, UserID: e.ActorID, Prompt: p.Prompt, Options: p.Options, Multiple: p.Multiple,
		Anonymous: p.Anonymous, Live: p.Live, StartedAt: e.CreatedAt}
	if s.counting(&poll) {
		poll.Counts = make([]int, len(p.Options))
	}
	s.Polls = append(s.Polls, poll)
	addMark(s, e, Mark{Kind: "poll", RefID: p.PollID, UserID: e.ActorID, Title: p.Prompt})
}

// counting reports whether the counts of an open poll are seen in this state.
func (s *State) counting(p *Poll) bool {
	return s.Viewer == nil || p.Live || s.Viewer.Standing == StandingStaff
}

// applyPollVoted counts in a full state; a view is told the counts. Of an erased answer it is known that it was given, not
// what it was: the voter counts, no option does.
func applyPollVoted(s *State, _ *event.Opened, p *event.PollVoted) {
	poll := s.poll(p.PollID)
	if poll == nil || poll.EndedSeq > 0 {
		return
	}
	if s.Private == nil {
		if len(p.Counts) > 0 {
			poll.Counts, poll.Voters = slices.Clone(p.Counts), p.Voters
		}
		if !poll.Anonymous && p.UserID == s.Viewer.UserID {
			poll.Mine = choicesOf(p.Answer.V, len(poll.Options))
		}
		return
	}
	voter, chosen := p.UserID, p.Answer.V
	if poll.Anonymous {
		voter, chosen = p.VoterID, p.Choices
	}
	if voter.IsZero() {
		return
	}
	votes := s.Private.Votes[poll.PollID.String()]
	if votes == nil {
		votes = map[string][]int{}
		s.Private.Votes[poll.PollID.String()] = votes
	}
	before, voted := votes[voter.String()]
	if !voted {
		poll.Voters++
	}
	now := choicesOf(chosen, len(poll.Options))
	for _, i := range before {
		poll.Counts[i]--
	}
	for _, i := range now {
		poll.Counts[i]++
	}
	votes[voter.String()] = now
}

// choicesOf gives the options that an answer names, each once, in order; nil for none.
func choicesOf(chosen []int, options int) []int {
	var out []int
	for _, i := range slices.Sorted(slices.Values(chosen)) {
		if i >= 0 && i < options && (len(out) == 0 || out[len(out)-1] != i) {
			out = append(out, i)
		}
	}
	return out
}

// applyPollEnded keeps the answers of a named poll while it is shown, for each voter's own view; pseudonyms go at once.
func applyPollEnded(s *State, e *event.Opened, p *event.PollEnded) {
	poll := s.poll(p.PollID)
	if poll == nil || poll.EndedSeq > 0 {
		return
	}
	poll.EndedSeq, poll.Counts, poll.Voters = e.Sequence, slices.Clone(p.Results.Counts), p.Results.Voters
	if poll.Anonymous {
		s.forgetVotes(poll.PollID)
	}
	if oldest := oldestOver(s.Polls, limits.ClosedPolls, func(p *Poll) int64 { return p.EndedSeq }); oldest != nil {
		gone := oldest.PollID
		s.Polls = without(s.Polls, func(p *Poll) bool { return p.PollID == gone })
		s.forgetVotes(gone)
	}
}

func (s *State) forgetVotes(poll event.ID) {
	if s.Private != nil {
		delete(s.Private.Votes, poll.String())
	}
}

func (s *State) poll(id event.ID) *Poll {
	return find(s.Polls, func(p *Poll) bool { return p.PollID == id })
}

// deliverPollVoted gives counts to staff, and to members while the poll is live; nobody is told whose vote it was. The
// voter of a named poll gets the own answer; that of an anonymous one gets no more than everybody.
func deliverPollVoted(s *State, _ *event.Opened, p *event.PollVoted) Delivery {
	d := Delivery{HideActor: unnamed}
	poll := s.poll(p.PollID)
	if poll == nil || poll.EndedSeq > 0 {
		return d
	}
	counts := &event.PollVoted{PollID: p.PollID, Counts: slices.Clone(poll.Counts), Voters: poll.Voters}
	d.Staff = counts
	if poll.Live {
		d.Members = counts
	}
	if poll.Anonymous || s.present(p.UserID) == nil {
		return d
	}
	own := &event.PollVoted{PollID: p.PollID, UserID: p.UserID, Answer: p.Answer}
	if standing, _ := StandingOf(s, p.UserID); poll.Live || standing == StandingStaff {
		own.Counts, own.Voters = counts.Counts, counts.Voters
	}
	d.Persons = map[event.ID]any{p.UserID: own}
	return d
}
