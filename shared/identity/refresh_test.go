package identity_test

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

func TestRefresh(t *testing.T) {
	s := open(t)
	first := s.login(t, "teacher@demo.school")
	before, err := s.Authenticate(first.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	s.clock.pass(20 * time.Minute)
	promoted := s.demo.Teacher
	promoted.Roles = append(promoted.Roles, directory.Admin)
	promoted.PasswordHash = "cheap:" + identity.DemoPassword
	if err := s.store.UpsertUser(t.Context(), promoted); err != nil {
		t.Fatal(err)
	}
	second, err := s.Refresh(t.Context(), first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	now, err := s.Authenticate(second.AccessToken)
	if err != nil || len(now.Roles) != 2 || now.SignInID != before.SignInID || len(second.User.Roles) != 2 {
		t.Errorf("before %+v, now %+v, %v", before, now, err)
	}
	if second.RefreshToken == first.RefreshToken {
		t.Error("the refresh token did not change")
	}
	raw, err := base64.RawURLEncoding.DecodeString(second.RefreshToken)
	if err != nil || len(raw) != 48 {
		t.Fatalf("refresh token %q: %v", second.RefreshToken, err)
	}
	link, ok := s.store.links[sha256.Sum256(raw)]
	if !ok || link.UserID != s.demo.Teacher.ID || link.SignInID != now.SignInID {
		t.Errorf("stored %+v, %v", link, ok)
	}
}

func TestRefreshRefused(t *testing.T) {
	other := event.NewID()
	for name, c := range map[string]struct {
		change func(t *testing.T, s *school, token string) string
		code   fault.Code
	}{
		"empty":     {func(*testing.T, *school, string) string { return "" }, fault.Unauthenticated},
		"truncated": {func(_ *testing.T, _ *school, token string) string { return token[:len(token)-1] }, fault.Unauthenticated},
		"padded":    {func(_ *testing.T, _ *school, token string) string { return token + "=" }, fault.Unauthenticated},
		"guessed": {func(_ *testing.T, s *school, _ string) string {
			return base64.RawURLEncoding.EncodeToString(append(s.demo.Tenant.ID.Bytes(), make([]byte, 32)...))
		}, fault.Unauthenticated},
		"of another tenant": {func(_ *testing.T, _ *school, token string) string {
			raw, _ := base64.RawURLEncoding.DecodeString(token)
			return base64.RawURLEncoding.EncodeToString(append(other.Bytes(), raw[16:]...))
		}, fault.Unauthenticated},
		"run out": {func(_ *testing.T, s *school, token string) string { s.clock.pass(30 * 24 * time.Hour); return token }, fault.Unauthenticated},
		"nearly run out": {func(_ *testing.T, s *school, token string) string {
			s.clock.pass(30*24*time.Hour - time.Second)
			return token
		}, ""},
		"disabled": {func(t *testing.T, s *school, token string) string {
			u := s.demo.Teacher
			u.Status = "disabled"
			if err := s.store.UpsertUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
			return token
		}, fault.Unauthenticated},
		"suspended": {func(t *testing.T, s *school, token string) string {
			tenant := s.demo.Tenant
			tenant.Status = "suspended"
			if err := s.store.UpsertTenant(t.Context(), tenant); err != nil {
				t.Fatal(err)
			}
			return token
		}, fault.Forbidden},
		"signed out": {func(t *testing.T, s *school, token string) string {
			wantCode(t, s.Logout(t.Context(), identity.LogoutRequest{RefreshToken: token}), "")
			return token
		}, fault.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			token := c.change(t, s, s.login(t, "teacher@demo.school").RefreshToken)
			_, err := s.Refresh(t.Context(), token)
			wantCode(t, err, c.code)
		})
	}
}

// TestStolenRefreshToken: a copy that comes after the grace ends the whole sign-in, the thief's and the owner's, and no
// other one.
func TestStolenRefreshToken(t *testing.T) {
	s := open(t)
	elsewhere := s.login(t, "teacher@demo.school")
	first := s.login(t, "teacher@demo.school")
	second, err := s.Refresh(t.Context(), first.RefreshToken)
	wantCode(t, err, "")
	s.clock.pass(31 * time.Second)
	_, err = s.Refresh(t.Context(), first.RefreshToken)
	wantCode(t, err, fault.Unauthenticated)
	_, err = s.Refresh(t.Context(), second.RefreshToken)
	wantCode(t, err, fault.Unauthenticated)
	_, err = s.Refresh(t.Context(), elsewhere.RefreshToken)
	wantCode(t, err, "")
	if got := s.Stats().RefreshReused; got != 1 {
		t.Errorf("%d reuses were counted", got)
	}
}

// TestLostAnswer: who did not get the answer may ask again within the grace, with the same token.
func TestLostAnswer(t *testing.T) {
	s := open(t)
	first := s.login(t, "teacher@demo.school")
	_, err := s.Refresh(t.Context(), first.RefreshToken)
	wantCode(t, err, "")
	s.clock.pass(29 * time.Second)
	again, err := s.Refresh(t.Context(), first.RefreshToken)
	wantCode(t, err, "")
	s.clock.pass(time.Hour)
	_, err = s.Refresh(t.Context(), again.RefreshToken)
	wantCode(t, err, "")
}

// TestRefreshesAtOnce: tabs of one browser refresh together; all stay signed in.
func TestRefreshesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t)
		first := s.login(t, "teacher@demo.school")
		answers := make(chan error, 20)
		for range 20 {
			go func() {
				_, err := s.Refresh(t.Context(), first.RefreshToken)
				answers <- err
			}()
		}
		for range 20 {
			wantCode(t, <-answers, "")
		}
	})
}

func TestLogoutOfNothing(t *testing.T) {
	s := open(t)
	for _, token := range []string{"", "x", base64.RawURLEncoding.EncodeToString(make([]byte, 48))} {
		wantCode(t, s.Logout(t.Context(), identity.LogoutRequest{RefreshToken: token}), "")
	}
}
