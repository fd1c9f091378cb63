package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// uuidOf gives an id as the driver takes it; an absent one is NULL.
func uuidOf(id event.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: !id.IsZero()} }

// idOf is the inverse of uuidOf.
func idOf(u pgtype.UUID) event.ID {
	if !u.Valid {
		return event.ID{}
	}
	return event.ID(u.Bytes)
}

func uuidsOf(ids []event.ID) []pgtype.UUID {
	out := make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		out[i] = uuidOf(id)
	}
	return out
}

// present keeps absent bytes from becoming NULL.
func present(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// hashOf reads 32 bytes, which the schema promises.
func hashOf(b []byte) (h event.Hash, err error) {
	if len(b) != len(h) {
		return h, fmt.Errorf("a hash of %d bytes: %w", len(b), eventlog.ErrDamaged)
	}
	return event.Hash(b), nil
}

// eventOf gives a stored row as an event, as it was sent. It does not look whether it is sound.
func eventOf(r *query.SessionStateEvent) (e event.Event, err error) {
	e = event.Event{ID: idOf(r.ID), TenantID: idOf(r.TenantID), SessionID: idOf(r.SessionID), Epoch: r.Epoch, Sequence: r.Sequence, Type: r.EventType,
		SchemaVersion: r.SchemaVersion, Payload: r.EventPayload, ActorID: idOf(r.ActorID), EdgeID: idOf(r.EdgeID), CreatedAt: event.Time(r.CreatedAt),
		IdempotencyKey: string(r.IdempotencyKey)}
	if len(r.CommandDigest) > 0 {
		e.CommandDigest = r.CommandDigest
	}
	if len(r.Salt) != len(e.Salt) || len(r.PrevHash) != len(e.PrevHash) || len(r.Hash) != len(e.Hash) {
		return e, damaged(e.SessionID, e.Sequence, "a field has another length")
	}
	e.Salt, e.PrevHash, e.Hash = [16]byte(r.Salt), event.Hash(r.PrevHash), event.Hash(r.Hash)
	return e, nil
}

// soundEvent gives a stored row as an event, checked against its hash: a bad one is never served.
func soundEvent(r *query.SessionStateEvent) (event.Event, error) {
	e, err := eventOf(r)
	if err == nil && e.ComputeHash() != e.Hash {
		err = damaged(e.SessionID, e.Sequence, "the content does not match its hash")
	}
	return e, err
}

// damaged names what can't be served.
func damaged(session event.ID, sequence int64, what string) error {
	return fmt.Errorf("session %s sequence %d: %s: %w", session, sequence, what, eventlog.ErrDamaged)
}
