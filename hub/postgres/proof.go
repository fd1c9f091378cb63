package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

const eventColumns = `id, tenant_id, session_id, epoch, sequence, event_type, schema_version, event_payload, actor_id, edge_id, created_at,
	idempotency_key, command_digest, salt, prev_hash, hash`

// Superseded gives the events that a higher epoch overtook, or that differ from the log's.
func (p *People) Superseded(ctx context.Context, tenant, session event.ID) ([]event.Event, error) {
	return list(ctx, p.of(tenant), scanEvent, "SELECT "+eventColumns+` FROM session_state_events_superseded
		WHERE tenant_id = $1 AND session_id = $2 ORDER BY sequence, epoch, incarnation, position`, uuid(tenant), uuid(session))
}

func scanEvent(row pgx.Row) (e event.Event, err error) {
	var salt, key []byte
	err = row.Scan(idInto{&e.ID}, idInto{&e.TenantID}, idInto{&e.SessionID}, &e.Epoch, &e.Sequence, &e.Type, &e.SchemaVersion, &e.Payload, idInto{&e.ActorID}, idInto{&e.EdgeID},
		(*int64)(&e.CreatedAt), &key, &e.CommandDigest, &salt, hashInto{&e.PrevHash}, hashInto{&e.Hash})
	e.IdempotencyKey = string(key)
	copy(e.Salt[:], salt)
	if err == nil && e.ComputeHash() != e.Hash {
		err = fmt.Errorf("session %s, sequence %d is not what its hash says: %w", e.SessionID, e.Sequence, eventlog.ErrDamaged)
	}
	return e, err
}

// SignedHeads gives what edges signed about a session, in its order.
func (p *People) SignedHeads(ctx context.Context, tenant, session event.ID) ([]event.Head, error) {
	return list(ctx, p.of(tenant), func(row pgx.Row) (h event.Head, err error) {
		return h, row.Scan(idInto{&h.TenantID}, idInto{&h.SessionID}, &h.Epoch, &h.Sequence, hashInto{&h.Hash}, idInto{&h.EdgeID}, idInto{&h.KeyID}, &h.Signature)
	}, `SELECT tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, signature FROM signed_heads
		WHERE tenant_id = $1 AND session_id = $2 ORDER BY sequence, epoch, key_id`, uuid(tenant), uuid(session))
}

// Receipts gives what the hub signed about a session, in its order.
func (p *People) Receipts(ctx context.Context, tenant, session event.ID) ([]event.Receipt, error) {
	return list(ctx, p.of(tenant), func(row pgx.Row) (r event.Receipt, err error) {
		return r, row.Scan(idInto{&r.TenantID}, idInto{&r.SessionID}, &r.Epoch, &r.Sequence, hashInto{&r.Hash}, idInto{&r.EdgeID}, idInto{&r.KeyID}, (*int64)(&r.ReceivedAt), &r.Signature)
	}, `SELECT tenant_id, session_id, epoch, sequence, hash, edge_id, key_id, received_at, signature FROM receipts
		WHERE tenant_id = $1 AND session_id = $2 ORDER BY sequence, epoch, received_at`, uuid(tenant), uuid(session))
}

// Signers gives the public keys of the edges that serve a tenant or signed for it, and of the hub.
func (p *People) Signers(ctx context.Context, tenant event.ID) ([]event.SigningKey, error) {
	return list(ctx, p.of(tenant), func(row pgx.Row) (k event.SigningKey, err error) {
		var public []byte
		err = row.Scan(idInto{&k.KeyID}, &k.Kind, idInto{&k.EdgeID}, &public)
		k.PublicKey = public
		return k, err
	}, `SELECT id, 'edge', edge_id, public_key FROM edge_signing_keys k WHERE EXISTS (SELECT 1 FROM signed_heads h WHERE h.tenant_id = $1 AND h.key_id = k.id)
		UNION ALL SELECT id, 'hub', NULL, public_key FROM signing_keys WHERE tenant_id = $1 AND purpose = 'receipt' ORDER BY 1`, uuid(tenant))
}
