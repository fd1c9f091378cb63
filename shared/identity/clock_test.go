package identity_test

import (
	"testing"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// TestClockJumps moves the wall clock as NTP, an operator or a dead battery do. Nobody is signed out, and nothing lasts
// longer than it should.
func TestClockJumps(t *testing.T) {
	for name, jump := range map[string]time.Duration{
		"a day on": 24 * time.Hour, "a day back": -24 * time.Hour, "an hour back": -time.Hour, "to 1970": -56 * 365 * 24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			before := s.login(t, "teacher@demo.school")
			s.clock.pass(5 * time.Minute)
			s.clock.jump(jump)
			if _, err := s.Authenticate(before.AccessToken); err != nil {
				t.Errorf("signed out by the jump: %v", err)
			}
			after := s.login(t, "student01@demo.school")
			if after.ExpiresAt-before.ExpiresAt != event.Time((5 * time.Minute).Milliseconds()) {
				t.Errorf("the jump reached a token's time: %v after %v", after.ExpiresAt, before.ExpiresAt)
			}
			s.clock.pass(10*time.Minute + 59*time.Second)
			if _, err := s.Authenticate(before.AccessToken); err != nil {
				t.Errorf("signed out early: %v", err)
			}
			s.clock.pass(2 * time.Second)
			_, err := s.Authenticate(before.AccessToken)
			wantCode(t, err, fault.TokenExpired)
			s.clock.jump(-jump)
			_, err = s.Authenticate(before.AccessToken)
			wantCode(t, err, fault.TokenExpired)
			if _, err := s.Authenticate(after.AccessToken); err != nil {
				t.Errorf("signed out by the correction: %v", err)
			}
		})
	}
}

// TestClockJumpOverARestart is the one case where an access token can be outside its time: the client is told to refresh,
// and can.
func TestClockJumpOverARestart(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a day on": 24 * time.Hour, "a day back": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			before := s.login(t, "teacher@demo.school")
			s.clock.jump(jump)
			s.restart(t)
			_, err := s.Authenticate(before.AccessToken)
			wantCode(t, err, fault.TokenExpired)
			after, err := s.Refresh(t.Context(), before.RefreshToken)
			if err != nil {
				t.Fatalf("signed out: %v", err)
			}
			if _, err := s.Authenticate(after.AccessToken); err != nil {
				t.Error(err)
			}
			if _, err := s.Refresh(t.Context(), after.RefreshToken); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSystemClock(t *testing.T) {
	c := identity.SystemClock()
	first := c.Elapsed()
	if second := c.Elapsed(); first < 0 || second < first {
		t.Errorf("elapsed %v, then %v", first, second)
	}
	if since := time.Since(c.Wall()); since < 0 || since > time.Minute {
		t.Errorf("the wall is %v off", since)
	}
}
