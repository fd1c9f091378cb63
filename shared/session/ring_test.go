package session_test

import (
	"multistream/shared/classscript"
	"multistream/shared/event"
)

// ring is a key ring in memory: a key for each person, made of their id.
type ring struct{ keys map[event.ID]event.PersonKey }

func newRing() ring { return ring{map[event.ID]event.PersonKey{}} }

func (r ring) Current(tenant, person event.ID) (event.PersonKey, error) {
	id := event.DeriveID(tenant, person, "key", 1)
	k := event.PersonKey{ID: id, TenantID: tenant, PersonID: person, CreatedAt: classscript.Epoch}
	copy(k.Secret[:], person[:])
	r.keys[id] = k
	return k, nil
}

func (r ring) Get(_, keyID event.ID) (event.PersonKey, error) {
	if k, known := r.keys[keyID]; known {
		return k, nil
	}
	return event.PersonKey{}, event.ErrNoKey
}

func (r ring) Of(tenant, person event.ID) ([]event.PersonKey, bool, error) {
	k, err := r.Current(tenant, person)
	return []event.PersonKey{k}, false, err
}

// erased is a ring in which the keys of one person were destroyed.
type erased struct {
	ring
	person event.ID
}

func (r erased) Get(tenant, keyID event.ID) (event.PersonKey, error) {
	k, err := r.ring.Get(tenant, keyID)
	if err == nil && k.PersonID == r.person {
		return event.PersonKey{}, event.ErrErased
	}
	return k, err
}
