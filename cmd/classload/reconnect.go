package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"multistream/cmd/classload/ledger"
)

// reconnect cuts everybody off, lets the class go on without them for some events, kills the edge, starts it again, and lets
// all come back at once from where they were.
func reconnect(ctx context.Context, name string, args []string, out io.Writer) (fine bool, err error) {
	var s storm
	if err := s.begin(ctx, name, args, 0, 100); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.edge == "" {
		return false, errors.New("reconnect kills the server: it needs --edge and --data")
	}
	r, err := s.openRoom(ctx, 0, 0, s.students, s.events+200)
	if err != nil {
		return false, err
	}
	if err := s.enter(ctx, r, 16); err != nil {
		return false, err
	}
	// Everybody is up to date, then gone.
	for range 3 {
		if err := s.say(ctx, r, -1, "before", false); err != nil {
			return false, err
		}
	}
	r.settle(ctx, 10*time.Second)
	line := stormLine{result: newResult(name, &s.site, s.students), Missed: s.events}
	for _, c := range r.chairs {
		c.member.Close()
	}
	for i := range s.events {
		if i >= 90 {
			time.Sleep(personPause)
		}
		if err := s.say(ctx, r, -1, "while you were away "+lorem[:60], true); err != nil {
			return false, err
		}
	}
	r.teacher.member.Close()
	if err := s.server.Kill(); err != nil {
		return false, err
	}
	if err := s.server.Begin(); err != nil {
		return false, err
	}
	// A moment before the first try that is let in, as no client can know it better.
	if err := s.api.Ready(ctx); err != nil {
		return false, err
	}
	m := s.meter()
	began := s.crowd.Now()
	took, errs := spread(s.students, 0, func(i int) error {
		old := r.chairs[i]
		current := make(chan struct{})
		c := &chair{seat: old.seat, line: old.line, resumes: true, current: current, want: old.line.UpTo + int64(s.events)}
		r.chairs[i] = c
		if err := s.sit(ctx, c, r.class.Students[i], r.class.Live(fmt.Sprintf("%d.%d", old.line.Epoch, old.line.UpTo))); err != nil {
			return err
		}
		select {
		case <-current:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(30 * time.Second):
			return fmt.Errorf("%s is not current after 30 s", r.class.Students[i].Name)
		}
	})
	line.All = (s.crowd.Now() - began).Seconds()
	m.stop(&line.result)
	line.fail(errs)
	line.Each = ledger.Quantiles(took)
	s.crowd.Close()
	s.crowd = nil
	line.Sums = r.ledger.Sum()
	line.AckToEach, line.AckToLast, line.SentToEach, line.SentToLast = ledger.Times{}, ledger.Times{}, ledger.Times{}, ledger.Times{} // they were away
	line.addRoom(r)
	return line.fine(line.Sums), print(out, line)
}
