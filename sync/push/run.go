package push

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// ErrNobody says that a request reached nobody. It means the same as no answer at all, and is known sooner.
var ErrNobody = errors.New("nobody answers")

// Asker sends a frame to the hub and gives the frame that it answers. It returns ErrNobody, or the context's error.
type Asker interface {
	Ask(ctx context.Context, frame []byte) ([]byte, error)
}

// Pusher runs a Machine. Make it with NewPusher; Status may be asked from anywhere.
type Pusher struct {
	c      Config
	outbox Outbox
	hub    Asker
	log    *slog.Logger
	status atomic.Pointer[Status]
}

// NewPusher makes a Pusher that does not run yet.
func NewPusher(c Config, o Outbox, hub Asker, log *slog.Logger) *Pusher {
	p := &Pusher{c: c, outbox: o, hub: hub, log: log}
	if p.c.Random == nil {
		p.c.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	p.status.Store(&Status{State: Down, Why: "replication does not run yet", Since: time.Now()})
	return p
}

// Status tells how things stand.
func (p *Pusher) Status() Status { return *p.status.Load() }

// look is how often it is looked whether the log has grown. It is a look at a number.
const look = 50 * time.Millisecond

// Run pushes until ctx is done. It returns an error only if the log can't be read at its beginning.
func (p *Pusher) Run(ctx context.Context) error {
	lives, err := p.outbox.Lives(ctx)
	if err != nil {
		return err
	}
	s := &shell{Pusher: p, ctx: ctx, m: New(p.c, lives, time.Now()), replies: make(chan Input, 4)}
	defer func() {
		s.cancel()
		last := s.m.Status()
		last.State, last.Why = Down, "replication was stopped"
		p.status.Store(&last)
	}()
	s.cancel = func() {}
	s.step(LinkUp{})
	tick := time.NewTicker(look)
	defer tick.Stop()
	for seen := int64(-1); ; {
		var due <-chan time.Time
		if at := s.m.Deadline(time.Now()); !at.IsZero() {
			due = time.After(time.Until(at))
		}
		select {
		case <-ctx.Done():
			return nil
		case in := <-s.replies:
			s.step(in)
		case <-due:
			s.step(Tick{})
		case <-tick.C:
			if n := p.outbox.Committed(); n != seen {
				if lives, err := p.outbox.Lives(ctx); err == nil {
					seen = n
					s.step(Log{lives})
				}
			}
		}
	}
}

// shell is one run.
type shell struct {
	*Pusher
	ctx     context.Context
	m       *Machine
	replies chan Input
	cancel  context.CancelFunc // of the request that is on its way
}

// step gives the machine an input, and does what it asks for until it asks for nothing more.
func (s *shell) step(in Input) {
	inputs := []Input{in}
	for len(inputs) > 0 {
		effects := s.m.Step(time.Now(), inputs[0])
		inputs = inputs[1:]
		for _, e := range effects {
			switch e := e.(type) {
			case Compose:
				inputs = append(inputs, ComposeBatch(s.ctx, s.outbox, s.c.Edge, e))
			case Save:
				inputs = append(inputs, Saved{s.outbox.Save(s.ctx, e)})
			case Send:
				s.send(e)
			}
		}
	}
	before, now := s.status.Load(), s.m.Status()
	s.status.Store(&now)
	if before.State != now.State || before.Why != now.Why {
		s.log.Info("replication", "state", now.State, "reason", now.Why, "safe", now.Safe, "lag", now.Lag)
	}
}

// send asks the hub, and no longer waits for what it was asked before.
func (s *shell) send(e Send) {
	s.cancel()
	ctx, cancel := context.WithTimeout(s.ctx, mostWait)
	s.cancel = cancel
	go func() {
		var in Input = NoAnswer{e.Number}
		answer, err := s.hub.Ask(ctx, e.Frame)
		switch {
		case err == nil:
			in = Reply{e.Number, answer}
		case !errors.Is(err, ErrNobody):
			return // the machine has a time-out of its own
		}
		select {
		case s.replies <- in:
		case <-ctx.Done():
		}
	}()
}
