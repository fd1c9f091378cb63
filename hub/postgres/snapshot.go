package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/hub/postgres/query"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// keptSnapshots is how many of a session and format stay: the newest, and one to fall back on.
const keptSnapshots = 2

// SaveSnapshot stores a snapshot and lets older ones go. It returns ErrNotFound if the tenant has no such session.
func (l *Log) SaveSnapshot(ctx context.Context, n eventlog.Snapshot) error {
	err := l.db.inTenant(ctx, n.TenantID, func(tx pgx.Tx) error {
		q := query.New(tx)
		head, err := headOf(ctx, q, n.TenantID, n.SessionID)
		if err != nil {
			return err
		}
		if head.Sequence == 0 {
			return eventlog.ErrNotFound
		}
		err = q.SaveSnapshot(ctx, query.SaveSnapshotParams{TenantID: uuidOf(n.TenantID), SessionID: uuidOf(n.SessionID), Format: n.Format, Sequence: n.Sequence,
			Epoch: n.Epoch, Hash: n.Hash[:], EdgeID: uuidOf(n.Signed.EdgeID), KeyID: uuidOf(n.Signed.KeyID), Signature: present(n.Signed.Signature),
			State: present(n.State), Digest: snapshotDigest(&n)})
		if err != nil {
			return err
		}
		return q.DropOldSnapshots(ctx, query.DropOldSnapshotsParams{TenantID: uuidOf(n.TenantID), SessionID: uuidOf(n.SessionID), Format: n.Format, Kept: keptSnapshots})
	})
	if err != nil {
		return fmt.Errorf("save a snapshot of session %s at %d: %w", n.SessionID, n.Sequence, err)
	}
	return nil
}

// LatestSnapshot gives the newest snapshot with Sequence <= atMost and this format that matches the log and is whole.
func (l *Log) LatestSnapshot(ctx context.Context, tenant, session event.ID, atMost, format int64) (s eventlog.Snapshot, ok bool, err error) {
	err = l.db.inTenant(ctx, tenant, func(tx pgx.Tx) error {
		q := query.New(tx)
		rows, err := q.Snapshots(ctx, query.SnapshotsParams{TenantID: uuidOf(tenant), SessionID: uuidOf(session), Format: format, AtMost: atMost})
		if err != nil {
			return err
		}
		for i := range rows {
			n, sound := snapshotOf(&rows[i])
			if !sound {
				continue // it is a cache: another one, or the log itself, takes its place
			}
			at, err := q.Events(ctx, query.EventsParams{TenantID: uuidOf(tenant), SessionID: uuidOf(session), FirstSequence: n.Sequence, Most: 1})
			if err != nil {
				return err
			}
			if len(at) == 1 && at[0].Sequence == n.Sequence && bytes.Equal(at[0].Hash, n.Hash[:]) {
				s, ok = n, true
				return nil
			}
		}
		return nil
	})
	return s, ok, err
}

func snapshotOf(r *query.Snapshot) (n eventlog.Snapshot, sound bool) {
	n = eventlog.Snapshot{TenantID: idOf(r.TenantID), SessionID: idOf(r.SessionID), Epoch: r.Epoch, Sequence: r.Sequence, Format: r.Format, State: r.State}
	if len(r.Hash) != len(n.Hash) {
		return n, false
	}
	n.Hash = event.Hash(r.Hash)
	n.Signed = event.Head{TenantID: n.TenantID, SessionID: n.SessionID, Epoch: n.Epoch, Sequence: n.Sequence, Hash: n.Hash,
		EdgeID: idOf(r.EdgeID), KeyID: idOf(r.KeyID), Signature: r.Signature}
	return n, bytes.Equal(snapshotDigest(&n), r.Digest)
}

// snapshotDigest is over all that is stored of a snapshot: it has no chain to be checked against.
func snapshotDigest(n *eventlog.Snapshot) []byte {
	h := sha256.New()
	var numbers []byte
	for _, v := range []int64{n.Format, n.Sequence, n.Epoch, int64(len(n.Signed.Signature)), int64(len(n.State))} {
		numbers = binary.BigEndian.AppendUint64(numbers, uint64(v))
	}
	for _, part := range [][]byte{n.TenantID[:], n.SessionID[:], numbers, n.Hash[:], n.Signed.EdgeID[:], n.Signed.KeyID[:], n.Signed.Signature, n.State} {
		h.Write(part)
	}
	return h.Sum(nil)
}
