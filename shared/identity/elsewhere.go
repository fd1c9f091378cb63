package identity

import (
	"crypto/ed25519"
	"maps"
	"slices"
	"sync/atomic"

	"multistream/shared/event"
)

// elsewhere holds the keys of others whose tokens are believed for some schools, as long as somebody says so. It is replaced whole.
type elsewhere struct {
	keys atomic.Pointer[map[string]elsewhereKey]
}

type elsewhereKey struct {
	VerifyKey
	tenants map[event.ID]event.Time // whose people it speaks for, and until when; absent: for as long as it is here
}

// BelievedFor is a key whose tokens are believed for the people of one school.
type BelievedFor struct {
	TenantID event.ID
	Issuer   event.ID
	Public   ed25519.PublicKey
	NotAfter event.Time // absent: until Believe is called without it
}

// Believe makes these the keys of others whose tokens are believed, in place of those of the call before. The keys of Config stay; one of
// them is not believed for less because it is named here.
func (s *Service) Believe(keys []BelievedFor) {
	all := map[string]elsewhereKey{}
	for _, k := range keys {
		id := KeyID(k.Public)
		known, ok := all[id]
		if !ok {
			known = elsewhereKey{VerifyKey{ID: id, Issuer: k.Issuer.String(), Public: k.Public}, map[event.ID]event.Time{}}
		}
		known.tenants[k.TenantID] = k.NotAfter
		all[id] = known
	}
	s.tokens.elsewhere.keys.Store(&all)
}

// find gives a key that is believed for a school at a time.
func (e *elsewhere) find(id, tenant string, now event.Time) (VerifyKey, bool) {
	all := e.keys.Load()
	if all == nil {
		return VerifyKey{}, false
	}
	k := (*all)[id]
	of, err := event.ParseID(tenant)
	until, named := k.tenants[of]
	return k.VerifyKey, err == nil && named && (until == 0 || now <= until)
}

// ChangedElsewhere makes known, once it is durable, that roles and sign-ins of people were changed by who rules the directory: their
// tokens want refreshing, or are over, and open connections are told. Sign-ins of nobody known come under the absent id.
func (s *Service) ChangedElsewhere(stale []event.ID, ended map[event.ID][]event.ID) {
	for _, user := range stale {
		s.revoked.outdate(user)
	}
	for _, signIns := range ended {
		s.revoked.end(signIns...)
	}
	told := map[event.ID]bool{}
	for _, user := range slices.Concat(stale, slices.Collect(maps.Keys(ended))) {
		if !told[user] && !user.IsZero() {
			told[user] = true
			s.onRevoked(user)
		}
	}
}
