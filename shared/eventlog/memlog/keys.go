package memlog

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Keys is a key table in memory: what sqlite.Keys is on a box, for tests and simulations.
type Keys struct {
	mu      sync.Mutex
	byID    map[event.ID]event.PersonKey
	of      map[person][]event.ID
	gone    map[event.ID]bool
	erased  map[person]bool
	secrets map[pollKey][]byte
	spent   map[pollKey]bool
}

type person struct{ tenant, id event.ID }

type pollKey struct{ tenant, session, poll event.ID }

var _ event.KeyRing = (*Keys)(nil)

// NewKeys makes an empty key table.
func NewKeys() *Keys {
	return &Keys{byID: map[event.ID]event.PersonKey{}, of: map[person][]event.ID{}, gone: map[event.ID]bool{},
		erased: map[person]bool{}, secrets: map[pollKey][]byte{}, spent: map[pollKey]bool{}}
}

// Current gives the person's newest key, or makes one.
func (k *Keys) Current(tenant, id event.ID) (event.PersonKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := person{tenant, id}
	if k.erased[p] {
		return event.PersonKey{}, event.ErrErased
	}
	if ids := k.of[p]; len(ids) > 0 {
		return k.byID[ids[len(ids)-1]], nil
	}
	key := event.PersonKey{ID: event.NewID(), TenantID: tenant, PersonID: id}
	if _, err := rand.Read(key.Secret[:]); err != nil {
		return event.PersonKey{}, fmt.Errorf("make a person key: %w", err)
	}
	k.byID[key.ID] = key
	k.of[p] = append(k.of[p], key.ID)
	return key, nil
}

// Get gives the key with this id.
func (k *Keys) Get(tenant, id event.ID) (event.PersonKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gone[id] {
		return event.PersonKey{}, event.ErrErased
	}
	key, ok := k.byID[id]
	if !ok || key.TenantID != tenant {
		return event.PersonKey{}, event.ErrNoKey
	}
	return key, nil
}

// Of lists a person's keys, oldest first.
func (k *Keys) Of(tenant, id event.ID) ([]event.PersonKey, bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := person{tenant, id}
	keys := make([]event.PersonKey, 0, len(k.of[p]))
	for _, id := range k.of[p] {
		keys = append(keys, k.byID[id])
	}
	return keys, k.erased[p], nil
}

// Destroy erases a person: all their keys are gone for ever.
func (k *Keys) Destroy(tenant, id event.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := person{tenant, id}
	for _, keyID := range k.of[p] {
		delete(k.byID, keyID)
		k.gone[keyID] = true
	}
	delete(k.of, p)
	k.erased[p] = true
}

// PollSecret gives the secret of an anonymous poll, or makes one; eventlog.ErrNotFound after DestroyPollSecret.
func (k *Keys) PollSecret(_ context.Context, tenant, session, poll event.ID) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := pollKey{tenant, session, poll}
	if k.spent[p] {
		return nil, eventlog.ErrNotFound
	}
	if k.secrets[p] == nil {
		secret := make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return nil, fmt.Errorf("make a poll secret: %w", err)
		}
		k.secrets[p] = secret
	}
	return k.secrets[p], nil
}

// PollSecrets lists the polls that have a secret: of one session, or of all where both ids are zero.
func (k *Keys) PollSecrets(_ context.Context, tenant, session event.ID) ([]eventlog.Poll, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []eventlog.Poll
	for p := range k.secrets {
		if p.tenant == tenant && p.session == session || tenant.IsZero() && session.IsZero() {
			out = append(out, eventlog.Poll{TenantID: p.tenant, SessionID: p.session, PollID: p.poll})
		}
	}
	return out, nil
}

// DestroyPollSecret forgets it for ever.
func (k *Keys) DestroyPollSecret(_ context.Context, tenant, session, poll event.ID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := pollKey{tenant, session, poll}
	delete(k.secrets, p)
	k.spent[p] = true
	return nil
}
