package identity

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"multistream/shared/eventlog"
	"multistream/shared/fault"
)

// State tells whether the identity store answers. Those who are in a class stay in it while it does not; nobody signs
// in, joins or starts.
type State struct {
	Up     bool
	Since  time.Time // when it became so, by the steady clock
	Reason string    // why it is down, for operators
}

// health is what was last known of the store. Every question to it updates it, so it comes back by itself.
type health struct {
	log *slog.Logger
	now func() time.Time

	mu    sync.Mutex
	state State
}

func newHealth(log *slog.Logger, now func() time.Time) *health {
	return &health{log: log, now: now, state: State{Up: true, Since: now()}}
}

func (h *health) answered() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state.Up {
		return
	}
	h.log.Info("identity store answers again", "down_for", h.now().Sub(h.state.Since).String())
	h.state = State{Up: true, Since: h.now()}
}

func (h *health) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state.Up {
		h.log.Error("identity store does not answer: no sign-ins, joins or starts until it does; those inside go on", "error", err)
		h.state = State{Since: h.now()}
	}
	h.state.Reason = err.Error()
}

// State gives what is known of the store now.
func (s *Service) State() State {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	return s.health.state
}

// Check asks the store something now; for readiness and for the gate of a start. Returns fault.IdentityDown.
func (s *Service) Check(ctx context.Context) error {
	return s.ask(ctx, func(ctx context.Context) error {
		_, err := s.store.Tenants(ctx, 1)
		return err
	})
}

// Run watches the store until ctx is done: it finds out that the store fails, and that it is back, when nobody signs in. It
// also puts failed sign-ins into the audit.
func (s *Service) Run(ctx context.Context) error {
	pause := time.NewTicker(watchPause)
	defer pause.Stop()
	audit := time.NewTicker(failuresEvery)
	defer audit.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			return s.AuditFailures(last)
		case <-audit.C:
			_ = s.AuditFailures(ctx) // what could not be written is written the next time
		case <-pause.C:
			fewerAgain()
			if s.Check(ctx) == nil && s.shared { // its news went to health, which logs it once
				_ = s.ask(ctx, func(ctx context.Context) error { return s.revoked.load(ctx, s.store) })
			}
		}
	}
}

const (
	watchPause = 2 * time.Second
	patience   = 3 * time.Second // a store that has not answered by then is down
	// editPatience is that of a change, which waits its turn behind the classes and for the disk.
	editPatience = 10 * time.Second
)

// ask puts one question to the store, within bounds. Returns fault.IdentityDown if the store failed; fault.TimedOut if
// the caller went away, fault.Busy if the store's queue was full, and a fault that the store itself gave: these say
// nothing about whether it works.
func (s *Service) ask(ctx context.Context, question func(context.Context) error) error {
	return s.askWithin(ctx, patience, question)
}

func (s *Service) askWithin(ctx context.Context, patience time.Duration, question func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := question(bounded)
	var ownFault *fault.Fault
	switch {
	case err == nil:
		s.health.answered()
		return nil
	case errors.As(err, &ownFault):
		return err
	case errors.Is(err, eventlog.ErrBusy):
		return fault.New(fault.Busy, "Too much is being written at this moment. Nothing was changed; please try again in a few seconds.").
			Because(err).With("retryAfterMs", int64(2000))
	case ctx.Err() != nil:
		return fault.New(fault.TimedOut, "The request was given up before it was answered. Please try again.").Because(err)
	}
	s.health.failed(err)
	return fault.New(fault.IdentityDown, "Accounts can't be read at this moment, so nobody can sign in, join or start a class. "+
		"Running classes go on; please try again in a few seconds.").Because(err).With("retryAfterMs", int64(2000))
}
