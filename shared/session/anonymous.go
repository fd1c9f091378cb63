package session

import "multistream/shared/event"

// AnonymousPoll tells whether a command votes in an anonymous poll, and in which: its actor must then be replaced by a
// pseudonym (Command.Voter) before anything of it is looked up or kept.
func AnonymousPoll(s *State, c *Command) (poll event.ID, ok bool) {
	vote, isVote := c.Payload.(*PollVote)
	if !isVote || vote == nil || c.Actor.System {
		return event.ID{}, false
	}
	return vote.PollID, WasAnonymous(s, vote.PollID)
}

// WasAnonymous tells whether a poll that the state knows, open or closed, is anonymous.
func WasAnonymous(s *State, poll event.ID) bool {
	p := s.poll(poll)
	return p != nil && p.Anonymous
}
