package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

// polls gives the anonymous polls of a log: whether somebody voted in them, and whether they have ended.
func polls(log []event.Event) (voted, ended map[event.ID]bool, err error) {
	anonymous := map[event.ID]bool{}
	voted, ended = map[event.ID]bool{}, map[event.ID]bool{}
	for i := range log {
		switch log[i].Type {
		case event.TypePollStarted, event.TypePollVoted, event.TypePollEnded:
		default:
			continue
		}
		payload, err := event.Decode(log[i].Type, log[i].SchemaVersion, log[i].Payload)
		if err != nil {
			return nil, nil, err
		}
		switch p := payload.(type) {
		case *event.PollStarted:
			anonymous[p.PollID] = p.Anonymous
		case *event.PollVoted:
			voted[p.PollID] = anonymous[p.PollID]
		case *event.PollEnded:
			ended[p.PollID] = anonymous[p.PollID]
		}
	}
	return voted, ended, nil
}

// secrets looks for the secret of every anonymous poll that is open and has a vote: without it a repeat would count twice.
func secrets(ctx context.Context, store *store, logs map[event.ID][]event.Event, a *checkAnswer) error {
	for id, log := range logs {
		if len(log) == 0 {
			continue
		}
		voted, ended, err := polls(log)
		if err != nil {
			return err
		}
		listed, err := store.box.Store.Keys().PollSecrets(ctx, log[0].TenantID, id)
		if err != nil {
			return err
		}
		known := map[event.ID]bool{}
		for _, p := range listed {
			known[p.PollID] = true
		}
		for poll := range voted {
			if !ended[poll] && !known[poll] {
				a.Lost = append(a.Lost, fmt.Sprintf("secret of poll %s in session %s", poll, id))
			}
		}
	}
	return nil
}

// teachOn runs the orchestrator over what is left: a command that is in the log gets its first answer, a new one is taken, and
// what belongs behind the end of polls and classes is made up for.
func teachOn(ctx context.Context, store *store, logs map[event.ID][]event.Event) error {
	stop, err := start(ctx, store)
	if err != nil {
		return err
	}
	for id, log := range logs {
		if len(log) > 0 && log[0].Type == event.TypeSessionScheduled {
			err = errors.Join(err, again(ctx, store, id, log), madeUp(ctx, store, id, log))
		}
	}
	return errors.Join(err, stop())
}

// again repeats the last message of a lesson, and sends one more where the lesson is not ending.
func again(ctx context.Context, store *store, id event.ID, log []event.Event) error {
	ending := slices.ContainsFunc(log, func(e event.Event) bool { return e.Type == event.TypeSessionEnding })
	for i := len(log) - 1; i >= 0; i-- {
		e := &log[i]
		if e.Type != event.TypeChatMessage {
			continue
		}
		by := session.Actor{UserID: e.ActorID, Role: "student", DisplayName: "A pupil"}
		key, _, _ := event.ClientKey(e.IdempotencyKey)
		facts, repeat, err := command(ctx, store.box, e.TenantID, id, by, "chat.send", key, message())
		if err != nil || !repeat || facts[0].Sequence != e.Sequence {
			return errors.Join(err, fmt.Errorf("session %s: the repeat of %d is answered with %d facts, as a repeat: %v", id, e.Sequence, len(facts), repeat))
		}
		if ending {
			return nil
		}
		facts, repeat, err = command(ctx, store.box, e.TenantID, id, by, "chat.send", "one more", message())
		if err != nil || repeat || len(facts) != 1 {
			return errors.Join(err, fmt.Errorf("session %s: a new message is answered with %d facts, as a repeat: %v", id, len(facts), repeat))
		}
		return nil
	}
	return nil
}

const makeUpTime = 10 * time.Second

// madeUp waits until no poll that ended has a secret, and an ended lesson has a signed head.
func madeUp(ctx context.Context, store *store, id event.ID, log []event.Event) error {
	_, ended, err := polls(log)
	if err != nil {
		return err
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for began := time.Now(); ; <-look.C {
		listed, err := store.box.Store.Keys().PollSecrets(ctx, log[0].TenantID, id)
		if err != nil {
			return err
		}
		left := 0
		for _, p := range listed {
			if ended[p.PollID] {
				left++
			}
		}
		heads, err := store.box.Store.SignedHeads(ctx, log[0].TenantID, id)
		if err != nil {
			return err
		}
		unsigned := log[len(log)-1].Type == event.TypeSessionEnded && len(heads) == 0
		if left == 0 && !unsigned {
			return nil
		}
		if time.Since(began) > makeUpTime {
			return fmt.Errorf("session %s: %d secrets of ended polls are left, its end is without a signed head: %v", id, left, unsigned)
		}
	}
}
