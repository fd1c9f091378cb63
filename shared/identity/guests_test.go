package identity_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// guestMemory keeps links of guests in memory, and says when classes were over.
type guestMemory struct {
	m     *memory
	mu    sync.Mutex
	links map[event.Hash]directory.GuestLink
	over  map[event.ID]event.Time // by class; absent: it is to come or runs
	gone  map[event.ID]bool       // classes that are unknown
}

func (g *guestMemory) SaveGuestLink(ctx context.Context, l directory.GuestLink) error {
	return g.m.ask(ctx, func() { g.mu.Lock(); defer g.mu.Unlock(); g.links[l.Hash] = l })
}

func (g *guestMemory) GuestLink(ctx context.Context, tenant event.ID, hash event.Hash) (l directory.GuestLink, ok bool, err error) {
	err = g.m.ask(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		l, ok = g.links[hash]
		ok = ok && l.TenantID == tenant
	})
	return l, ok, err
}

func (g *guestMemory) RotateGuestLink(ctx context.Context, used event.Hash, next directory.GuestLink) (won bool, err error) {
	err = g.m.ask(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		old, ok := g.links[used]
		if won = ok && old.SignInID == next.SignInID && old.UsedAt == 0 && old.RevokedAt == 0; won {
			old.UsedAt = next.IssuedAt
			g.links[used], g.links[next.Hash] = old, next
		}
	})
	return won, err
}

func (g *guestMemory) RevokeGuest(ctx context.Context, tenant, signIn event.ID, at event.Time) error {
	return g.m.ask(ctx, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		for hash, l := range maps.Clone(g.links) {
			if l.TenantID == tenant && l.SignInID == signIn && l.RevokedAt == 0 {
				l.RevokedAt = at
				g.links[hash] = l
			}
		}
	})
}

func (g *guestMemory) ClassOver(ctx context.Context, _, session event.ID) (over bool, since event.Time, err error) {
	err = g.m.ask(ctx, func() { since, over = g.over[session] })
	if err == nil && g.gone[session] {
		err = eventlog.ErrNotFound
	}
	return over, since, err
}

func openGuests(t *testing.T) (*school, *guestMemory, *identity.Guests) {
	s := open(t)
	store := &guestMemory{m: s.store, links: map[event.Hash]directory.GuestLink{}, over: map[event.ID]event.Time{}, gone: map[event.ID]bool{}}
	return s, store, identity.NewGuests(s.Service, store)
}

var lensClass = event.MustID("0190a7c8-0000-7000-8000-0000000000c1")

