package postgres

import (
	"context"

	"multistream/shared/event"
	"multistream/sync/ingest"
)

// nudging is a store of ingest that tells of sessions whose log went on.
type nudging struct {
	ingest.Store
	tell func(tenant, session event.ID)
}

// Nudging gives a store of ingest that calls tell, which must not wait, for each session that got events, once they are committed.
// What it does not tell, because the process ends, is found by the projector's poll.
func Nudging(s ingest.Store, tell func(tenant, session event.ID)) ingest.Store {
	return &nudging{s, tell}
}

func (n *nudging) Do(ctx context.Context, stream ingest.Stream, do func(ingest.Tx) error) error {
	var written map[ingest.Ref]bool
	err := n.Store.Do(ctx, stream, func(tx ingest.Tx) error {
		written = map[ingest.Ref]bool{}
		return do(&nudgingTx{tx, written})
	})
	if err != nil {
		return err
	}
	for r := range written {
		n.tell(r.TenantID, r.SessionID)
	}
	return nil
}

type nudgingTx struct {
	ingest.Tx
	written map[ingest.Ref]bool
}

func (t *nudgingTx) Write(ctx context.Context, c *ingest.Changes) error {
	for i := range c.Events {
		t.written[ingest.Ref{TenantID: c.Events[i].Event.TenantID, SessionID: c.Events[i].Event.SessionID}] = true
	}
	return t.Tx.Write(ctx, c)
}
