package event

import "errors"

// ErrErased says that a key was destroyed: what it sealed can't be read by anyone, for ever.
var ErrErased = errors.New("key erased")

// ErrNoKey says that a key is not known here (yet); unlike ErrErased it may still arrive.
var ErrNoKey = errors.New("key not known here")

// PersonKey is one of the keys of a person in a tenant. It lives in the key table only, wrapped by the tenant's key.
type PersonKey struct {
	ID        ID
	TenantID  ID
	PersonID  ID
	Secret    [32]byte
	CreatedAt Time
}

// KeyRing gives the keys that seal and open personal fields. Implementations are safe for concurrent use.
type KeyRing interface {
	// Current gives the person's newest key and makes a durable one where there is none. It returns ErrErased if the
	// person was erased.
	Current(tenant, person ID) (PersonKey, error)
	// Get gives the key with this id. It returns ErrErased or ErrNoKey.
	Get(tenant, keyID ID) (PersonKey, error)
	// Of lists a person's keys, oldest first; erased tells whether any was destroyed.
	Of(tenant, person ID) (keys []PersonKey, erased bool, err error)
}
