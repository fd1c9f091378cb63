package directory

import (
	"crypto/sha256"
	"encoding/binary"

	"multistream/shared/event"
)

// UserFilter asks for a page of people, by name. The zero value of a field but Limit asks for all.
type UserFilter struct {
	Search string // part of a name, an e-mail address or a user name, whatever its case
	Role   Role   // tenant-wide
	Status string
	After  event.ID // the last of the page before
	Limit  int
}

// AuditEntry is one fact of a tenant's audit. Names and e-mail addresses have no place in it.
type AuditEntry struct {
	TenantID event.ID
	Number   int64 // from 1, without gaps
	At       event.Time
	ActorID  event.ID // absent: nobody in particular
	Action   string   // like user.changed
	TargetID event.ID // absent where it is about no one thing
	Details  string   // JSON
	PrevHash event.Hash
	Hash     event.Hash
}

// Sum gives the hash that the entry must have: over all its other fields, the hash before it included.
func (a *AuditEntry) Sum() event.Hash {
	b := []byte("multistream audit 1")
	text := func(t []byte) {
		b = binary.BigEndian.AppendUint64(b, uint64(len(t)))
		b = append(b, t...)
	}
	text(a.TenantID.Bytes())
	b = binary.BigEndian.AppendUint64(b, uint64(a.Number))
	b = binary.BigEndian.AppendUint64(b, uint64(a.At))
	text(a.ActorID.Bytes())
	text([]byte(a.Action))
	text(a.TargetID.Bytes())
	text([]byte(a.Details))
	text(a.PrevHash[:])
	return sha256.Sum256(b)
}
