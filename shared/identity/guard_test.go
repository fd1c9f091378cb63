package identity_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/fault"
	"multistream/shared/identity"
)

// try signs in from an address and gives the code of the answer, "" if it went well.
func (s *school) try(ctx context.Context, name, password, address string) (fault.Code, int) {
	_, err := s.Login(ctx, identity.LoginRequest{Username: name, Password: identity.Secret(password), Address: address})
	if err == nil {
		return "", 0
	}
	wait, _ := fault.Of(err).Details["retryAfterMs"].(int64)
	return fault.Of(err).Code, int(wait / 1000)
}

func TestLockOut(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	want := func(name, password, address string, code fault.Code, wait int) {
		t.Helper()
		if got, seconds := s.try(ctx, name, password, address); got != code || seconds != wait {
			t.Errorf("%s from %s: got %q and %d s, want %q and %d s", name, address, got, seconds, code, wait)
		}
	}
	const good, here, there = identity.DemoPassword, "10.0.0.7:50000", "10.0.0.8:50000"
	for range 9 {
		want("teacher", "wrong", here, fault.BadCredentials, 0)
	}
	want("teacher", good, here, "", 0) // the right one forgets the wrong ones
	for range 10 {
		want("TEACHER", "wrong", here, fault.BadCredentials, 0)
	}
	want("teacher", good, here, fault.RateLimited, 30)
	want("teacher", good, "10.0.0.7:50001", fault.RateLimited, 30) // another port is no other place
	want("teacher", good, there, "", 0)                            // nobody can lock a teacher out from another seat
	want("student01", good, here, "", 0)                           // nor their neighbours

	s.clock.jump(24 * time.Hour) // a clock that is set frees nobody
	want("teacher", good, here, fault.RateLimited, 30)
	s.clock.pass(29 * time.Second)
	want("teacher", good, here, fault.RateLimited, 1)
	s.clock.pass(time.Second)
	want("teacher", "wrong", here, fault.BadCredentials, 0)
	want("teacher", good, here, fault.RateLimited, 60)
	s.clock.pass(time.Minute)
	want("teacher", good, here, "", 0)
	want("teacher", "wrong", here, fault.BadCredentials, 0)
	want("teacher", good, here, "", 0)
}

func TestLocksGrowToALimit(t *testing.T) {
	s := open(t)
	longest := 0
	for range 40 {
		_, wait := s.try(t.Context(), "teacher", "wrong", "10.0.0.7")
		longest = max(longest, wait)
		s.clock.pass(time.Duration(wait) * time.Second)
	}
	if longest != 15*60 {
		t.Errorf("the longest lock is %d s, want 15 min", longest)
	}
	s.clock.pass(16 * time.Minute)
	for range 10 {
		if code, _ := s.try(t.Context(), "teacher", "wrong", "10.0.0.7"); code != fault.BadCredentials {
			t.Errorf("old guesses are not forgotten: %s", code)
		}
	}
}

// TestUnknownAccountsLockTheSame, or a lock would tell which accounts exist.
func TestUnknownAccountsLockTheSame(t *testing.T) {
	s := open(t)
	for n := range 12 {
		known, wait := s.try(t.Context(), "teacher", "wrong", "10.0.0.7")
		unknown, wait2 := s.try(t.Context(), "nobody", "wrong", "10.0.0.7")
		if known != unknown || wait != wait2 {
			t.Errorf("guess %d: %s and %s", n, known, unknown)
		}
	}
}

// TestGuessesAtOnce: a thousand guesses sent together are not a thousand guesses tried.
func TestGuessesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := gated()
		s := open(t, func(c *identity.Config) { c.Hasher = gate })
		answers := make(chan fault.Code, 1000)
		for n := range 1000 {
			go func() {
				code, _ := s.try(t.Context(), "teacher", fmt.Sprint("guess", n), "10.0.0.7")
				answers <- code
			}()
		}
		synctest.Wait()
		close(gate.gate)
		counts := map[fault.Code]int{}
		for range 1000 {
			counts[<-answers]++
		}
		if got := gate.verified.Load(); got != 10 || counts[fault.BadCredentials] != 10 || counts[fault.RateLimited] != 990 {
			t.Errorf("%d were tried, answers %v", got, counts)
		}
	})
}

