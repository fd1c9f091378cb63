package sqlite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// wrap gives nonce ‖ AES-256-GCM(secret). The purpose and ids are bound to it, so that a row moved to another tenant or
// person does not open.
func wrap(with cipher.AEAD, secret []byte, purpose string, ids ...event.ID) ([]byte, error) {
	nonce := make([]byte, with.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return with.Seal(nonce, nonce, secret, boundTo(purpose, ids)), nil
}

// unwrap is the inverse of wrap. What does not open is damaged: the key database, or the key file beside it.
func unwrap(with cipher.AEAD, wrapped []byte, purpose string, ids ...event.ID) ([]byte, error) {
	n := with.NonceSize()
	if len(wrapped) < n {
		return nil, fmt.Errorf("%s %s is too short: %w", purpose, ids, eventlog.ErrDamaged)
	}
	secret, err := with.Open(nil, wrapped[:n], wrapped[n:], boundTo(purpose, ids))
	if err != nil || len(secret) != 32 {
		return nil, fmt.Errorf("%s %s does not open: keys.db is damaged, or the file kek is another one: %w", purpose, ids, eventlog.ErrDamaged)
	}
	return secret, nil
}

func boundTo(purpose string, ids []event.ID) []byte {
	b := append(make([]byte, 0, len(purpose)+16*len(ids)), purpose...)
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}

// The purposes that wrapped keys are bound to; they are stored for ever, like the rows.
const (
	purposeTenant  = "ms1-tenant-key"
	purposePerson  = "ms1-person-key"
	purposePoll    = "ms1-poll-secret"
	purposeSigning = "ms1-signing-key"
)
