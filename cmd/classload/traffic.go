package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// What happens in a lesson, a minute: a class of 35 in which people take part.
const (
	chatsAMinute  = 12 // by all students together
	handsAMinute  = 2  // raised, and lowered by the teacher
	slidesAMinute = 3  // changes of scene
	notesAMinute  = 1
	votesAMinute  = 9  // on the poll that is open
	strokesAt     = 30 // drawn by the teacher
)

// traffic plays a lesson in a room until ctx ends, so many times as fast as people do. Marked events are counted.
func (s *site) traffic(ctx context.Context, r *room, speed float64, seed uint64) error {
	if err := s.poll(context.WithoutCancel(ctx), r); err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, 2)
	all.Go(func() { errs[0] = s.teach(ctx, r, speed, seed) })
	all.Go(func() { errs[1] = s.learn(ctx, r, speed, seed) })
	all.Wait()
	return errors.Join(errs...)
}

// every calls f about so many times a minute, at random moments, until ctx ends.
func every(ctx context.Context, minute float64, chance *rand.Rand, f func(k int) error) error {
	for k := 0; ; k++ {
		pause := time.Duration(chance.ExpFloat64() / minute * float64(time.Minute))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(pause, 5*time.Duration(float64(time.Minute)/minute))):
		}
		if err := f(k); err != nil {
			return err
		}
	}
}

func (s *site) teach(ctx context.Context, r *room, speed float64, seed uint64) error {
	going := context.WithoutCancel(ctx) // what was begun is finished
	chance := rand.New(rand.NewPCG(seed, 1))
	const sum = slidesAMinute + notesAMinute + strokesAt
	return every(ctx, sum*speed, chance, func(int) error {
		switch n := chance.IntN(sum); {
		case n < slidesAMinute:
			_, err := s.switchScene(going, r)
			return err
		case n < slidesAMinute+notesAMinute:
			return s.say(going, r, -1, lorem, true)
		}
		points := make([]int, 60)
		for i := range points {
			points[i] = chance.IntN(65_536)
		}
		stroke := map[string]any{"kind": "pen", "color": "#1a5fb4", "width": 120, "points": points}
		_, a, err := s.give(going, r, r.teacher, "board.draw", map[string]any{"sceneId": r.class.Scenes[0], "operations": []any{map[string]any{"op": "draw", "stroke": stroke}}})
		return errors.Join(err, refusedAs(a))
	})
}

func (s *site) learn(ctx context.Context, r *room, speed float64, seed uint64) error {
	going := context.WithoutCancel(ctx)
	chance := rand.New(rand.NewPCG(seed, 2))
	const sum = chatsAMinute + handsAMinute + votesAMinute
	return every(ctx, sum*speed, chance, func(k int) error {
		student := chance.IntN(len(r.chairs))
		switch n := chance.IntN(sum); {
		case n < chatsAMinute:
			return s.say(going, r, student, " "+strconv.Itoa(k)+" "+lorem[:40+chance.IntN(80)], true)
		case n < chatsAMinute+handsAMinute:
			_, a, err := s.give(going, r, r.chairs[student], "hand.raise", map[string]any{})
			if err == nil && !a.refused {
				_, a, err = s.give(going, r, r.chairs[student], "hand.lower", map[string]any{"userId": r.class.Students[student].ID})
			}
			return errors.Join(err, refusedAs(a))
		}
		_, a, err := s.give(going, r, r.chairs[student], "poll.vote", map[string]any{"pollId": r.poll, "choices": []int{chance.IntN(2)}})
		return errors.Join(err, refusedAs(a))
	})
}

// poll asks the class something, and ends what was asked before. Nobody votes meanwhile.
func (s *site) poll(ctx context.Context, r *room) error {
	if r.poll != "" {
		if _, a, err := s.give(ctx, r, r.teacher, "poll.end", map[string]string{"pollId": r.poll}); err != nil || a.refused {
			return errors.Join(err, refusedAs(a))
		}
	}
	_, a, err := s.give(ctx, r, r.teacher, "poll.start", map[string]any{"prompt": "Which is larger?", "options": []string{"one half", "two thirds"}})
	if err != nil || a.refused {
		return errors.Join(err, refusedAs(a))
	}
	var made struct {
		Reply struct {
			Body struct {
				ID string `json:"id"`
			} `json:"body"`
		} `json:"reply"`
	}
	if err := json.Unmarshal(a.text, &made); err != nil || made.Reply.Body.ID == "" {
		return errors.Join(fmt.Errorf("the poll has no id: %.200s", a.text), err)
	}
	r.poll = made.Reply.Body.ID
	return nil
}

func refusedAs(a reply) error {
	if a.refused {
		return errors.Join(errRefused, errors.New(string(a.text[:min(len(a.text), 200)])))
	}
	return nil
}
