package event

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

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

	made *madeReady // see Ready
}

// madeReady is what sealing and digests need of a key, worked out once.
type madeReady struct {
	aead cipher.AEAD
	sub  [32]byte
}

// Ready gives the key with its cipher worked out, for a ring that keeps keys in memory: sealing a field then costs no
// key schedule. It lives as long as the key does, so a ring that forgets the key forgets it too.
func (k PersonKey) Ready() PersonKey {
	if k.made == nil {
		k.made = &madeReady{aead: k.cipher(), sub: digestSubkey(k.Secret[:])}
	}
	return k
}

// Digest is the commandDigest of a command of the key's person; see the function of this name.
func (k *PersonKey) Digest(command []byte) []byte {
	if k.made == nil {
		return Digest(k.Secret[:], command)
	}
	return digestUnder(k.made.sub, command)
}

func (k *PersonKey) cipher() cipher.AEAD {
	if k.made != nil {
		return k.made.aead
	}
	block, err := aes.NewCipher(k.Secret[:])
	if err != nil {
		panic("event: a key of 32 bytes that AES refuses: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("event: AES that GCM refuses: " + err.Error())
	}
	return aead
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
