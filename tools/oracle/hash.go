package main

import (
	"crypto/sha256"
	"encoding/binary"
)

// row is one stored event, its ids as 16 raw bytes (none when absent).
type row struct {
	place                int64 // incarnation number × 2^40 + edge position
	id, tenant, session  []byte
	epoch, sequence      int64
	eventType            string
	schemaVersion        int64
	payload              []byte
	actor, edge          []byte
	createdAt            int64 // milliseconds since 1970
	key                  string
	digest               []byte
	salt, previous, hash []byte
}

// sum computes a row's hash as docs/events.md defines it, from that page alone:
// SHA-256("ms1" ‖ prevHash ‖ header ‖ SHA-256(salt ‖ payload)).
func (r *row) sum() [32]byte {
	inner := sha256.Sum256(append(append([]byte{}, r.salt...), r.payload...))
	message := append([]byte("ms1"), r.previous...)
	field := func(b []byte) {
		message = binary.BigEndian.AppendUint32(message, uint32(len(b)))
		message = append(message, b...)
	}
	number := func(n int64) { field(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	field(r.id)
	field(r.tenant)
	field(r.session)
	number(r.epoch)
	number(r.sequence)
	field([]byte(r.eventType))
	number(r.schemaVersion)
	field(r.actor)
	field(r.edge)
	number(r.createdAt)
	field([]byte(r.key))
	field(r.digest)
	return sha256.Sum256(append(message, inner[:]...))
}

// genesis is the prevHash of a session's first event.
func genesis(tenant, session []byte) [32]byte {
	return sha256.Sum256(append(append([]byte("ms1"), tenant...), session...))
}
