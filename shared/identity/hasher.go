package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Hasher turns passwords into stored texts and compares them. Both are slow on purpose; callers bound how many run.
type Hasher interface {
	// Hash gives a stored form with a salt of its own.
	Hash(password Secret) (string, error)
	// Verify tells whether the password made the stored form. An error means that the stored form can't be read.
	Verify(stored string, password Secret) (bool, error)
}

// Argon2 hashes with argon2id into PHC strings such as $argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>. The parameters are
// kept in the hash: Verify uses those of the stored form, so raising them here leaves old passwords good.
type Argon2 struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultArgon2 is OWASP's first choice: 19 MiB, two passes, one lane.
func DefaultArgon2() Argon2 { return Argon2{MemoryKiB: 19 * 1024, Passes: 2, Lanes: 1} }

const (
	saltBytes = 16
	keyBytes  = 32
	// A directory row must not be able to take the box's memory or processors.
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
	maxLanes     = 8
)

var errHash = errors.New("stored password is not an argon2id PHC string within bounds")

// Hash makes a PHC string with a fresh salt.
func (a Argon2) Hash(password Secret) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails: the runtime ends the process rather than give weak bytes
	if !a.within() {
		return "", errHash
	}
	return a.format(salt, a.key(password, salt, keyBytes)), nil
}

// Verify compares in constant time.
func (a Argon2) Verify(stored string, password Secret) (bool, error) {
	p, salt, want, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	got := p.key(password, salt, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (a Argon2) key(password Secret, salt []byte, n uint32) []byte {
	return argon2.IDKey([]byte(password), salt, a.Passes, a.MemoryKiB, a.Lanes, n)
}

func (a Argon2) within() bool {
	return a.Lanes >= 1 && a.Lanes <= maxLanes && a.Passes >= 1 && a.Passes <= maxPasses &&
		a.MemoryKiB >= 8*uint32(a.Lanes) && a.MemoryKiB <= maxMemoryKiB
}

func (a Argon2) format(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.MemoryKiB, a.Passes, a.Lanes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// parsePHC reads exactly what format writes and refuses everything else, sizes that would hurt included. Its error
// shows nothing of the text.
func parsePHC(stored string) (a Argon2, salt, key []byte, err error) {
	parts := strings.Split(stored, "$")
	if len(stored) > 512 || len(parts) != 6 {
		return Argon2{}, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.MemoryKiB, &a.Passes, &a.Lanes); err != nil {
		return Argon2{}, nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	ok := saltErr == nil && keyErr == nil && a.within() &&
		len(salt) >= 8 && len(salt) <= 64 && len(key) >= 16 && len(key) <= 64 && a.format(salt, key) == stored
	if !ok {
		return Argon2{}, nil, nil, errHash
	}
	return a, salt, key, nil
}
