package sqlite

import (
	"database/sql"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// eventColumns are the columns of an event in the order of appendRow and scanEvent.
const eventColumns = `id, tenant_id, session_id, epoch, sequence, event_type, schema_version, event_payload, actor_id,
 edge_id, created_at, idempotency_key, command_digest, salt, prev_hash, hash`

// appendRow adds the values of an event's columns. They point into the event.
func appendRow(args []any, e *event.Event) []any {
	return append(args, e.ID[:], e.TenantID[:], e.SessionID[:], e.Epoch, e.Sequence, e.Type, e.SchemaVersion, present(e.Payload),
		idBytes(&e.ActorID), idBytes(&e.EdgeID), int64(e.CreatedAt), e.IdempotencyKey, present(e.CommandDigest),
		e.Salt[:], e.PrevHash[:], e.Hash[:])
}

// present keeps an absent text from becoming NULL, which a unique index would take for unlike itself.
func present(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func idBytes(id *event.ID) []byte {
	if id.IsZero() {
		return []byte{}
	}
	return id[:]
}

// A rowScanner reads events. Its raw fields point into the driver's memory until the next row.
type rowScanner struct {
	id, tenant, session, payload, actor, edge, digest, salt, prev, hash sql.RawBytes
	kind, key                                                           sql.RawBytes
	epoch, sequence, version, created                                   int64
}

func (r *rowScanner) targets(before ...any) []any {
	return append(before, &r.id, &r.tenant, &r.session, &r.epoch, &r.sequence, &r.kind, &r.version, &r.payload, &r.actor,
		&r.edge, &r.created, &r.key, &r.digest, &r.salt, &r.prev, &r.hash)
}

// event gives the scanned row with bytes of its own, checked against its hash. A bad row is ErrDamaged with its place.
func (r *rowScanner) event() (e event.Event, err error) {
	for _, f := range []struct {
		to   []byte
		from sql.RawBytes
		some bool // may be absent
	}{
		{e.ID[:], r.id, false}, {e.TenantID[:], r.tenant, false}, {e.SessionID[:], r.session, false}, {e.ActorID[:], r.actor, true},
		{e.EdgeID[:], r.edge, true}, {e.Salt[:], r.salt, false}, {e.PrevHash[:], r.prev, false}, {e.Hash[:], r.hash, false},
	} {
		if len(f.from) != len(f.to) && (len(f.from) != 0 || !f.some) {
			return e, damagedRow(r, "a field has another length")
		}
		copy(f.to, f.from)
	}
	e.Epoch, e.Sequence, e.SchemaVersion, e.CreatedAt = r.epoch, r.sequence, r.version, event.Time(r.created)
	e.Type, e.IdempotencyKey = string(r.kind), string(r.key)
	e.Payload = append([]byte{}, r.payload...)
	if len(r.digest) > 0 {
		e.CommandDigest = append([]byte{}, r.digest...)
	}
	if e.ComputeHash() != e.Hash {
		return e, damagedRow(r, "the content does not match its hash")
	}
	return e, nil
}

func damagedRow(r *rowScanner, what string) error {
	var session event.ID
	copy(session[:], r.session)
	return damaged(session, r.sequence, what)
}

// damaged names what can't be served.
func damaged(session event.ID, sequence int64, what string) error {
	return fmt.Errorf("session %s sequence %d: %s: %w", session, sequence, what, eventlog.ErrDamaged)
}

// scanHead reads one row of session_heads; none is the zero Head.
func scanHead(rows *sql.Rows) (h eventlog.Head, err error) {
	if !rows.Next() {
		return h, rows.Err()
	}
	var hash []byte
	var created int64
	if err := rows.Scan(&h.Epoch, &h.Sequence, &hash, &created); err != nil {
		return h, err
	}
	if len(hash) != len(h.Hash) {
		return h, fmt.Errorf("a head's hash has %d bytes: %w", len(hash), eventlog.ErrDamaged)
	}
	copy(h.Hash[:], hash)
	h.CreatedAt = event.Time(created)
	return h, rows.Err()
}
