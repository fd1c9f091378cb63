package event

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// KeyID names a signing key: the first 16 bytes of SHA-256 of its ed25519 public key.
type KeyID = ID

// KeyIDOf names a public key.
func KeyIDOf(public ed25519.PublicKey) KeyID {
	sum := sha256.Sum256(public)
	return KeyID(sum[:16])
}

// Head is a signed statement of an edge that a session's log ended in this event at some moment.
type Head struct {
	TenantID  ID     `json:"tenantId"`
	SessionID ID     `json:"sessionId"`
	Epoch     int64  `json:"epoch"`
	Sequence  int64  `json:"sequence"`
	Hash      Hash   `json:"hash"`
	EdgeID    ID     `json:"edgeId"`
	KeyID     KeyID  `json:"keyId"`
	Signature []byte `json:"signature"`
}

// HeadOf makes the unsigned head of e.
func HeadOf(e *Event) Head {
	return Head{TenantID: e.TenantID, SessionID: e.SessionID, Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, EdgeID: e.EdgeID}
}

// Sign sets KeyID and Signature: ed25519 over "ms1-head" ‖ tenantId ‖ sessionId ‖ epoch ‖ sequence ‖ hash ‖ edgeId ‖
// keyId; ids 16 raw bytes, numbers int64 big-endian, the hash 32 raw bytes.
func (h *Head) Sign(key ed25519.PrivateKey) {
	h.KeyID = KeyIDOf(key.Public().(ed25519.PublicKey))
	h.Signature = ed25519.Sign(key, h.message("ms1-head"))
}

// Verify returns an error if the signature was not made by that key over these fields.
func (h *Head) Verify(public ed25519.PublicKey) error {
	if len(public) != ed25519.PublicKeySize || h.KeyID != KeyIDOf(public) {
		return errors.New("head is signed with another key")
	}
	if !ed25519.Verify(public, h.message("ms1-head"), h.Signature) {
		return errors.New("head signature is not valid")
	}
	return nil
}

func (h *Head) message(domain string) []byte {
	b := append(make([]byte, 0, 128), domain...)
	b = append(b, h.TenantID[:]...)
	b = append(b, h.SessionID[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.Epoch))
	b = binary.BigEndian.AppendUint64(b, uint64(h.Sequence))
	b = append(b, h.Hash[:]...)
	b = append(b, h.EdgeID[:]...)
	return append(b, h.KeyID[:]...)
}
