package postgres

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"multistream/shared/event"
)

// A KeyWrapper encrypts tenants' keys under the key that encrypts keys, which is never in the database: a file's, or that of a key
// management service.
type KeyWrapper interface {
	// Wrap gives a form of secret that Unwrap opens for the same binding alone.
	Wrap(secret, binding []byte) ([]byte, error)
	// Unwrap returns an error if wrapped was not made with this key and binding.
	Unwrap(wrapped, binding []byte) ([]byte, error)
}

// KEK is a key that encrypts keys, in memory.
type KEK struct{ aead cipher.AEAD }

// NewKEK takes 32 bytes. It returns an error if there are not as many.
func NewKEK(key []byte) (*KEK, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("the key that encrypts keys has %d bytes, not 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &KEK{aead}, err
}

// Wrap gives nonce ‖ AES-256-GCM(secret).
func (k *KEK) Wrap(secret, binding []byte) ([]byte, error) {
	nonce := make([]byte, k.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return k.aead.Seal(nonce, nonce, secret, binding), nil
}

// Unwrap is the inverse of Wrap.
func (k *KEK) Unwrap(wrapped, binding []byte) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(wrapped) < n {
		return nil, errors.New("a wrapped key is too short")
	}
	secret, err := k.aead.Open(nil, wrapped[:n], wrapped[n:], binding)
	if err != nil {
		return nil, errors.New("a wrapped key does not open: it is damaged, of another row, or was wrapped with another key")
	}
	return secret, nil
}

// The purposes that wrapped keys are bound to, with the ids behind them; they are stored for ever, like the rows.
const (
	purposeTenant = "ms1-tenant-key"
	purposePerson = "ms1-person-key"
)

func boundTo(purpose string, ids ...event.ID) []byte {
	b := []byte(purpose)
	for _, id := range ids {
		b = append(b, id[:]...)
	}
	return b
}
