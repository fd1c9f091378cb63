package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"multistream/cmd/classload/crowd"
	"multistream/cmd/classload/ledger"
	"multistream/cmd/classload/school"
)

// chair is one open socket of somebody in a class: it follows the frames, keeps the account of a student, and hands answers to
// whoever gives commands over it.
type chair struct {
	dialect dialect
	line    *ledger.Line // nil: the server does not number its messages
	seat    *ledger.Seat // nil: not one of those who are counted
	answers chan reply   // nil: gives no commands
	welcome chan struct{}
	here    bool
	when    time.Duration // of the welcome
	largest atomic.Int32  // bytes of the event in the latest message that had marks
	errs    []error
	code    int
	gone    bool
	member  *crowd.Member
	saw     func(message []byte, at time.Duration) // looks at every message besides

	counts  func(refused bool) // of one who does not wait for answers
	resumes bool               // from a position: the first message is no view
	want    int64              // the position at which it is current again
	current chan struct{}      // closed then; nil: nobody waits for it
}

// reply is what came for a command.
type reply struct {
	refused bool
	text    []byte
	at      time.Duration
}

// Message takes what came.
func (c *chair) Message(m *crowd.Member, message []byte, at time.Duration) {
	c.dialect.split(message, func(one []byte) { c.one(m, one, at) })
}

func (c *chair) one(m *crowd.Member, one []byte, at time.Duration) {
	if c.saw != nil {
		c.saw(one, at)
	}
	switch kind := c.dialect.mean(one); kind {
	case knock:
		_ = m.Send(one) // a socket that broke is found by reading
	case answer, refusal:
		if c.counts != nil {
			c.counts(kind == refusal)
			return
		}
		if c.answers == nil {
			c.fail(fmt.Errorf("unasked: %.200s", one))
			return
		}
		select {
		case c.answers <- reply{kind == refusal, append([]byte(nil), one...), at}:
		default:
			c.fail(fmt.Errorf("answered twice: %.200s", one))
		}
	case welcome, events:
		if c.line != nil {
			if _, err := c.line.Take(one); err != nil {
				c.fail(err)
			}
		}
		if c.current != nil && c.line.UpTo >= c.want {
			close(c.current)
			c.current = nil
		}
		if (kind == welcome || c.resumes) && !c.here {
			c.here, c.when = true, at
			close(c.welcome)
		}
		if c.seat != nil && kind == events {
			before := c.seat.Came
			c.seat.Take(one, at)
			if c.seat.Came == before+1 {
				c.largest.Store(int32(c.dialect.size(one)))
			}
		}
	}
}

// Closed notes the end of the socket.
func (c *chair) Closed(code int, err error) {
	c.gone, c.code = true, code
	c.fail(fmt.Errorf("socket ended with code %d: %w", code, err))
	if !c.here {
		c.here = true
		close(c.welcome)
	}
}

func (c *chair) fail(err error) {
	if len(c.errs) < 3 {
		c.errs = append(c.errs, err)
	}
}

// sit opens the socket and waits until it is in the class.
func (s *site) sit(ctx context.Context, c *chair, p *school.Person, path string) error {
	c.dialect, c.welcome = s.dialect, make(chan struct{})
	if s.protocol == "multistream" && c.line == nil {
		c.line = &ledger.Line{}
	}
	conn, rest, err := s.api.Server.Dial(ctx, p.From, path, p.Token)
	if err != nil {
		return err
	}
	if c.member, err = s.crowd.Add(conn, rest, c); err != nil {
		return err
	}
	if hello := s.dialect.hello(); hello != nil {
		if err := c.member.Send(hello); err != nil {
			return err
		}
	}
	select {
	case <-c.welcome:
	case <-ctx.Done():
		return fmt.Errorf("%s: no welcome: %w", p.Name, ctx.Err())
	}
	if c.gone {
		return fmt.Errorf("%s: %w", p.Name, errors.Join(c.errs...))
	}
	return nil
}

// ask gives a command and waits for its answer.
func (c *chair) ask(ctx context.Context, message []byte) (reply, error) {
	if err := c.member.Send(message); err != nil {
		return reply{}, err
	}
	select {
	case r := <-c.answers:
		return r, nil
	case <-ctx.Done():
		return reply{}, ctx.Err()
	}
}
