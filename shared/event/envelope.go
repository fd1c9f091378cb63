// Package event holds what a fact of a class is: its envelope, its bytes, its hash, its types and who may see them.
package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Hash is a SHA-256 sum.
type Hash [32]byte

// String gives the lower-case hex form.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes lower-case hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 lower-case hex digits.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != 64 {
		return errors.New("hash: want 64 hex digits")
	}
	for i := range h {
		high, low := hexValue(b[2*i]), hexValue(b[2*i+1])
		if high > 15 || low > 15 {
			return errors.New("hash: want 64 hex digits in lower case")
		}
		h[i] = high<<4 | low
	}
	return nil
}

// Time is UTC in whole milliseconds since 1970. Its JSON form is ISO-8601: "2026-11-23T08:15:00.123Z". Zero is absent.
type Time int64

const isoMillis = "2006-01-02T15:04:05.000Z"

// TimeOf cuts t down to whole milliseconds.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Std gives the standard library's time, in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// String gives the ISO-8601 form, or "" for an absent time.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.Std().Format(isoMillis)
}

// MarshalText writes the ISO-8601 form.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads RFC 3339 with any offset, cut down to milliseconds; the empty text is the absent time. It refuses what
// is not in the years 1 to 9999 of UTC, which could not be written again.
func (t *Time) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = 0
		return nil
	}
	v, err := time.Parse(time.RFC3339Nano, string(b))
	odd := len(b) < 20 || b[13] != ':' || bytes.IndexByte(b, ',') >= 0 // which Go takes, others don't
	if err != nil || odd || v.UTC().Year() < 1 || v.UTC().Year() > 9999 {
		return fmt.Errorf("time %q: want ISO-8601 like 2026-11-23T08:15:00Z", clip(string(b)))
	}
	*t = TimeOf(v)
	return nil
}

// Event is one row of session_state_events. A row is written once and never changed.
type Event struct {
	ID             ID
	TenantID       ID
	SessionID      ID
	Epoch          int64 // ownership term, from 1
	Sequence       int64 // 1, 2, 3 … without a gap, per session
	Type           string
	SchemaVersion  int64
	Payload        []byte // JSON, personal fields sealed; stored and hashed exactly as they are
	ActorID        ID     // absent for a fact of the system
	EdgeID         ID
	CreatedAt      Time
	IdempotencyKey string // client key "#" number of the fact its command made, from 1
	CommandDigest  []byte // 32 bytes, or none
	Salt           [16]byte
	PrevHash       Hash
	Hash           Hash
}

// Genesis is the prevHash of a session's first event: SHA-256("ms1" ‖ tenantId ‖ sessionId).
func Genesis(tenant, session ID) Hash {
	b := make([]byte, 0, 3+32)
	b = append(b, "ms1"...)
	b = append(b, tenant[:]...)
	b = append(b, session[:]...)
	return sha256.Sum256(b)
}

// Header gives the canonical bytes of everything in the envelope from id to commandDigest except the payload: each
// field as uint32 big-endian length ‖ bytes; ids 16 raw bytes, numbers int64 big-endian, text UTF-8, absent = length 0.
func (e *Event) Header() []byte {
	b := make([]byte, 0, 256)
	for _, f := range [][]byte{
		e.ID.Bytes(), e.TenantID.Bytes(), e.SessionID.Bytes(), int64Bytes(e.Epoch), int64Bytes(e.Sequence),
		[]byte(e.Type), int64Bytes(e.SchemaVersion), e.ActorID.Bytes(), e.EdgeID.Bytes(),
		int64Bytes(int64(e.CreatedAt)), []byte(e.IdempotencyKey), e.CommandDigest,
	} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return b
}

// ComputeHash gives SHA-256("ms1" ‖ prevHash ‖ header ‖ SHA-256(salt ‖ payload)).
func (e *Event) ComputeHash() Hash {
	inner := sha256.New()
	inner.Write(e.Salt[:])
	inner.Write(e.Payload)
	outer := sha256.New()
	outer.Write([]byte("ms1"))
	outer.Write(e.PrevHash[:])
	outer.Write(e.Header())
	outer.Write(inner.Sum(nil))
	return Hash(outer.Sum(nil))
}

// Verify returns an error naming what is wrong if e does not follow prev (nil for the first event) in its chain.
func (e *Event) Verify(prev *Event) error {
	want, sequence := Genesis(e.TenantID, e.SessionID), int64(1)
	if prev != nil {
		want, sequence = prev.Hash, prev.Sequence+1
	}
	switch {
	case e.Sequence != sequence:
		return fmt.Errorf("sequence %d where %d belongs", e.Sequence, sequence)
	case e.PrevHash != want:
		return fmt.Errorf("sequence %d: prevHash is not the hash of the event before it", e.Sequence)
	case e.ComputeHash() != e.Hash:
		return fmt.Errorf("sequence %d: content does not match its hash", e.Sequence)
	case prev != nil && e.CreatedAt < prev.CreatedAt:
		return fmt.Errorf("sequence %d: createdAt goes backwards", e.Sequence)
	case prev != nil && (e.TenantID != prev.TenantID || e.SessionID != prev.SessionID):
		return fmt.Errorf("sequence %d: belongs to another session", e.Sequence)
	case prev != nil && e.Epoch < prev.Epoch:
		return fmt.Errorf("sequence %d: epoch goes backwards", e.Sequence)
	}
	return nil
}

// Same reports whether two events are the same row, byte for byte.
func (e *Event) Same(o *Event) bool {
	return e.Hash == o.Hash && e.Salt == o.Salt && bytes.Equal(e.Payload, o.Payload) && bytes.Equal(e.Header(), o.Header())
}

func int64Bytes(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