// TestSpraying: one address that tries one password on everybody is slowed to one a second.
func TestSpraying(t *testing.T) {
	s := open(t)
	for n := range 300 {
		if code, _ := s.try(t.Context(), fmt.Sprintf("pupil%03d", n), "123456", "10.0.0.7"); code != fault.BadCredentials {
			t.Fatalf("guess %d: %s", n, code)
		}
	}
	if code, wait := s.try(t.Context(), "pupil300", "123456", "10.0.0.7"); code != fault.RateLimited || wait != 1 {
		t.Errorf("got %s, %d s", code, wait)
	}
	if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, "10.0.0.8"); code != "" {
		t.Errorf("another address: %s", code)
	}
	s.clock.pass(time.Second)
	if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, "10.0.0.7"); code != "" {
		t.Errorf("after a second: %s", code)
	}
}

// TestAddressesOfOneHost: an IPv6 host has a /64 to choose from, and IPv4 has two ways to be written.
func TestAddressesOfOneHost(t *testing.T) {
	for first, second := range map[string]string{
		"[2001:db8::1]:1": "2001:db8::ffff", "10.0.0.7": "[::ffff:10.0.0.7]:80", "": "nonsense", "fe80::1%eth0": "fe80::2%eth1",
	} {
		s := open(t)
		for range 10 {
			s.try(t.Context(), "teacher", "wrong", first)
		}
		if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, second); code != fault.RateLimited {
			t.Errorf("%q after %q: %q", second, first, code)
		}
	}
}

// TestGuessedFromEverywhere: an account that is guessed at from a thousand addresses gives few tries to strangers, and lets its
// owner in from where they always are.
func TestGuessedFromEverywhere(t *testing.T) {
	s := open(t)
	const desk = "192.168.1.20"
	if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, desk); code != "" {
		t.Fatal(code)
	}
	counts := map[fault.Code]int{}
	for n := range 1000 {
		code, _ := s.try(t.Context(), "teacher", "wrong", fmt.Sprintf("10.0.%d.%d", n/250, n%250))
		counts[code]++
	}
	if counts[fault.BadCredentials] != 100 || counts[fault.RateLimited] != 900 {
		t.Errorf("answers %v", counts)
	}
	if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, desk); code != "" {
		t.Errorf("the owner at their desk: %s", code)
	}
	if code, wait := s.try(t.Context(), "teacher", identity.DemoPassword, "172.16.0.1"); code != fault.RateLimited || wait != 30 {
		t.Errorf("from a strange address: %s, %d s", code, wait)
	}
	if code, _ := s.try(t.Context(), "student01", identity.DemoPassword, "172.16.0.1"); code != "" {
		t.Errorf("somebody else from there: %s", code)
	}
	s.clock.pass(31 * time.Second)
	if code, _ := s.try(t.Context(), "teacher", identity.DemoPassword, "172.16.0.1"); code != "" {
		t.Errorf("after half a minute: %s", code)
	}
}

// TestGuessesAtOnceFromEverywhere pass no more than those that come one after the other.
func TestGuessesAtOnceFromEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := gated()
		s := open(t, func(c *identity.Config) { c.Hasher = gate })
		answers := make(chan fault.Code, 1000)
		for n := range 1000 {
			go func() {
				code, _ := s.try(t.Context(), "teacher", "wrong", fmt.Sprintf("10.0.%d.%d", n/250, n%250))
				answers <- code
			}()
		}
		synctest.Wait()
		close(gate.gate)
		for range 1000 {
			<-answers
		}
		if got := gate.verified.Load(); got != 100 {
			t.Errorf("%d were tried", got)
		}
	})
}

// TestSchoolBehindAGuesser: one pupil behind the school's one address guesses at everybody; those who are known there get in.
func TestSchoolBehindAGuesser(t *testing.T) {
	s := open(t)
	const school = "203.0.113.7"
	for n := range 20 {
		if code, _ := s.try(t.Context(), fmt.Sprintf("student%02d", n+1), identity.DemoPassword, school); code != "" {
			t.Fatal(code)
		}
	}
	tried := 0
	for n := range 1000 {
		if code, _ := s.try(t.Context(), fmt.Sprintf("pupil%03d", n), "123456", school); code == fault.BadCredentials {
			tried++
		}
	}
	if tried != 300 {
		t.Errorf("%d of 1,000 were tried", tried)
	}
	for n := range 20 {
		if code, _ := s.try(t.Context(), fmt.Sprintf("student%02d", n+1), identity.DemoPassword, school); code != "" {
			t.Errorf("student %d: %s", n+1, code)
		}
	}
	if code, _ := s.try(t.Context(), "student21", identity.DemoPassword, school); code != fault.RateLimited {
		t.Errorf("who was never here: %q", code)
	}
}
