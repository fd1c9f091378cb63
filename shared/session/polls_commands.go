package session

import (
	"slices"
	"strings"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

var pollCommands = map[string]*CommandType{
	"poll.start": command(LaneStudio, "polls", decideStartPoll),
	"poll.vote":  command(LaneInteraction, "polls", decideVote),
	"poll.end":   command(LaneStudio, "polls", decideEndPoll),
}

// PollStart opens a poll.
type PollStart struct {
	Prompt    string   `json:"prompt" limit:"poll_prompt"`
	Options   []string `json:"options" limit:"poll_options"` // each as limits "poll_option" says
	Multiple  bool     `json:"multiple,omitzero" optional:"true"`
	Anonymous bool     `json:"anonymous,omitzero" optional:"true"`
	Live      bool     `json:"live,omitzero" optional:"true"` // members see the counts while it runs
}

// PollVote answers a poll, or changes the answer while the poll is open.
type PollVote struct {
	PollID  event.ID `json:"pollId"`
	Choices []int    `json:"choices" limit:"poll_choices" each:"poll_choice"` // numbers of options, from 0
}

// PollEnd closes a poll with its results.
type PollEnd struct {
	PollID event.ID `json:"pollId"`
}

func decideStartPoll(s *State, c *Command, p *PollStart) ([]event.Fact, error) {
	open, table, each := 0, limits.Table["poll_options"], limits.Table["poll_option"]
	for i := range s.Polls {
		if s.Polls[i].EndedSeq == 0 {
			open++
		}
	}
	switch {
	case !s.Settings.Polls:
		return pollsOff()
	case open >= limits.OpenPolls:
		return refuse(fault.LimitReached, "%d polls are open, which is the most. Nothing was started; end one first.", limits.OpenPolls)
	case len(p.Options) < table.Min || len(p.Options) > table.Max:
		return nil, fault.At(fault.InvalidField, "options", "A poll has %d to %d options. Nothing was started.", table.Min, table.Max)
	}
	prompt, err := textOf("prompt", p.Prompt)
	if err != nil {
		return nil, err
	}
	started := &event.PollStarted{PollID: c.newID(s, 1), Prompt: prompt, Multiple: p.Multiple, Anonymous: p.Anonymous, Live: p.Live}
	var seen []string
	for _, option := range p.Options {
		text, err := textOf("options", option)
		if err != nil {
			return nil, err
		}
		if plain := strings.TrimSpace(option); slices.Contains(seen, plain) || len([]rune(option)) > each.Max {
			return nil, fault.At(fault.InvalidField, "options", "Each option is there once and has at most %d characters. Nothing was started.", each.Max)
		} else {
			seen = append(seen, plain)
		}
		started.Options = append(started.Options, event.PollOption{Text: text})
	}
	return one(event.TypePollStarted, started)
}

// decideVote refuses staff: a poll asks the students, and its results are theirs.
func decideVote(s *State, c *Command, p *PollVote) ([]event.Fact, error) {
	poll := s.poll(p.PollID)
	switch {
	case poll == nil:
		return noPoll()
	case poll.EndedSeq > 0:
		return refuse(fault.PollClosed, "This poll is closed. Your vote was not counted.")
	case !s.Settings.Polls:
		return pollsOff()
	case c.byStaff():
		return refuse(fault.Forbidden, "Polls are answered by students. Nothing was counted.")
	case poll.Anonymous == c.Voter.IsZero():
		// Either would tie a name to a pseudonym, so it must never be written.
		return refuse(fault.Internal, "Your vote could not be recorded as this poll needs it. Nothing was counted; please try again.")
	}
	choices := choicesOf(p.Choices, len(poll.Options))
	switch {
	case len(choices) == 0 || len(choices) != len(p.Choices):
		return nil, fault.At(fault.InvalidField, "choices", "A vote names at least one of the options 0 to %d, each once. Nothing was counted.", len(poll.Options)-1)
	case len(choices) > 1 && !poll.Multiple:
		return nil, fault.At(fault.InvalidField, "choices", "One option can be chosen in this poll. Nothing was counted.")
	}
	if before, voted := s.Private.Votes[p.PollID.String()][c.Author().String()]; voted && slices.Equal(before, choices) {
		return nil, nil
	}
	if poll.Anonymous {
		return one(event.TypePollVoted, &event.PollVoted{PollID: p.PollID, VoterID: c.Voter, Choices: choices})
	}
	return one(event.TypePollVoted, &event.PollVoted{PollID: p.PollID, UserID: c.Actor.UserID, Answer: event.Plain(choices)})
}

func decideEndPoll(s *State, c *Command, p *PollEnd) ([]event.Fact, error) {
	poll := s.poll(p.PollID)
	switch {
	case poll == nil:
		return noPoll()
	case poll.EndedSeq > 0:
		return nil, nil
	}
	return []event.Fact{poll.ended(c.Actor.UserID)}, nil
}

// closeOpenPolls gives the facts that end all open polls, in the order they were started: part of the end of a class.
func closeOpenPolls(s *State) []event.Fact {
	var facts []event.Fact
	for i := range s.Polls {
		if s.Polls[i].EndedSeq == 0 {
			facts = append(facts, s.Polls[i].ended(event.ID{}))
		}
	}
	return facts
}

func (p *Poll) ended(by event.ID) event.Fact {
	return event.Fact{Type: event.TypePollEnded, Payload: &event.PollEnded{PollID: p.PollID, ActorUserID: by,
		Results: event.PollResults{Counts: slices.Clone(p.Counts), Voters: p.Voters}}}
}

func pollsOff() ([]event.Fact, error) {
	return refuse(fault.FeatureOff, "Polls are switched off in this class. Nothing was changed.")
}

func noPoll() ([]event.Fact, error) {
	return refuse(fault.NotFound, "There is no such poll among the open and the latest closed ones. Nothing was changed.")
}
