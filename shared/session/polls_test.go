package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

// poll starts a poll of three options and gives its id.
func (c *class) poll(multiple, anonymous, live bool) event.ID {
	c.t.Helper()
	e := c.do(teacher(), "poll.start", &PollStart{Prompt: "Which?", Options: []string{"a", "b", "c"}, Multiple: multiple, Anonymous: anonymous, Live: live})
	return e[0].Payload.(*event.PollStarted).PollID
}

// vote gives a vote as the orchestrator does: with a pseudonym in anonymous polls.
func (c *class) vote(a Actor, poll event.ID, choices ...int) ([]event.Fact, error) {
	c.t.Helper()
	c.keys++
	cmd := Command{Type: "poll.vote", Key: fmt.Sprint("k", c.keys), Actor: a, Now: c.now, Payload: &PollVote{PollID: poll, Choices: choices}}
	if p := c.s.poll(poll); p != nil && p.Anonymous {
		cmd.Voter = event.Pseudonym(poll[:], a.UserID)
	}
	facts, err := Decide(c.s, cmd)
	c.append(cmd.Author(), facts...)
	return facts, err
}

func (c *class) votes(a Actor, poll event.ID, choices ...int) {
	c.t.Helper()
	if facts, err := c.vote(a, poll, choices...); err != nil || len(facts) != 1 {
		c.t.Fatalf("vote of %s: %d facts, %v", a.DisplayName, len(facts), err)
	}
}

func (c *class) wantCounts(name string, poll event.ID, voters int, counts, mine []int) {
	c.t.Helper()
	s := c.s
	if name != "" {
		s = View(c.s, who(name))
	}
	if p := s.poll(poll); p.Voters != voters || !slices.Equal(p.Counts, counts) || !slices.Equal(p.Mine, mine) {
		c.t.Errorf("%q sees %d voters, %v, own %v; want %d, %v, own %v", name, p.Voters, p.Counts, p.Mine, voters, counts, mine)
	}
}

