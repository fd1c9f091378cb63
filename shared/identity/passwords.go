package identity

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/fault"
)

// passwords verifies behind a bounded queue: at most cap(slots) hashes are computed at once, so that a storm of sign-ins
// leaves processors to the classes, and at most maxWaiting callers wait, so that it can't fill the memory. Waiting
// callers are served in the order in which they came.
type passwords struct {
	hasher     Hasher
	slots      chan struct{}
	maxWaiting int64
	waiting    atomic.Int64
	// decoy makes, before the first password is verified, the hash that unknown people are checked against, so that they
	// take as long as known ones.
	decoy func() (string, error)
}

func newPasswords(hasher Hasher, workers, maxWaiting int) *passwords {
	decoy := sync.OnceValues(func() (string, error) { return hasher.Hash("nobody's password") })
	return &passwords{hasher: hasher, slots: make(chan struct{}, workers), maxWaiting: int64(maxWaiting), decoy: decoy}
}

// verify tells whether the password made the stored form, which it asks for when its turn has come; with an empty stored form
// it does the same work and says no. Returns fault.Busy if the queue is full, or moves too slowly, and fault.TimedOut if the caller's ctx ended first.
func (p *passwords) verify(ctx context.Context, password Secret, stored func() (string, error)) (bool, error) {
	var real, match bool
	var err error
	if queued := p.run(ctx, func() {
		var decoy, form string
		if decoy, err = p.decoy(); err != nil {
			return
		}
		if form, err = stored(); err != nil {
			return
		}
		if real = form != ""; !real {
			form = decoy
		}
		match, err = p.hasher.Verify(form, password)
	}); queued != nil {
		return false, queued
	}
	return match && real, err
}

// hash makes the stored form of a password, in the same queue.
func (p *passwords) hash(ctx context.Context, password Secret) (stored string, err error) {
	return p.hashBy(ctx, p.hasher, password)
}

// hashLight hashes a password that is too random to be guessed, so that thousands take seconds.
func (p *passwords) hashLight(ctx context.Context, password Secret) (string, error) {
	return p.hashBy(ctx, Argon2{MemoryKiB: 1024, Passes: 1, Lanes: 1}, password)
}

func (p *passwords) hashBy(ctx context.Context, hasher Hasher, password Secret) (stored string, err error) {
	if queued := p.run(ctx, func() { stored, err = hasher.Hash(password) }); queued != nil {
		return "", queued
	}
	return stored, err
}

func (p *passwords) run(ctx context.Context, work func()) error {
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			return err
		}
	}
	defer func() { <-p.slots }()
	beside(cap(p.slots), work)
	return nil
}

// longestWait is how long somebody waits for their turn: less than a request may take, so that they are told.
const longestWait = 30 * time.Second

func tooManyWait() error {
	return fault.New(fault.Busy, "Too many people are signing in at this moment. Nothing was changed; please try again in a few seconds.").
		With("retryAfterMs", int64(2000))
}

// wait returns nil once it has taken a slot.
func (p *passwords) wait(ctx context.Context) error {
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > p.maxWaiting {
		return tooManyWait()
	}
	enough := time.NewTimer(longestWait)
	defer enough.Stop()
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-enough.C:
		return tooManyWait()
	case <-ctx.Done():
		return fault.New(fault.TimedOut, "The sign-in was given up while it waited its turn. Nothing was changed; please try again.").
			Because(context.Cause(ctx))
	}
}