func TestGuestTokens(t *testing.T) {
	s, store, guests := openGuests(t)
	ctx, tenant := t.Context(), s.demo.Tenant.ID
	id := identity.GuestID(lensClass, "device")
	first, err := guests.SignIn(ctx, tenant, lensClass, id)
	if err != nil {
		t.Fatal(err)
	}
	who, err := guests.AuthenticateAt(ctx, first.AccessToken, "127.0.0.1:8080")
	if err != nil || who.ID != id || who.TenantID != tenant || who.SessionID != lensClass || !identity.OfGuest(first.AccessToken) || !identity.OfGuest(first.RefreshToken) {
		t.Errorf("signed in: %+v, %v", who, err)
	}
	if _, err := guests.AuthenticateAt(ctx, first.AccessToken, "demo.school"); err != nil {
		t.Errorf("at the school's own Host: %v", err)
	}
	for hash, l := range store.links {
		if raw, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(first.RefreshToken, "guest.")); hash != sha256.Sum256(raw) || l.GuestID != id {
			t.Errorf("stored %+v", l)
		}
	}
	if strings.Contains(first.String(), first.AccessToken) {
		t.Error("a pair prints its token")
	}

	// Neither kind of token is good for the other.
	teacher := s.login(t, "teacher@demo.school")
	for name, try := range map[string]func() error{
		"a guest's as a person's":         func() error { _, err := s.Authenticate(first.AccessToken); return err },
		"a guest's without its mark":      func() error { _, err := s.Authenticate(strings.TrimPrefix(first.AccessToken, "guest.")); return err },
		"a person's as a guest's":         func() error { _, err := guests.AuthenticateAt(ctx, "guest."+teacher.AccessToken, ""); return err },
		"a person's refresh":              func() error { _, err := guests.Refresh(ctx, "guest."+teacher.RefreshToken); return err },
		"a guest's refresh as a person's": func() error { _, err := s.Refresh(ctx, first.RefreshToken); return err },
		"a refresh without its mark": func() error {
			_, err := guests.Refresh(ctx, strings.TrimPrefix(first.RefreshToken, "guest."))
			return err
		},
		"guessed": func() error { _, err := guests.Refresh(ctx, "guest."+strings.Repeat("A", 86)); return err },
		"nothing": func() error { _, err := guests.AuthenticateAt(ctx, "guest.", ""); return err },
		"long":    func() error { _, err := guests.AuthenticateAt(ctx, "guest."+strings.Repeat("A", 5000), ""); return err },
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, try(), fault.Unauthenticated) })
	}

	s.clock.pass(17 * time.Minute)
	_, err = guests.AuthenticateAt(ctx, first.AccessToken, "")
	wantCode(t, err, fault.TokenExpired)
	second, err := guests.Refresh(ctx, first.RefreshToken)
	if err != nil || second.Guest.ID != id || second.Guest.SessionID != lensClass || second.Guest.SignInID != first.Guest.SignInID {
		t.Fatalf("refreshed: %+v, %v", second.Guest, err)
	}
	if _, err := guests.Refresh(ctx, first.RefreshToken); err != nil {
		t.Errorf("a repeat within the grace: %v", err)
	}
	s.clock.pass(time.Minute)
	_, err = guests.Refresh(ctx, first.RefreshToken)
	wantCode(t, err, fault.Unauthenticated) // a copy
	_, err = guests.Refresh(ctx, second.RefreshToken)
	wantCode(t, err, fault.Unauthenticated) // which ended the sign-in

	third, err := guests.SignIn(ctx, tenant, lensClass, id)
	if err == nil {
		err = guests.Logout(ctx, third.RefreshToken)
	}
	wantCode(t, err, "")
	_, err = guests.Refresh(ctx, third.RefreshToken)
	wantCode(t, err, fault.Unauthenticated)
	wantCode(t, guests.Logout(ctx, "guest.x"), "")
}

// TestForgedGuest: with the edge's own key, every claim of a guest's token is still held to what it must be.
func TestForgedGuest(t *testing.T) {
	s, _, guests := openGuests(t)
	kid, now := map[string]any{"kid": s.PublicKey().ID}, s.clock.startTime().Unix()
	forge := func(change map[string]any) error {
		c := jwt.MapClaims{"iss": edgeID.String(), "aud": []string{"multistream-guest"}, "sub": event.NewID().String(), "tid": s.demo.Tenant.ID.String(),
			"sid": event.NewID().String(), "cls": lensClass.String(), "exp": now + 900, "nbf": now, "iat": now}
		for name, v := range change {
			if c[name] = v; v == nil {
				delete(c, name)
			}
		}
		_, err := guests.AuthenticateAt(t.Context(), "guest."+sign(t, jwt.SigningMethodEdDSA, s.key(t), kid, c), "")
		return err
	}
	if err := forge(nil); err != nil {
		t.Fatalf("the table's base is refused: %v", err)
	}
	for name, v := range map[string]any{"iss": "other", "aud": "multistream", "sub": "x", "tid": nil, "sid": "", "cls": nil, "exp": nil, "nbf": nil} {
		wantCode(t, forge(map[string]any{name: v}), fault.Unauthenticated)
	}
	wantCode(t, forge(map[string]any{"cls": "00000000-0000-0000-0000-000000000000"}), fault.Unauthenticated)
	wantCode(t, forge(map[string]any{"exp": now - 100}), fault.TokenExpired)
	kid["kid"] = "unknown"
	wantCode(t, forge(nil), fault.Unauthenticated)
	kid["kid"], kid["crit"] = s.PublicKey().ID, []string{"x"}
	wantCode(t, forge(nil), fault.Unauthenticated)
}

