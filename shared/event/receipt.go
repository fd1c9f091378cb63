package event

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
)

// Receipt is a signed statement of the hub that it has committed a session's log up to this event. KeyID is the hub's.
type Receipt struct {
	Head
	ReceivedAt Time `json:"receivedAt"`
}

// Sign sets KeyID and Signature: ed25519 over "ms1-receipt" ‖ the fields of a head ‖ receivedAt as int64.
func (r *Receipt) Sign(key ed25519.PrivateKey) {
	r.KeyID = KeyIDOf(key.Public().(ed25519.PublicKey))
	r.Signature = ed25519.Sign(key, r.message())
}

// Verify returns an error if the signature was not made by that key over these fields.
func (r *Receipt) Verify(public ed25519.PublicKey) error {
	if len(public) != ed25519.PublicKeySize || r.KeyID != KeyIDOf(public) {
		return errors.New("receipt is signed with another key")
	}
	if !ed25519.Verify(public, r.message(), r.Signature) {
		return errors.New("receipt signature is not valid")
	}
	return nil
}

func (r *Receipt) message() []byte {
	return binary.BigEndian.AppendUint64(r.Head.message("ms1-receipt"), uint64(r.ReceivedAt))
}
