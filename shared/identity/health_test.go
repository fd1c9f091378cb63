package identity_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// everything that needs the store, with valid input.
func (s *school) needsStore(t testing.TB, pair identity.TokenPair, p identity.Principal) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"login": func(ctx context.Context) error {
			_, err := s.Login(ctx, identity.LoginRequest{Email: "teacher@demo.school", Password: identity.DemoPassword})
			return err
		},
		"login by name": func(ctx context.Context) error {
			_, err := s.Login(ctx, identity.LoginRequest{Username: "teacher", Password: identity.DemoPassword})
			return err
		},
		"refresh": func(ctx context.Context) error {
			_, err := s.Refresh(ctx, pair.RefreshToken)
			return err
		},
		"role": func(ctx context.Context) error {
			_, err := s.RoleIn(ctx, p, s.demo.Course.ID, nil)
			return err
		},
		"role of a host": func(ctx context.Context) error {
			_, err := s.RoleIn(ctx, p, event.ID{}, []event.ID{p.UserID})
			return err
		},
		"me": func(ctx context.Context) error {
			_, err := s.Me(ctx, p)
			return err
		},
		"start": func(ctx context.Context) error { return s.MayStart(ctx, p.TenantID) },
		"check": s.Check,
	}
}

func TestStoreDownAndBack(t *testing.T) {
	s := open(t)
	pair := s.login(t, "teacher@demo.school")
	p, err := s.Authenticate(pair.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.pass(time.Minute)
	s.store.broken.Store(true)
	for name, call := range s.needsStore(t, pair, p) {
		t.Run(name, func(t *testing.T) { wantCode(t, call(t.Context()), fault.IdentityDown) })
	}
	down := s.State()
	if down.Up || down.Reason != errDisk.Error() || !down.Since.Equal(s.clock.startTime().Add(time.Minute)) {
		t.Errorf("got %+v", down)
	}
	if got, err := s.Authenticate(pair.AccessToken); err != nil || got.UserID != p.UserID {
		t.Errorf("those inside are thrown out: %v", err)
	}
	if n := strings.Count(s.log.String(), "identity store does not answer"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, s.log)
	}

	s.clock.pass(time.Minute)
	s.store.broken.Store(false)
	for name, call := range s.needsStore(t, pair, p) {
		t.Run("back/"+name, func(t *testing.T) { wantCode(t, call(t.Context()), "") })
	}
	if up := s.State(); !up.Up || up.Reason != "" || !up.Since.Equal(s.clock.startTime().Add(2*time.Minute)) {
		t.Errorf("got %+v", up)
	}
	if n := strings.Count(s.log.String(), "identity store answers again"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, s.log)
	}
	if got := s.Stats(); got.WrongPassword != 0 || got.SignInFailed != 2 {
		t.Errorf("got %+v", got)
	}
}

// TestHangingStore: nobody waits for ever, and what hangs counts as down.
func TestHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		pair := s.login(t, "teacher@demo.school")
		p, err := s.Authenticate(pair.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		s.store.hanging.Store(true)
		for name, call := range s.needsStore(t, pair, p) {
			start := time.Now()
			wantCode(t, call(t.Context()), fault.IdentityDown)
			if took := time.Since(start); took != 3*time.Second {
				t.Errorf("%s took %v", name, took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantCode(t, s.Check(ctx), fault.TimedOut)
	})
}

// TestRunFindsOut without anybody asking that the store fails, and that it is back.
func TestRunFindsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		for _, broken := range []bool{true, false, true, false} {
			s.store.broken.Store(broken)
			<-time.After(3 * time.Second) // virtual: at least one look
			synctest.Wait()
			if s.State().Up == broken {
				t.Errorf("broken %v, state %+v", broken, s.State())
			}
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if !s.State().Up {
			t.Error("stopping took the store down")
		}
	})
}

// TestRefusalIsNoFailure: a full queue or a broken rule is told as what it is and takes nothing down.
func TestRefusalIsNoFailure(t *testing.T) {
	for want, err := range map[fault.Code]error{
		fault.Busy:     fmt.Errorf("1024 requests wait: %w", eventlog.ErrBusy),
		fault.NotFound: fmt.Errorf("write: %w", fault.New(fault.NotFound, "no such person")),
	} {
		s := open(t)
		s.store.refuses.Store(err)
		wantCode(t, s.Check(t.Context()), want)
		_, err := s.Login(t.Context(), identity.LoginRequest{Username: "teacher", Password: identity.DemoPassword})
		wantCode(t, err, want)
		if !s.State().Up || s.log.Len() > 0 {
			t.Errorf("%s took the store down: %s", want, s.log)
		}
	}
}
