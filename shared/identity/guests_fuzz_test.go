package identity_test

import (
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// FuzzGuestTokens: whatever comes as a guest's token, of either kind, is refused as one, and the store is asked at most for
// what could be one.
func FuzzGuestTokens(f *testing.F) {
	s := open(f)
	store := &guestMemory{m: s.store, links: map[event.Hash]directory.GuestLink{}, over: map[event.ID]event.Time{}, gone: map[event.ID]bool{}}
	guests := identity.NewGuests(s.Service, store)
	pair, err := guests.SignIn(f.Context(), s.demo.Tenant.ID, lensClass, event.NewID())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "guest.", "guest.a.b.c", pair.AccessToken[:len(pair.AccessToken)-1], pair.RefreshToken + "A", "guest." + pair.AccessToken} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == pair.AccessToken || token == pair.RefreshToken {
			return
		}
		if _, err := guests.AuthenticateAt(t.Context(), token, ""); fault.Of(err).Code != fault.Unauthenticated {
			t.Errorf("%q: %v", token, err)
		}
		if _, err := guests.Refresh(t.Context(), token); fault.Of(err).Code != fault.Unauthenticated {
			t.Errorf("refresh by %q: %v", token, err)
		}
		if err := guests.Logout(t.Context(), token); err != nil {
			t.Errorf("sign out by %q: %v", token, err)
		}
	})
}
