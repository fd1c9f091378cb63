package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"multistream/edge"
	"multistream/shared/event"
	"multistream/shared/session"
)

// A lesson is a class that is held by the commands of the edge, through its orchestrator: so the record has what that writes
// beside events, the secrets of anonymous polls, lists, snapshots and signed heads.
type lesson struct {
	tenant, id event.ID
	teacher    session.Actor
	pupils     []session.Actor
	polls      []event.ID // open and anonymous
	commands   int
	over       bool
}

func newLesson(tenant event.ID) *lesson {
	return &lesson{tenant: tenant, id: event.NewID(), teacher: session.Actor{UserID: event.NewID(), Role: "teacher", DisplayName: "A teacher"}}
}

// start runs the orchestrator over the store; stop ends it as a clean stop does.
func start(ctx context.Context, store *store) (stop func() error, err error) {
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- store.box.Classes.Run(running) }()
	select {
	case <-store.box.Classes.Ready():
		return func() error { cancel(); return <-ended }, nil
	case err := <-ended:
		cancel()
		return nil, fmt.Errorf("the orchestrator ended: %w", err)
	}
}

// teach holds so many rounds of each lesson, side by side.
func teach(ctx context.Context, store *store, lessons []*lesson, out *ackFile, rounds int) error {
	var all sync.WaitGroup
	failed := make([]error, len(lessons))
	for i, l := range lessons {
		all.Go(func() {
			for r := 0; r < rounds && failed[i] == nil; r++ {
				failed[i] = l.round(ctx, store, out)
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// round lets one new pupil in and everybody do something; every other round ends the older of two polls.
func (l *lesson) round(ctx context.Context, store *store, out *ackFile) error {
	if l.over {
		return nil
	}
	var err error
	do := func(by session.Actor, typ string, payload any) (facts []event.Opened) {
		if err == nil {
			facts, err = l.do(ctx, store, out, by, typ, payload)
		}
		return facts
	}
	if l.commands == 0 {
		now := event.TimeOf(time.Now())
		do(l.teacher, "session.schedule", &session.SessionSchedule{Title: "Optics", ScheduledStart: now, ScheduledEnd: now + 3_600_000,
			Staff: []session.PlannedStaff{{UserID: l.teacher.UserID, Role: "teacher"}}})
		do(l.teacher, "participant.join", &session.ParticipantJoin{})
		do(l.teacher, "session.start", &session.SessionStart{})
	}
	pupil := session.Actor{UserID: event.NewID(), Role: "student", DisplayName: "A pupil"}
	l.pupils = append(l.pupils, pupil)
	do(pupil, "participant.join", &session.ParticipantJoin{})
	do(pupil, "chat.send", message())
	for _, f := range do(l.teacher, "poll.start", &session.PollStart{Prompt: "Real or virtual?", Options: []string{"real", "virtual"}, Anonymous: true}) {
		l.polls = append(l.polls, f.Payload.(*event.PollStarted).PollID)
	}
	for i, p := range l.pupils {
		if err == nil {
			do(p, "poll.vote", &session.PollVote{PollID: l.polls[len(l.polls)-1], Choices: []int{i % 2}})
		}
	}
	if err == nil && len(l.polls) > 1 {
		do(l.teacher, "poll.end", &session.PollEnd{PollID: l.polls[0]})
		l.polls = l.polls[1:]
	}
	return err
}

func message() *session.ChatSend {
	return &session.ChatSend{Content: "Is the image upside down?", To: session.ChatRecipient{Audience: "all"}}
}

// end asks for the end of the lesson.
func (l *lesson) end(ctx context.Context, store *store, out *ackFile) error {
	l.over = true
	_, err := l.do(ctx, store, out, l.teacher, "session.end", &session.SessionEnd{})
	return err
}

// ended waits until the box has ended the lesson by itself, which ends its polls too, and its head is signed.
func (l *lesson) ended(ctx context.Context, store *store, out *ackFile) error {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		heads, err := store.box.Store.SignedHeads(ctx, l.tenant, l.id)
		if err != nil {
			return err
		}
		if len(heads) > 0 {
			events, err := store.Read(ctx, l.tenant, l.id, 0, 1000)
			if err != nil || events[len(events)-1].Type != event.TypeSessionEnded {
				return errors.Join(err, fmt.Errorf("lesson %s has a signed head before its end", l.id))
			}
			return out.write(events[len(events)-1:]) // whoever looks sees it
		}
		<-look.C
	}
}

// do gives a command, and writes its facts down as acknowledged once it was answered.
func (l *lesson) do(ctx context.Context, store *store, out *ackFile, by session.Actor, typ string, payload any) ([]event.Opened, error) {
	l.commands++
	facts, _, err := command(ctx, store.box, l.tenant, l.id, by, typ, fmt.Sprintf("lesson-%d", l.commands), payload)
	if err != nil || len(facts) == 0 {
		return nil, err
	}
	events, err := store.Read(ctx, l.tenant, l.id, facts[0].Sequence-1, len(facts))
	if err == nil {
		err = out.write(events)
	}
	return facts, err
}

// command gives the edge a command as its gateway does.
func command(ctx context.Context, box *edge.Box, tenant, id event.ID, by session.Actor, typ, key string, payload any) (facts []event.Opened, repeat bool, err error) {
	canonical, err := event.CanonicalJSON(payload)
	if err != nil {
		return nil, false, err
	}
	a, err := box.Classes.Do(ctx, struct {
		TenantID  event.ID
		SessionID event.ID
		Command   session.Command
		Digest    []byte
	}{tenant, id, session.Command{Type: typ, Key: key, Actor: by, Payload: payload}, canonical})
	if err != nil {
		return nil, false, fmt.Errorf("%s in %s: %w", typ, id, err)
	}
	return a.Facts, a.Repeat, nil
}