// TestGuestsStayAsLongAsTheirClass: a sign-in lasts while the class does and some minutes longer, and no unused day longer.
func TestGuestsStayAsLongAsTheirClass(t *testing.T) {
	s, store, guests := openGuests(t)
	ctx, tenant := t.Context(), s.demo.Tenant.ID
	pair, err := guests.SignIn(ctx, tenant, lensClass, event.NewID())
	for range 10 { // a class of many hours
		if err == nil {
			s.clock.pass(20 * time.Hour)
			pair, err = guests.Refresh(ctx, pair.RefreshToken)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	store.over[lensClass] = event.TimeOf(s.clock.startTime().Add(200 * time.Hour))
	s.clock.pass(14 * time.Minute)
	if pair, err = guests.Refresh(ctx, pair.RefreshToken); err != nil {
		t.Errorf("some minutes after the class: %v", err)
	}
	s.clock.pass(2 * time.Minute)
	_, err = guests.Refresh(ctx, pair.RefreshToken)
	wantCode(t, err, fault.Unauthenticated)

	delete(store.over, lensClass)
	if pair, err = guests.Refresh(ctx, pair.RefreshToken); err != nil {
		t.Fatalf("who was refused for the class lost the sign-in too: %v", err)
	}
	s.store.broken.Store(true)
	_, err = guests.Refresh(ctx, pair.RefreshToken)
	wantCode(t, err, fault.IdentityDown)
	_, err = guests.SignIn(ctx, tenant, lensClass, event.NewID())
	wantCode(t, err, fault.IdentityDown)
	s.store.broken.Store(false)
	s.clock.pass(25 * time.Hour)
	_, err = guests.Refresh(ctx, pair.RefreshToken)
	wantCode(t, err, fault.Unauthenticated)

	pair, err = guests.SignIn(ctx, tenant, lensClass, event.NewID())
	store.gone[lensClass] = true
	if err == nil {
		_, err = guests.Refresh(ctx, pair.RefreshToken)
	}
	wantCode(t, err, fault.Unauthenticated)
}

func TestWelcome(t *testing.T) {
	s, _, guests := openGuests(t)
	ctx, other := t.Context(), directory.Tenant{ID: event.NewID(), Name: "Other", Status: "active", Domains: []string{"other.school"}}
	if err := s.store.UpsertTenant(ctx, other); err != nil {
		t.Fatal(err)
	}
	wantCode(t, guests.Welcome(ctx, s.demo.Tenant.ID, "127.0.0.1:8080"), "")
	wantCode(t, guests.Welcome(ctx, s.demo.Tenant.ID, "demo.school"), "")
	wantCode(t, guests.Welcome(ctx, s.demo.Tenant.ID, "other.school:443"), fault.JoinCodeWrong)
	other.Status = "suspended"
	if err := s.store.UpsertTenant(ctx, other); err != nil {
		t.Fatal(err)
	}
	wantCode(t, guests.Welcome(ctx, other.ID, ""), fault.Forbidden)
}

// TestGuestID: a device is one person in a class and another in the next, and its secret decides alone.
func TestGuestID(t *testing.T) {
	a, b := identity.GuestID(lensClass, "device"), identity.GuestID(event.NewID(), "device")
	if a == b || a != identity.GuestID(lensClass, "device") || a == identity.GuestID(lensClass, "Device") || a.IsZero() {
		t.Errorf("guests %s and %s", a, b)
	}
}
