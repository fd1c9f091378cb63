package identity_test

import (
	"fmt"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

func (s *school) ends(t *testing.T, token string, code fault.Code) {
	t.Helper()
	_, err := s.Authenticate(token)
	wantCode(t, err, code)
}

func everywhere(token string) identity.LogoutRequest {
	return identity.LogoutRequest{RefreshToken: token, Everywhere: true}
}

// TestLogoutReachesAccessTokens at once, those of this sign-in alone, with the store down and after a restart.
func TestLogoutReachesAccessTokens(t *testing.T) {
	var told []event.ID
	hook := func(c *identity.Config) { c.OnRevoked = func(user event.ID) { told = append(told, user) } }
	s := open(t, hook)
	out, in := s.login(t, "teacher@demo.school"), s.login(t, "teacher@demo.school")
	wantCode(t, s.Logout(t.Context(), identity.LogoutRequest{RefreshToken: out.RefreshToken}), "")
	s.store.broken.Store(true)
	s.ends(t, out.AccessToken, fault.Unauthenticated)
	s.ends(t, in.AccessToken, "")
	if len(told) != 1 || told[0] != s.demo.Teacher.ID {
		t.Errorf("told of %v", told)
	}
	s.store.broken.Store(false)
	s.restart(t, hook)
	s.ends(t, out.AccessToken, fault.Unauthenticated)
	s.ends(t, in.AccessToken, "")
	wantCode(t, s.Logout(t.Context(), identity.LogoutRequest{AccessToken: in.AccessToken}), "") // without its refresh token
	s.ends(t, in.AccessToken, fault.Unauthenticated)
	_, err := s.Refresh(t.Context(), in.RefreshToken)
	wantCode(t, err, fault.Unauthenticated)
}

// TestLogoutWhileStoreIsDown changes nothing and says so.
func TestLogoutWhileStoreIsDown(t *testing.T) {
	s := open(t)
	in := s.login(t, "teacher@demo.school")
	s.store.broken.Store(true)
	for _, all := range []bool{false, true} {
		wantCode(t, s.Logout(t.Context(), identity.LogoutRequest{RefreshToken: in.RefreshToken, Everywhere: all}), fault.IdentityDown)
	}
	s.ends(t, in.AccessToken, "")
}

// TestRevokedIsForgotten when no token can be about it any more, so that memory does not grow.
func TestRevokedIsForgotten(t *testing.T) {
	s := open(t)
	for round := range 5 {
		for n := range 20 {
			in := s.login(t, fmt.Sprintf("student%02d@demo.school", n+1))
			wantCode(t, s.Logout(t.Context(), everywhere(in.RefreshToken)), "")
			s.ends(t, in.AccessToken, fault.Unauthenticated)
		}
		if got := s.Stats().Revoked; got < 20 || got > 25 {
			t.Errorf("round %d: %d are remembered", round, got)
		}
		s.clock.pass(17 * time.Minute)
	}
}

// TestClockCorrectedByAnHour: neither who is signed in nor who was signed out notices; a restart takes the new date, and
// whoever is in refreshes.
func TestClockCorrectedByAnHour(t *testing.T) {
	for _, hour := range []time.Duration{time.Hour, -time.Hour} {
		s := open(t)
		in, out, changed := s.login(t, "teacher@demo.school"), s.login(t, "student01@demo.school"), s.login(t, "student02@demo.school")
		s.clock.jump(hour)
		wantCode(t, s.Logout(t.Context(), everywhere(out.RefreshToken)), "")
		s.clock.jump(hour)
		s.ends(t, in.AccessToken, "")
		s.ends(t, out.AccessToken, fault.Unauthenticated)
		wantCode(t, s.ChangePassword(t.Context(), s.who(t, changed), identity.PasswordChange{
			LoginRequest: identity.LoginRequest{Password: identity.DemoPassword}, New: "another one"}), "")
		s.ends(t, changed.AccessToken, "")
		again, err := s.Refresh(t.Context(), in.RefreshToken)
		wantCode(t, err, "")
		s.clock.pass(10 * time.Minute)
		s.ends(t, again.AccessToken, "")
		s.restart(t)
		s.ends(t, again.AccessToken, fault.TokenExpired)
		third, err := s.Refresh(t.Context(), again.RefreshToken)
		wantCode(t, err, "")
		s.ends(t, third.AccessToken, "")
		for range 8 { // set back, what was ended must not come to life when its hour comes again
			s.clock.pass(15 * time.Minute)
			if _, err := s.Authenticate(out.AccessToken); err == nil {
				t.Error("a token that was ended is accepted after a restart")
			}
		}
	}
}

func (s *school) who(t *testing.T, pair identity.TokenPair) identity.Principal {
	t.Helper()
	p, err := s.Authenticate(pair.AccessToken)
	wantCode(t, err, "")
	return p
}

// TestTwoSuccessors: of the answers to one refresh that was sent twice one gets used. If both are, one is a thief's.
func TestTwoSuccessors(t *testing.T) {
	s := open(t)
	first := s.login(t, "teacher@demo.school")
	owner, err := s.Refresh(t.Context(), first.RefreshToken)
	wantCode(t, err, "")
	thief, err := s.Refresh(t.Context(), first.RefreshToken)
	wantCode(t, err, "")
	s.clock.pass(time.Hour)
	owner, err = s.Refresh(t.Context(), owner.RefreshToken)
	wantCode(t, err, "")
	s.ends(t, owner.AccessToken, "")
	_, err = s.Refresh(t.Context(), thief.RefreshToken)
	wantCode(t, err, fault.Unauthenticated)
	s.ends(t, owner.AccessToken, fault.Unauthenticated)
	if got := s.Stats().RefreshReused; got != 1 {
		t.Errorf("%d reuses", got)
	}
	last := s.store.audit[len(s.store.audit)-1]
	if last.Action != "sign_in.stolen" || last.ActorID != s.demo.Teacher.ID {
		t.Errorf("audit: %+v", last)
	}
}

// meanwhile does something while a password is verified.
type meanwhile struct {
	cheap
	do func()
}

func (h meanwhile) Verify(stored string, p identity.Secret) (bool, error) {
	h.do()
	return h.cheap.Verify(stored, p)
}

// TestSignInAcrossAReset: a sign-in whose password is verified while it is reset, or whose person is disabled, comes too late.
func TestSignInAcrossAReset(t *testing.T) {
	for name, change := range map[string]func(*directory.User){
		"reset":    func(u *directory.User) { u.PasswordHash = "cheap:another" },
		"disabled": func(u *directory.User) { u.Status = "disabled" },
		"nothing":  func(*directory.User) {},
	} {
		h := &meanwhile{do: func() {}}
		s := open(t, func(c *identity.Config) { c.Hasher = h })
		h.do = func() {
			u := s.demo.Students[0]
			u.PasswordHash = "cheap:" + identity.DemoPassword
			change(&u)
			wantCode(t, s.store.UpsertUser(t.Context(), u), "")
		}
		want := fault.BadCredentials
		if name == "nothing" {
			want = ""
		}
		if code, _ := s.try(t.Context(), "student01", identity.DemoPassword, "10.0.0.1"); code != want {
			t.Errorf("%s: got %q", name, code)
		}
	}
}
