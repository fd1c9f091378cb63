package projector

import (
	"context"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// snapshot stores the state after a step every so many events, and at the end of the class, personal fields sealed, as an edge does; no
// edge signed it. It is a cache: a failure is logged.
func (p *Projector) snapshot(ctx context.Context, r Ref, s *stepping) {
	c := s.kept
	if c.sequence == c.snapped || c.sequence-c.snapped < p.o.SnapshotEvery && !s.over {
		return
	}
	at := event.Position{Epoch: c.state.Epoch, Sequence: c.state.Sequence}
	sealed, err := event.SealCopy(c.state, event.SnapshotContext(r.TenantID, r.SessionID, at), p.o.Store.Ring(ctx))
	var state []byte
	if err == nil {
		state, err = event.EncodeState(sealed)
	}
	if err == nil {
		snap := eventlog.Snapshot{TenantID: r.TenantID, SessionID: r.SessionID, Epoch: at.Epoch, Sequence: at.Sequence, Hash: c.hash, Format: session.Format, State: state}
		err = p.o.Store.SaveSnapshot(ctx, snap)
	}
	if err != nil {
		p.log.Warn("no snapshot", "session", r.SessionID, "sequence", at.Sequence, "error", err)
		return
	}
	c.snapped = c.sequence
}
