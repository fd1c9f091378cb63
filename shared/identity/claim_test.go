package identity_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// newBox is a Service over an empty directory.
func newBox(t *testing.T) *school {
	t.Helper()
	s := &school{store: &memory{roles: map[directory.Enrolment]directory.Role{}, links: map[event.Hash]directory.RefreshToken{}},
		keys: memoryKeys{}, clock: newHands(), log: &bytes.Buffer{}}
	s.restart(t)
	return s
}

func claimOf(s *school) identity.Claim {
	return identity.Claim{Code: s.ClaimCode(), School: " Hill School ", Domain: "hill.school", Email: "ada@hill.school", DisplayName: "Ada", Password: "a long password"}
}

func TestClaim(t *testing.T) {
	s := newBox(t)
	ctx := t.Context()
	if s.Claimed(ctx) {
		t.Fatal("an empty box is claimed")
	}
	c := claimOf(s)
	c.Code = strings.ToLower(strings.ReplaceAll(c.Code, "-", " ")) // as people type it
	pair, err := s.Claim(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Authenticate(pair.AccessToken); err != nil || p.UserID != pair.User.ID || len(p.Roles) != 1 || p.Roles[0] != "admin" {
		t.Errorf("the first admin is %+v, %v", p, err)
	}
	if got := s.store.tenants; len(got) != 1 || got[0].Name != "Hill School" || !s.Claimed(ctx) {
		t.Errorf("schools: %+v", got)
	}
	if _, err := s.Login(ctx, identity.LoginRequest{Email: "ada@hill.school", Password: "a long password", Address: "10.0.0.1"}); err != nil {
		t.Errorf("signing in afterwards: %v", err)
	}
	if _, err := s.Claim(ctx, claimOf(s)); fault.Of(err).Code != fault.WrongState {
		t.Errorf("a second claim: %v", err)
	}
	if a := s.store.audit; len(a) != 3 || a[0].Action != "box.claimed" || a[0].ActorID != pair.User.ID || a[0].TargetID != pair.User.ID || a[1].Action != "sign_in" {
		t.Errorf("the audit is %+v", a)
	}
}

func TestClaimOfTwoAtOnce(t *testing.T) {
	s := newBox(t)
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.Claim(t.Context(), claimOf(s)); err == nil {
				won.Add(1)
			} else if fault.Of(err).Code != fault.WrongState {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || len(s.store.tenants) != 1 || len(s.store.users) != 1 {
		t.Errorf("%d claims won, %d schools, %d admins", won.Load(), len(s.store.tenants), len(s.store.users))
	}
}

func TestBadClaims(t *testing.T) {
	s := newBox(t)
	long := strings.Repeat("x", 300)
	for field, change := range map[string]func(*identity.Claim){
		"school":      func(c *identity.Claim) { c.School = " " },
		"domain":      func(c *identity.Claim) { c.Domain = "hill" },
		"email":       func(c *identity.Claim) { c.Email = "ada" },
		"username":    func(c *identity.Claim) { c.Email, c.Username = "", long },
		"displayName": func(c *identity.Claim) { c.DisplayName = "\xff" },
		"password":    func(c *identity.Claim) { c.Password = "short" },
		"password ":   func(c *identity.Claim) { c.DisplayName, c.Password = "Headmistress", "headmistress" },
		"code":        func(c *identity.Claim) { c.Code = "AAAA-AAAA" },
	} {
		c := claimOf(s)
		change(&c)
		if _, err := s.Claim(t.Context(), c); err == nil || fault.Of(err).Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	nobody := claimOf(s)
	nobody.Email = ""
	if _, err := s.Claim(t.Context(), nobody); err == nil || fault.Of(err).Field != "email" {
		t.Errorf("an admin without a name: %v", err)
	}
	if len(s.store.tenants)+len(s.store.users) != 0 {
		t.Error("a refused claim left something")
	}
}

// TestGuessedClaims: after some wrong codes even the right one has to wait, whoever gives it, and not for long.
func TestGuessedClaims(t *testing.T) {
	s := newBox(t)
	wrong := claimOf(s)
	wrong.Code = "2222-2222"
	for i := range 1000 {
		want := fault.Forbidden
		if i >= 10 {
			want = fault.RateLimited
		}
		_, err := s.Claim(t.Context(), wrong)
		wantCode(t, err, want)
	}
	_, err := s.Claim(t.Context(), claimOf(s))
	wantCode(t, err, fault.RateLimited)
	s.clock.pass(10 * time.Second)
	_, err = s.Claim(t.Context(), claimOf(s))
	wantCode(t, err, "")
}

// TestGuessedAtOnce: a thousand guesses at the same moment are no more than the tries there are.
func TestGuessedAtOnce(t *testing.T) {
	s := newBox(t)
	var judged atomic.Int32
	var all sync.WaitGroup
	for range 1000 {
		all.Go(func() {
			wrong := claimOf(s)
			wrong.Code = "2222-2222"
			if _, err := s.Claim(t.Context(), wrong); fault.Of(err).Code == fault.Forbidden {
				judged.Add(1)
			}
		})
	}
	all.Wait()
	if n := judged.Load(); n > 10 {
		t.Errorf("%d guesses were judged", n)
	}
}

// TestStoreThatCantTell: a box whose store is down is not taken for one that belongs to nobody.
func TestStoreThatCantTell(t *testing.T) {
	s := newBox(t)
	s.store.broken.Store(true)
	if !s.Claimed(context.WithoutCancel(t.Context())) {
		t.Error("a box whose store can't be read says that it belongs to nobody")
	}
}

func TestClaimCodesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		s := newBox(t)
		c := s.ClaimCode()
		if len(c) != 9 || seen[c] || strings.ContainsAny(c, "01OIL") {
			t.Fatalf("code %q", c)
		}
		seen[c] = true
	}
}
