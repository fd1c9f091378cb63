package wire

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"fmt"

	"multistream/shared/event"
)

// Person keys travel sealed, up to the hub and down to an edge: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, with
//
//	info      = "ms1-person-keys" ‖ edge ‖ incarnation      (down: see SealKeysDown)
//	plaintext = count uint32 ‖ for each key: tenant ‖ person ‖ id ‖ secret of 32 bytes ‖ createdAt int64
//
// and on the wire the encapsulated key ‖ ciphertext.
const sealKeySize = 32

func suite() (hpke.KDF, hpke.AEAD) { return hpke.HKDFSHA256(), hpke.AES256GCM() }

func sealInfo(edge, incarnation event.ID) []byte {
	return sealedFor("ms1-person-keys", edge, incarnation)
}

// sealedFor gives an info: a purpose and the ids that the sealed is bound to.
func sealedFor(purpose string, ids ...event.ID) []byte {
	b := append(make([]byte, 0, 70), purpose...)
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

// SealStatement is what the hub signs with the key of its receipts, so that an edge that knows that key seals to no one else:
// "ms1-hub-seal" ‖ lineage ‖ the X25519 public key.
func SealStatement(lineage event.ID, sealKey []byte) []byte {
	b := append(make([]byte, 0, 60), "ms1-hub-seal"...)
	b = append(b, lineage[:]...)
	return append(b, sealKey...)
}

// VerifyHub returns an error unless a welcome comes from the hub with this public key.
func (m *Welcome) VerifyHub(hub ed25519.PublicKey) error {
	if !hub.Equal(ed25519.PublicKey(m.HubKey)) {
		return errors.New("this is not the hub that the edge is set up for: its key is another one")
	}
	if !ed25519.Verify(hub, SealStatement(m.Lineage, m.SealKey), m.Signed) {
		return errors.New("the hub's sealing key is not signed by the hub")
	}
	return nil
}

const personKeyBytes = 16 + 16 + 16 + 32 + 8

// SealKeys seals person keys to the hub's public key; no keys are no bytes.
func SealKeys(sealKey []byte, edge, incarnation event.ID, keys []event.PersonKey) ([]byte, error) {
	return sealKeys(sealKey, sealInfo(edge, incarnation), keys)
}

func sealKeys(sealKey, info []byte, keys []event.PersonKey) ([]byte, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if len(keys) > MaxKeys {
		return nil, fmt.Errorf("%d person keys in a batch, at most %d", len(keys), MaxKeys)
	}
	public, err := hpke.DHKEM(ecdh.X25519()).NewPublicKey(sealKey)
	if err != nil {
		return nil, fmt.Errorf("a sealing key: %w", err)
	}
	w := writer{make([]byte, 0, 4+len(keys)*personKeyBytes)}
	w.u32(len(keys))
	for i := range keys {
		k := &keys[i]
		w.id(k.TenantID)
		w.id(k.PersonID)
		w.id(k.ID)
		w.raw(k.Secret[:])
		w.i64(int64(k.CreatedAt))
	}
	kdf, aead := suite()
	return hpke.Seal(public, kdf, aead, info, w.b)
}

// SealKeysDown seals person keys of a school, on their way from the hub to an edge, to that edge's public key; with
//
//	info = "ms1-person-keys-down" ‖ lineage ‖ tenant ‖ edge
func SealKeysDown(sealKey []byte, lineage, tenant, edge event.ID, keys []event.PersonKey) ([]byte, error) {
	return sealKeys(sealKey, sealedFor("ms1-person-keys-down", lineage, tenant, edge), keys)
}

// OpenKeysDown is the inverse of SealKeysDown; its errors are ErrMalformed.
func (k *SealingKey) OpenKeysDown(lineage, tenant, edge event.ID, sealed []byte) ([]event.PersonKey, error) {
	return k.open(sealedFor("ms1-person-keys-down", lineage, tenant, edge), sealed)
}

// SealingKey is the private half of who is sealed to: the hub, or an edge.
type SealingKey struct{ private hpke.PrivateKey }

// NewSealingKey makes the key of a seed of 32 bytes.
func NewSealingKey(seed []byte) (*SealingKey, error) {
	private, err := hpke.DHKEM(ecdh.X25519()).DeriveKeyPair(seed)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	return &SealingKey{private}, nil
}

// Public gives the half that others seal to.
func (k *SealingKey) Public() []byte { return k.private.PublicKey().Bytes() }

// OpenKeys is the inverse of SealKeys; its errors are ErrMalformed.
func (k *SealingKey) OpenKeys(edge, incarnation event.ID, sealed []byte) ([]event.PersonKey, error) {
	return k.open(sealInfo(edge, incarnation), sealed)
}

func (k *SealingKey) open(info, sealed []byte) ([]event.PersonKey, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	kdf, aead := suite()
	plain, err := hpke.Open(k.private, kdf, aead, info, sealed)
	if err != nil {
		return nil, malformed("person keys that are not sealed to this key, or for another edge")
	}
	r := reader{b: plain}
	count := r.size(MaxKeys, personKeyBytes, "person keys")
	out := make([]event.PersonKey, 0, count)
	for range count {
		key := event.PersonKey{TenantID: r.present("tenant"), PersonID: r.present("person"), ID: r.present("key")}
		copy(key.Secret[:], r.take(32, "secret"))
		key.CreatedAt = event.Time(r.i64("time"))
		out = append(out, key)
	}
	return out, r.end()
}
