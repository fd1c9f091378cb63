package postgres

import (
	"bytes"
	"context"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"

	"multistream/shared/event"
	"multistream/sync/ingest"
)

// byTenant calls do for each of the edge's tenants among the items, in order of id, with the places of its items; the transaction
// works in that tenant's name meanwhile. Items of other tenants are passed over.
func byTenant[T any](ctx context.Context, t *ingestTx, items []T, of func(T) event.ID, do func(tenant event.ID, at []int) error) error {
	places := map[event.ID][]int{}
	for i, item := range items {
		places[of(item)] = append(places[of(item)], i)
	}
	tenants := make([]event.ID, 0, len(places))
	for tenant := range places {
		tenants = append(tenants, tenant)
	}
	slices.SortFunc(tenants, func(a, b event.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, tenant := range tenants {
		ok, err := t.in(ctx, tenant)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := do(tenant, places[tenant]); err != nil {
			return err
		}
	}
	return nil
}

// Sessions gives where sessions end, and locks their heads in one order for all.
func (t *ingestTx) Sessions(ctx context.Context, refs []ingest.Ref) ([]ingest.Session, error) {
	out := make([]ingest.Session, len(refs))
	err := byTenant(ctx, t, refs, func(r ingest.Ref) event.ID { return r.TenantID }, func(tenant event.ID, at []int) error {
		ids, place := make([]pgtype.UUID, len(at)), map[pgtype.UUID]int{}
		for i, n := range at {
			ids[i] = uuidOf(refs[n].SessionID)
			place[ids[i]] = n
			t.unopened[refs[n]] = true
		}
		heads, err := t.q.LockHeads(ctx, uuidOf(tenant), ids)
		if err != nil {
			return err
		}
		for _, h := range heads {
			n := place[h.SessionID]
			delete(t.unopened, refs[n])
			if h.Sequence == 0 {
				continue
			}
			hash, err := hashOf(h.Hash)
			if err != nil {
				return err
			}
			out[n].End = ingest.End{Epoch: h.Epoch, Sequence: h.Sequence, Hash: hash, EdgeID: idOf(h.EdgeID), CreatedAt: event.Time(h.CreatedAt),
				Closed: event.Closed{By: h.ClosedBy, Archived: h.Archived}}
		}
		holds, err := t.q.Holds(ctx, uuidOf(tenant), uuidOf(t.stream.Edge), ids)
		if err != nil {
			return err
		}
		for _, h := range holds {
			out[place[h.SessionID]].Hold = ingest.Hold{From: h.FromSequence, Superseded: h.Superseded, Why: h.Reason}
		}
		receipts, err := t.q.LastReceipts(ctx, uuidOf(tenant), ids)
		for i := range receipts {
			if err != nil {
				return err
			}
			out[place[receipts[i].SessionID]].Receipt, err = receiptOf(&receipts[i])
		}
		return err
	})
	return out, err
}

// Kept tells what is stored at places, in the log or aside.
func (t *ingestTx) Kept(ctx context.Context, places []ingest.Place) ([]ingest.Kept, error) {
	out := make([]ingest.Kept, len(places))
	type spot struct {
		session  pgtype.UUID
		sequence int64
	}
	err := byTenant(ctx, t, places, func(p ingest.Place) event.ID { return p.TenantID }, func(tenant event.ID, at []int) error {
		sessions, sequences, positions := make([]pgtype.UUID, len(at)), make([]int64, len(at)), make([]int64, len(at))
		inLog, aside := map[spot]event.Hash{}, map[int64][]event.Hash{}
		for i, n := range at {
			p := places[n]
			sessions[i], sequences[i], positions[i] = uuidOf(p.SessionID), p.Sequence, p.Position
		}
		rows, err := t.q.KeptInLog(ctx, sessions, sequences, uuidOf(tenant))
		if err != nil {
			return err
		}
		for _, r := range rows {
			if inLog[spot{r.SessionID, r.Sequence}], err = hashOf(r.Hash); err != nil {
				return err
			}
		}
		beside, err := t.q.KeptAside(ctx, uuidOf(tenant), uuidOf(t.stream.Incarnation), positions)
		if err != nil {
			return err
		}
		for _, r := range beside {
			digest, err := hashOf(r.Digest)
			if err != nil {
				return err
			}
			aside[r.Position] = append(aside[r.Position], digest)
		}
		for i, n := range at {
			out[n] = ingest.Kept{Log: inLog[spot{sessions[i], sequences[i]}], Aside: aside[positions[i]]}
		}
		return nil
	})
	return out, err
}