func TestStartPoll(t *testing.T) {
	c := liveClass(t, student("Sam"))
	for name, bad := range map[string]*PollStart{
		"no prompt": {Prompt: " ", Options: []string{"a", "b"}}, "one option": {Prompt: "x", Options: []string{"a"}},
		"empty option": {Prompt: "x", Options: []string{"a", " "}}, "twice": {Prompt: "x", Options: []string{"a", "a "}},
		"long option": {Prompt: "x", Options: []string{"a", fmt.Sprintf("%0121d", 1)}}, "many": {Prompt: "x", Options: make([]string, 11)},
	} {
		if _, err := c.decide(teacher(), "poll.start", bad); err == nil || fault.Of(err).Code != fault.InvalidField {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for range limits.OpenPolls {
		c.poll(false, false, false)
	}
	c.refused(fault.LimitReached, teacher(), "poll.start", &PollStart{Prompt: "x", Options: []string{"a", "b"}})
	for _, f := range closeOpenPolls(c.s) {
		c.append(event.ID{}, f)
	}
	if facts := closeOpenPolls(c.s); len(facts) > 0 {
		t.Errorf("still open: %v", facts)
	}
	first := c.s.Polls[0].PollID
	for range limits.ClosedPolls - limits.OpenPolls + 1 {
		c.do(teacher(), "poll.end", &PollEnd{PollID: c.poll(false, false, false)})
	}
	if len(c.s.Polls) != limits.ClosedPolls || c.s.poll(first) != nil {
		t.Errorf("%d closed polls, want the latest %d", len(c.s.Polls), limits.ClosedPolls)
	}
	c.finish()
	c.s.Settings.Polls = false
	c.refused(fault.FeatureOff, teacher(), "poll.start", &PollStart{Prompt: "x", Options: []string{"a", "b"}})
}

func TestNamedPoll(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	quiet, live := c.poll(false, false, false), c.poll(true, false, true)
	c.wantCounts("Tess", quiet, 0, []int{0, 0, 0}, nil)
	c.votes(sam, quiet, 1)
	c.votes(pia, quiet, 1)
	c.votes(sam, quiet, 2)
	if facts, err := c.vote(sam, quiet, 2); err != nil || len(facts) > 0 {
		t.Errorf("the same vote again: %d facts, %v", len(facts), err)
	}
	c.votes(sam, live, 2, 0)
	c.votes(pia, live, 0)
	c.wantCounts("Tess", quiet, 2, []int{0, 1, 1}, nil)
	c.wantCounts("Sam", quiet, 0, nil, []int{2})
	c.wantCounts("Sam", live, 2, []int{2, 0, 1}, []int{0, 2})
	c.wantCounts("Pia", live, 2, []int{2, 0, 1}, []int{0})
	for name, vote := range map[string]func() ([]event.Fact, error){
		"none":   func() ([]event.Fact, error) { return c.vote(sam, quiet) },
		"beyond": func() ([]event.Fact, error) { return c.vote(sam, quiet, 3) },
		"below":  func() ([]event.Fact, error) { return c.vote(sam, live, -1, 0) },
		"twice":  func() ([]event.Fact, error) { return c.vote(sam, live, 1, 1) },
		"one of": func() ([]event.Fact, error) { return c.vote(sam, quiet, 0, 1) },
		"pseudonym": func() ([]event.Fact, error) {
			return Decide(c.s, Command{Type: "poll.vote", Actor: sam, Voter: who("x"), Payload: &PollVote{PollID: quiet, Choices: []int{0}}})
		},
		"staff":   func() ([]event.Fact, error) { return c.vote(teacher(), quiet, 0) },
		"unknown": func() ([]event.Fact, error) { return c.vote(sam, who("none"), 0) },
	} {
		if facts, err := vote(); err == nil || len(facts) > 0 {
			t.Errorf("%s: accepted", name)
		}
	}
	ended := c.do(teacher(), "poll.end", &PollEnd{PollID: quiet})[0].Payload.(*event.PollEnded)
	if ended.Results.Voters != 2 || !slices.Equal(ended.Results.Counts, []int{0, 1, 1}) || ended.ActorUserID != who("Tess") {
		t.Errorf("results: %+v", ended)
	}
	c.noop(teacher(), "poll.end", &PollEnd{PollID: quiet})
	if _, err := c.vote(sam, quiet, 0); err == nil || fault.Of(err).Code != fault.PollClosed {
		t.Errorf("vote after the end: %v", err)
	}
	c.wantCounts("Sam", quiet, 2, []int{0, 1, 1}, []int{2})
	c.finish()
}

func TestAnonymousPoll(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	poll := c.poll(false, true, false)
	c.refused(fault.Internal, sam, "poll.vote", &PollVote{PollID: poll, Choices: []int{0}})
	c.votes(sam, poll, 0)
	c.votes(pia, poll, 0)
	c.votes(sam, poll, 1)
	c.wantCounts("Tess", poll, 2, []int{1, 1, 0}, nil)
	c.wantCounts("Sam", poll, 0, nil, nil)
	e := c.events[len(c.events)-1]
	d := Deliver(c.s, &e)
	if d.For(&e, sam.UserID, StandingMember) != nil || d.For(&e, pia.UserID, StandingMember) != nil {
		t.Error("members are told of a vote in a quiet poll")
	}
	got := d.For(&e, who("Tess"), StandingStaff)
	if p := got.Payload.(*event.PollVoted); !got.ActorID.IsZero() || !p.VoterID.IsZero() || !p.UserID.IsZero() || p.Choices != nil || p.Voters != 2 {
		t.Errorf("staff are told %+v of %+v", p, got)
	}
	c.do(teacher(), "poll.end", &PollEnd{PollID: poll})
	if len(c.s.Private.Votes) != 0 {
		t.Errorf("pseudonyms outlive the poll: %v", c.s.Private.Votes)
	}
	c.wantCounts("Sam", poll, 2, []int{1, 1, 0}, nil)
	c.finish()
}

// TestErasedAnswer: when a person was erased, their answer opens as erased in every later fold.
func TestErasedAnswer(t *testing.T) {
	sam, pia := student("Sam"), student("Pia")
	c := liveClass(t, sam, pia)
	poll := c.poll(false, false, true)
	c.votes(pia, poll, 0)
	c.append(sam.UserID, event.Fact{Type: event.TypePollVoted, Payload: &event.PollVoted{PollID: poll, UserID: sam.UserID, Answer: event.Personal[[]int]{Erased: true}}})
	c.wantCounts("Tess", poll, 2, []int{1, 0, 0}, nil)
	c.finish()
}

// TestPollsCountEachVoterOnce lets random people vote again and again and counts the latest vote of each by other means.
func TestPollsCountEachVoterOnce(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		people := []Actor{student("Sam"), student("Pia"), student("Oz"), student("Kim")}
		c := liveClass(t, people...)
		multiple := rnd.IntN(2) == 0
		poll := c.poll(multiple, rnd.IntN(2) == 0, rnd.IntN(2) == 0)
		latest := map[string][]int{}
		for range 40 {
			by := people[rnd.IntN(len(people))]
			choices := rnd.Perm(3)[:1]
			if multiple {
				choices = rnd.Perm(3)[:1+rnd.IntN(3)]
			}
			if _, err := c.vote(by, poll, choices...); err != nil {
				t.Fatal(err)
			}
			latest[by.DisplayName] = choices
			want := make([]int, 3)
			for _, chosen := range latest {
				for _, i := range chosen {
					want[i]++
				}
			}
			c.wantCounts("", poll, len(latest), want, nil)
		}
		c.do(teacher(), "poll.end", &PollEnd{PollID: poll})
		c.finish()
	}
}
