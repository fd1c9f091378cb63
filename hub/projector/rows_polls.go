package projector

import (
	"multistream/shared/event"
	"multistream/shared/session"
)

var pollRules = map[string]rule{
	event.TypePollStarted: on(pollStarted),
	event.TypePollVoted:   on(voted),
	event.TypePollEnded:   on(pollEnded),
}

func poll(s *session.State, id event.ID) *session.Poll {
	return find(s.Polls, func(p *session.Poll) bool { return p.PollID == id })
}

// pollStarted is the row of a poll. Prompt and options are of one person, so they are erased together.
func pollStarted(s *session.State, e *Event, p *event.PollStarted) []Change {
	if poll(s, p.PollID) != nil {
		return nil
	}
	options, erased := make([]string, len(p.Options)), p.Prompt.Erased
	for i := range p.Options {
		options[i] = p.Options[i].Text.V
		erased = erased || p.Options[i].Text.Erased
	}
	return []Change{{Table: Polls, Key: byID(p.PollID), Set: Columns{"sequence": int(e.Sequence), "prompt": p.Prompt.V, "options": jsonOf(options), "erased": erased,
		"results": nil, "anonymous": p.Anonymous, "started_at": e.CreatedAt, "ended_at": nil}}}
}

// voted is the row of a vote, or of its change. What an erased person chose is not known any more.
func voted(s *session.State, e *Event, p *event.PollVoted) []Change {
	about := poll(s, p.PollID)
	if about == nil || about.EndedSeq > 0 {
		return nil
	}
	voter, chosen, erased := p.UserID, p.Answer.V, p.Answer.Erased
	if about.Anonymous {
		voter, chosen, erased = p.VoterID, p.Choices, false
	}
	if voter.IsZero() {
		return nil
	}
	if chosen == nil {
		chosen = []int{}
	}
	return []Change{{Table: Votes, Key: Columns{"poll_id": p.PollID, "voter_id": voter},
		Set: Columns{"choices": jsonOf(chosen), "erased": erased, "sequence": int(e.Sequence)}}}
}

func pollEnded(s *session.State, e *Event, p *event.PollEnded) []Change {
	about := poll(s, p.PollID)
	if about == nil || about.EndedSeq > 0 {
		return nil
	}
	results := jsonOf(p.Results)
	return []Change{
		{Table: Polls, Key: byID(p.PollID), Set: Columns{"results": results, "ended_at": e.CreatedAt}, Old: true},
		{Table: AnalyticsOfPoll, Key: Columns{"poll_id": p.PollID}, Set: Columns{"votes": p.Results.Voters, "asked": s.Roster.Present, "results": results}},
	}
}
