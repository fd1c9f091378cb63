package identity_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/fault"
	"multistream/shared/identity"
)

func counting() cheap { return cheap{verified: &atomic.Int64{}} }

func gated() cheap { return cheap{verified: &atomic.Int64{}, gate: make(chan struct{})} }

// storm starts n sign-ins at once, thirty pupils many times over from different places, and gives a channel of answers.
func (s *school) storm(ctx context.Context, n int) <-chan error {
	answers := make(chan error, n)
	for i := range n {
		go func() {
			_, err := s.Login(ctx, identity.LoginRequest{
				Username: fmt.Sprintf("student%02d", i%30+1), Password: identity.DemoPassword, Address: fmt.Sprintf("10.0.%d.%d", i/250, i%250),
			})
			answers <- err
		}()
	}
	return answers
}

// TestSignInStorm: a thousand at the bell wait their turn; never more are verified at once than there are workers.
func TestSignInStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := gated()
		s := open(t, func(c *identity.Config) { c.Hasher, c.Workers, c.Queue = gate, 2, 998 })
		answers := s.storm(t.Context(), 1000)
		synctest.Wait()
		if got := s.Stats(); got.QueueWorking != 2 || got.QueueWaiting != 998 {
			t.Errorf("%d working, %d waiting", got.QueueWorking, got.QueueWaiting)
		}
		for i := range 1000 {
			gate.gate <- struct{}{}
			if err := <-answers; err != nil {
				t.Fatalf("sign-in %d: %v", i, err)
			}
			if got := s.Stats().QueueWorking; got > 2 {
				t.Fatalf("%d verified at once", got)
			}
		}
		if got := s.Stats(); got.SignedIn != 1000 || got.QueueWaiting != 0 || got.QueueWorking != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestFullQueue: who finds no place is told so at once, is not counted as a wrong password, and the others get in.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := gated()
		s := open(t, func(c *identity.Config) { c.Hasher, c.Workers, c.Queue = gate, 2, 100 })
		answers := s.storm(t.Context(), 1000)
		synctest.Wait()
		if len(answers) != 898 {
			t.Errorf("%d were refused, want 898", len(answers))
		}
		for range len(answers) {
			err := <-answers
			wantCode(t, err, fault.Busy)
			if fault.Of(err).Details["retryAfterMs"] == nil {
				t.Error("nobody is told when to come back")
			}
		}
		close(gate.gate)
		for range 102 {
			wantCode(t, <-answers, "")
		}
		if got := s.Stats(); got.SignedIn != 102 || got.QueueFull != 898 || got.WrongPassword != 0 {
			t.Errorf("got %+v", got)
		}
		again := s.storm(t.Context(), 60) // nobody is locked out by having been refused
		for range 60 {
			wantCode(t, <-again, "")
		}
	})
}

// TestNotAGuess: being refused for want of a place, or giving up, is no wrong password.
func TestNotAGuess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := gated()
		s := open(t, func(c *identity.Config) { c.Hasher, c.Workers, c.Queue = gate, 1, 1 })
		others := s.storm(t.Context(), 2)
		synctest.Wait()
		for range 20 {
			if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, "10.0.0.7"); code != fault.Busy {
				t.Errorf("got %q", code)
			}
		}
		close(gate.gate)
		wantCode(t, <-others, "")
		wantCode(t, <-others, "")
		if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, "10.0.0.7"); code != "" {
			t.Errorf("got %q", code)
		}
	})
}

// TestWaitersWhoLeave give their place back.
func TestWaitersWhoLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := gated()
		s := open(t, func(c *identity.Config) { c.Hasher, c.Workers, c.Queue = gate, 1, 10 })
		inside := s.storm(t.Context(), 1)
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		waiting := s.storm(ctx, 10)
		synctest.Wait()
		leave()
		for range 10 {
			wantCode(t, <-waiting, fault.TimedOut)
		}
		if got := s.Stats(); got.QueueWaiting != 0 || got.QueueWorking != 1 {
			t.Errorf("got %+v", got)
		}
		close(gate.gate)
		wantCode(t, <-inside, "")
	})
}

// BenchmarkSignIn is a sign-in with the real hash, to know what a storm costs.
func BenchmarkSignIn(b *testing.B) {
	s := open(b, func(c *identity.Config) { c.Hasher = identity.DefaultArgon2() })
	hash, err := identity.DefaultArgon2().Hash(identity.DemoPassword)
	if err != nil {
		b.Fatal(err)
	}
	teacher := s.demo.Teacher
	teacher.PasswordHash = hash
	if err := s.store.UpsertUser(b.Context(), teacher); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.login(b, "teacher@demo.school")
	}
}

// TestSlowQueue: who waits in vain is told to come back, before their request's time is over.
func TestSlowQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := gated()
		s := open(t, func(c *identity.Config) { c.Hasher, c.Workers = gate, 1 })
		began := time.Now()
		answers := s.storm(t.Context(), 10)
		for range 9 {
			wantCode(t, <-answers, fault.Busy)
		}
		if waited := time.Since(began); waited != 30*time.Second {
			t.Errorf("they waited %s", waited)
		}
		close(gate.gate)
		wantCode(t, <-answers, "")
	})
}
