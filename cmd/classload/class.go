package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"multistream/cmd/classload/ledger"
	"multistream/cmd/classload/school"
)

// room is a class that a load plays in, with the sockets of its people.
type room struct {
	class   *school.Class
	ledger  *ledger.Ledger
	teacher *chair
	chairs  []*chair // of the students
	given   atomic.Int64
	scene   int
	poll    string // that is open; "": none
}

// open makes a class of the n-th teacher and students from the accounts, signs them in and lets them in. Sockets are opened by
// enter. events bounds the marked events.
func (s *site) openRoom(ctx context.Context, n, firstStudent, students, events int) (*room, error) {
	class, err := s.openClass(ctx, fmt.Sprint("Load ", n+1), n, 0)
	if err != nil {
		return nil, err
	}
	names, err := pick("students", s.accounts.Students, firstStudent, students)
	if err != nil {
		return nil, err
	}
	if class.Students, err = s.api.SignInAll(ctx, 1000+firstStudent, names, s.accounts.Password); err != nil {
		return nil, err
	}
	// Lane 0 is the teacher's, the others are the students'.
	return &room{class: class, ledger: ledger.New(students, students+1, events), chairs: make([]*chair, students)}, nil
}

// enter joins everybody and opens their sockets, so many at once. Students keep the account of marked events and can give commands.
func (s *site) enter(ctx context.Context, r *room, atOnce int) error {
	r.teacher = &chair{answers: make(chan reply, 1)}
	if err := s.sit(ctx, r.teacher, r.class.Teacher, r.class.Live("")); err != nil {
		return err
	}
	return school.Each(len(r.chairs), atOnce, func(i int) error {
		p := r.class.Students[i]
		if err := s.api.Join(ctx, r.class, p); err != nil {
			return err
		}
		r.chairs[i] = &chair{seat: r.ledger.Seat(i), answers: make(chan reply, 1)}
		return s.sit(ctx, r.chairs[i], p, r.class.Live(""))
	})
}

// give gives a command and waits for its answer. It tells how long that took, and whether it was refused.
func (s *site) give(ctx context.Context, r *room, c *chair, kind string, payload any) (time.Duration, reply, error) {
	began := s.crowd.Now()
	a, err := c.ask(ctx, command(kind, fmt.Sprintf("load-%d", r.given.Add(1)), payload))
	return a.at - began, a, err
}

var errRefused = errors.New("refused")

// say sends a marked chat message of a student (from 0), or a marked note of the teacher (-1).
func (s *site) say(ctx context.Context, r *room, student int, text string, timed bool) error {
	e, err := r.ledger.Begin(student+1, s.crowd.Now(), timed)
	if err != nil {
		return err
	}
	c, kind, payload := r.teacher, "note.add", any(map[string]string{"content": e.Mark() + text, "audience": "all"})
	if student >= 0 {
		c, kind = r.chairs[student], "chat.send"
		payload = map[string]any{"content": e.Mark() + text, "to": map[string]string{"audience": "all"}}
	}
	_, a, err := s.give(ctx, r, c, kind, payload)
	switch {
	case err != nil:
		return err
	case a.refused:
		e.Refused()
		return fmt.Errorf("%w: %.200s", errRefused, a.text)
	}
	e.Done(a.at)
	return nil
}

// switchScene switches between the two scenes of the class.
func (s *site) switchScene(ctx context.Context, r *room) (time.Duration, error) {
	r.scene = 1 - r.scene
	took, a, err := s.give(ctx, r, r.teacher, "scene.switch", map[string]string{"sceneId": r.class.Scenes[r.scene]})
	if err == nil && a.refused {
		err = fmt.Errorf("%w: %.200s", errRefused, a.text)
	}
	return took, err
}

// pulse switches scenes every so often until ctx ends, and tells how long each took.
func (s *site) pulse(ctx context.Context, r *room, every time.Duration) (took []time.Duration, err error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return took, nil
		case <-tick.C:
		}
		d, err := s.switchScene(context.WithoutCancel(ctx), r)
		if err != nil {
			return took, err
		}
		took = append(took, d)
	}
}

// settle waits until all marked events of a room have come, or patience ends.
func (r *room) settle(ctx context.Context, patience time.Duration) {
	for end := time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil && !r.ledger.Complete(); {
		time.Sleep(5 * time.Millisecond)
	}
}

// add counts what the sockets of a room saw.
func (r *result) addRoom(room *room) {
	r.add(room.teacher)
	for _, c := range room.chairs {
		if c != nil {
			r.add(c)
		}
	}
}
