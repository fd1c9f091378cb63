package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"multistream/cmd/classload/ledger"
	"multistream/cmd/classload/school"
)

// stormLine is the line of a storm.
type stormLine struct {
	result
	Over   float64      `json:"overSeconds"` // in which they came
	All    float64      `json:"allAfterSeconds"`
	Each   ledger.Times `json:"eachMs"`
	Scene  ledger.Times `json:"sceneMs"` // a live class's change of scene meanwhile
	Events int          `json:"classEvents,omitempty"`
	Missed int          `json:"missedEvents,omitempty"`
	ledger.Sums
}

// storm are the flags that storms share.
type storm struct {
	site
	students, events, over int
}

func (s *storm) begin(ctx context.Context, name string, args []string, over, events int) error {
	flags := s.flags(name)
	flags.IntVar(&s.students, "students", 1000, "")
	flags.IntVar(&s.over, "over", over, "")
	flags.IntVar(&s.events, "events", events, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := errors.Join(within("students", s.students, 1, maxStudents), within("over", s.over, 0, 600), within("events", s.events, 0, 100_000)); err != nil {
		return err
	}
	return s.open(ctx)
}

// spread lets n people act over a time, each at their moment, and tells how long each took.
func spread(n, seconds int, act func(i int) error) ([]time.Duration, error) {
	var all sync.WaitGroup
	took, errs := make([]time.Duration, n), make([]error, n)
	begin := time.Now()
	for i := range n {
		all.Go(func() {
			time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Duration(seconds) * time.Second / time.Duration(n))))
			at := time.Now()
			errs[i] = act(i)
			took[i] = time.Since(at)
		})
	}
	all.Wait()
	return took, errors.Join(errs...)
}

// signin lets everybody sign in at the bell while a class of five is live.
func signin(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error) {
	var s storm
	if err := s.begin(ctx, name, args, 0, 0); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	names, err := pick("students", s.accounts.Students, 5, s.students)
	if err != nil {
		return false, err
	}
	r, err := s.openRoom(ctx, 0, 0, 5, 1)
	if err != nil {
		return false, err
	}
	if err := s.enter(ctx, r, 5); err != nil {
		return false, err
	}
	line := stormLine{result: newResult(name, &s.site, s.students), Over: float64(s.over)}
	beating, stop := context.WithCancel(ctx)
	defer stop()
	var scenes []time.Duration
	var failed error
	var heart sync.WaitGroup
	heart.Go(func() { scenes, failed = s.pulse(beating, r, 100*time.Millisecond) })
	m := s.meter()
	took, errs := spread(len(names), s.over, func(i int) error {
		return s.patient(ctx, 2000+i, names[i])
	})
	m.stop(&line.result)
	stop()
	heart.Wait()
	line.fail(errs)
	line.fail(failed)
	line.All, line.Each, line.Scene = line.Seconds, ledger.Quantiles(took), ledger.Quantiles(scenes)
	s.crowd.Close()
	s.crowd = nil
	line.addRoom(r)
	return line.fine(line.Sums), print(out, line)
}

// patient signs in as a client does that is told to come again: it comes again, for a minute.
func (s *storm) patient(ctx context.Context, n int, name string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		_, err := s.api.SignIn(ctx, n, name, s.accounts.Password)
		var refusal *school.Refusal
		if err == nil || !errors.As(err, &refusal) || refusal.Status != 429 && refusal.Status != 503 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

// join lets everybody who is signed in join a class with a history and open their socket.
func join(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error) {
	var s storm
	if err := s.begin(ctx, name, args, 5, 20_000); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	r, err := s.openRoom(ctx, 0, 0, s.students, s.events+100)
	if err != nil {
		return false, err
	}
	if err := s.history(ctx, r.class, s.events); err != nil {
		return false, err
	}
	line := stormLine{result: newResult(name, &s.site, s.students), Over: float64(s.over), Events: s.events}
	m := s.meter()
	took, errs := spread(s.students, s.over, func(i int) error {
		if err := s.api.Join(ctx, r.class, r.class.Students[i]); err != nil {
			return err
		}
		r.chairs[i] = &chair{}
		return s.sit(ctx, r.chairs[i], r.class.Students[i], r.class.Live(""))
	})
	m.stop(&line.result)
	line.fail(errs)
	line.All, line.Each = line.Seconds, ledger.Quantiles(took)
	s.crowd.Close()
	s.crowd = nil
	r.teacher = &chair{}
	line.addRoom(r)
	return line.fine(line.Sums), print(out, line)
}

// history lets the assistants fill a class with events, each as fast as one person may.
func (s *site) history(ctx context.Context, class *school.Class, events int) error {
	if events == 0 {
		return nil
	}
	writers := len(s.accounts.Assistants)
	if writers == 0 {
		return errors.New("a class with a history needs assistants among the accounts: what pupils say is bounded")
	}
	people, err := s.api.SignInAll(ctx, 10_000, s.accounts.Assistants, s.accounts.Password)
	if err != nil {
		return err
	}
	text := map[string]any{"content": "what was said before the others came: " + lorem[:120], "to": map[string]string{"audience": "all"}}
	return school.Each(writers, writers, func(i int) error {
		if err := s.api.Join(ctx, class, people[i]); err != nil {
			return err
		}
		c := &chair{answers: make(chan reply, 1)}
		if err := s.sit(ctx, c, people[i], class.Live("")); err != nil {
			return err
		}
		defer c.member.Close()
		for k := range (events + writers - 1) / writers {
			message := command("chat.send", fmt.Sprintf("history-%d-%d", i, k), text)
			a, err := c.ask(ctx, message)
			for err == nil && a.refused && bytes.Contains(a.text, []byte(`"rate_limited"`)) {
				time.Sleep(time.Second)
				a, err = c.ask(ctx, message)
			}
			if err != nil {
				return err
			}
			if a.refused {
				return fmt.Errorf("history: %w: %.200s", errRefused, a.text)
			}
		}
		return nil
	})
}

const lorem = "Light travels in straight lines; where something stands in its way there is a shadow, and its edge is as sharp as the lamp is small."
