package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
	"multistream/sync/ingest"
)

// writeAside keeps what does not go to the log, and the holds that say why. Events of tenants that are not the edge's never get here:
// their batch is refused.
func (t *ingestTx) writeAside(ctx context.Context, c *ingest.Changes) error {
	err := byTenant(ctx, t, c.Aside, func(a ingest.Aside) event.ID { return a.Event.TenantID }, func(_ event.ID, at []int) error {
		var held []query.HoldEventParams
		var superseded []query.SupersedeParams
		for _, n := range at {
			row := asideRow(&c.Aside[n], t.stream.Incarnation)
			if c.Aside[n].Superseded {
				superseded = append(superseded, query.SupersedeParams(row))
			} else {
				held = append(held, row)
			}
		}
		if err := all(t.q.HoldEvent(ctx, held)); err != nil {
			return err
		}
		return all(t.q.Supersede(ctx, superseded))
	})
	if err != nil {
		return fmt.Errorf("keep events aside: %w", err)
	}
	err = byTenant(ctx, t, c.Holds, func(h ingest.SessionHold) event.ID { return h.TenantID }, func(_ event.ID, at []int) error {
		var rows []query.HoldSessionParams
		for _, n := range at {
			h := &c.Holds[n]
			rows = append(rows, query.HoldSessionParams{TenantID: uuidOf(h.TenantID), SessionID: uuidOf(h.SessionID), EdgeID: uuidOf(t.stream.Edge),
				FromSequence: h.From, Superseded: h.Superseded, Reason: h.Why})
		}
		return all(t.q.HoldSession(ctx, rows))
	})
	if err != nil {
		return fmt.Errorf("hold a session: %w", err)
	}
	return nil
}

func asideRow(a *ingest.Aside, incarnation event.ID) query.HoldEventParams {
	e := &a.Event
	return query.HoldEventParams{TenantID: uuidOf(e.TenantID), SessionID: uuidOf(e.SessionID), Sequence: e.Sequence, Epoch: e.Epoch,
		ID: pgtype.UUID{Bytes: e.ID, Valid: true}, ActorID: uuidOf(e.ActorID), EdgeID: uuidOf(e.EdgeID), CreatedAt: int64(e.CreatedAt),
		SchemaVersion: e.SchemaVersion, Position: a.Position, Incarnation: uuidOf(incarnation), EventType: e.Type, IdempotencyKey: []byte(e.IdempotencyKey),
		CommandDigest: present(e.CommandDigest), Salt: e.Salt[:], PrevHash: e.PrevHash[:], Hash: e.Hash[:], EventPayload: present(e.Payload), Digest: a.Digest[:]}
}

// writeStatements keeps signed heads and receipts.
func (t *ingestTx) writeStatements(ctx context.Context, c *ingest.Changes) error {
	err := byTenant(ctx, t, c.Heads, func(h event.Head) event.ID { return h.TenantID }, func(_ event.ID, at []int) error {
		var rows []query.AddSignedHeadParams
		for _, n := range at {
			h := &c.Heads[n]
			rows = append(rows, query.AddSignedHeadParams{TenantID: uuidOf(h.TenantID), SessionID: uuidOf(h.SessionID), Epoch: h.Epoch, Sequence: h.Sequence,
				Hash: h.Hash[:], EdgeID: uuidOf(h.EdgeID), KeyID: uuidOf(h.KeyID), Signature: present(h.Signature)})
		}
		return all(t.q.AddSignedHead(ctx, rows))
	})
	if err != nil {
		return fmt.Errorf("keep signed heads: %w", err)
	}
	err = byTenant(ctx, t, c.Receipts, func(r event.Receipt) event.ID { return r.TenantID }, func(_ event.ID, at []int) error {
		var rows []query.AddReceiptParams
		for _, n := range at {
			r := &c.Receipts[n]
			rows = append(rows, query.AddReceiptParams{TenantID: uuidOf(r.TenantID), SessionID: uuidOf(r.SessionID), Epoch: r.Epoch, Sequence: r.Sequence,
				Hash: r.Hash[:], EdgeID: uuidOf(r.EdgeID), KeyID: uuidOf(r.KeyID), ReceivedAt: int64(r.ReceivedAt), Signature: present(r.Signature)})
		}
		return all(t.q.AddReceipt(ctx, rows))
	})
	if err != nil {
		return fmt.Errorf("keep receipts: %w", err)
	}
	return nil
}

func receiptOf(r *query.Receipt) (event.Receipt, error) {
	hash, err := hashOf(r.Hash)
	return event.Receipt{Head: event.Head{TenantID: idOf(r.TenantID), SessionID: idOf(r.SessionID), Epoch: r.Epoch, Sequence: r.Sequence, Hash: hash,
		EdgeID: idOf(r.EdgeID), KeyID: idOf(r.KeyID), Signature: r.Signature}, ReceivedAt: event.Time(r.ReceivedAt)}, err
}

func (t *ingestTx) nameSigningKeys(ctx context.Context, c *ingest.Changes) error {
	if len(c.SigningKeys) == 0 {
		return nil
	}
	var rows []query.NameSigningKeyParams
	for _, k := range c.SigningKeys {
		rows = append(rows, query.NameSigningKeyParams{ID: uuidOf(event.KeyIDOf(k)), EdgeID: uuidOf(t.stream.Edge), PublicKey: k})
	}
	if err := all(t.q.NameSigningKey(ctx, rows)); err != nil {
		return fmt.Errorf("keep the edge's public keys: %w", err)
	}
	return nil
}

// raise stores alarms. What they are about may be absent, or of a tenant that is not the edge's: zeros stand for what is absent.
func (t *ingestTx) raise(ctx context.Context, c *ingest.Changes) error {
	if len(c.Alarms) == 0 {
		return nil
	}
	there := func(id event.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }
	var rows []query.RaiseAlarmParams
	for i := range c.Alarms {
		a := &c.Alarms[i]
		rows = append(rows, query.RaiseAlarmParams{Kind: string(a.Kind), EdgeID: uuidOf(a.Edge), Incarnation: uuidOf(a.Incarnation), TenantID: there(a.TenantID),
			SessionID: there(a.SessionID), Sequence: a.Sequence, Position: a.Position, RaisedAt: pgtype.Timestamptz{Time: a.At.Std(), Valid: true}, Reason: a.Why})
	}
	if err := all(t.q.RaiseAlarm(ctx, rows)); err != nil {
		return fmt.Errorf("raise an alarm: %w", err)
	}
	return nil
}
