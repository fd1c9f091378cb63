package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// VerifyKey is a public key whose tokens are believed, if they name the issuer it belongs to.
type VerifyKey struct {
	ID     string // the "kid" of its tokens; see KeyID
	Issuer string
	Public ed25519.PublicKey
}

// KeyID gives the name of a public key: the first 16 bytes of its SHA-256 in base64url.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// keyRing signs with one key and believes several. It does not change after it was made.
type keyRing struct {
	signing   ed25519.PrivateKey
	signingID string
	issuer    string
	believed  map[string]VerifyKey
}

// loadKeys gives the ring of a generation: its key signs, the one before it is still believed, so that raising the
// generation by one signs nobody out. Keys of two generations ago are not believed any more.
func loadKeys(store KeyStore, issuer string, generation int, more []VerifyKey) (*keyRing, error) {
	ring := &keyRing{issuer: issuer, believed: map[string]VerifyKey{}}
	for g := max(1, generation-1); g <= generation; g++ {
		name := fmt.Sprintf("identity/token-key/%d", g)
		seed, err := store.LoadOrCreateSecret(name, newSeed)
		if err != nil {
			return nil, fmt.Errorf("secret %s: %w", name, err)
		}
		if len(seed) != ed25519.SeedSize {
			return nil, fmt.Errorf("secret %s has %d bytes, want %d: restore keys.db from its backup", name, len(seed), ed25519.SeedSize)
		}
		ring.signing = ed25519.NewKeyFromSeed(seed)
		public := ring.signing.Public().(ed25519.PublicKey)
		ring.signingID = KeyID(public)
		ring.believed[ring.signingID] = VerifyKey{ID: ring.signingID, Issuer: issuer, Public: public}
	}
	for _, k := range more {
		if k.ID == "" || k.Issuer == "" || len(k.Public) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("verification key %q is incomplete", k.ID)
		}
		if _, taken := ring.believed[k.ID]; taken {
			return nil, fmt.Errorf("verification key %q is given twice", k.ID)
		}
		ring.believed[k.ID] = k
	}
	return ring, nil
}

// owns tells whether a key is one that is believed for as long as the ring lives.
func (r *keyRing) owns(id string) bool {
	_, ok := r.believed[id]
	return ok
}

func newSeed() []byte {
	seed := make([]byte, ed25519.SeedSize)
	rand.Read(seed)
	return seed
}

// PublicKey gives the key that the tokens of this issuer are signed with now, for others to believe.
func (s *Service) PublicKey() VerifyKey { return s.tokens.ring.believed[s.tokens.ring.signingID] }
