package sqlite

import (
	"context"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

const selectAudit = "SELECT tenant_id, number, at, actor_id, action, target_id, details, prev_hash, hash FROM audit WHERE tenant_id = ? "

// Audit gives a page of a tenant's audit, newest first, of entries before the given number; 0: from the newest.
func (s *Store) Audit(ctx context.Context, tenant event.ID, before int64, limit int) ([]directory.AuditEntry, error) {
	return list(ctx, s.readers, scanAudit, selectAudit+"AND (? = 0 OR number < ?) ORDER BY number DESC LIMIT ?", tenant[:], before, before, limit)
}

// VerifyAudit checks the whole chain of a tenant's audit and tells how many entries it has. It returns an error wrapping
// ErrDamaged that names the first entry that is not what was written. Entries cut off at the end leave no trace in it.
func (s *Store) VerifyAudit(ctx context.Context, tenant event.ID) (int64, error) {
	var last directory.AuditEntry
	for {
		page, err := list(ctx, s.readers, scanAudit, selectAudit+"AND number > ? ORDER BY number LIMIT 500", tenant[:], last.Number)
		if err != nil {
			return last.Number, err
		}
		for _, a := range page {
			if a.Number != last.Number+1 || a.PrevHash != last.Hash || a.Sum() != a.Hash {
				return last.Number, fmt.Errorf("audit of %s, entry %d: %w", tenant, last.Number+1, eventlog.ErrDamaged)
			}
			last = a
		}
		if len(page) == 0 {
			return last.Number, nil
		}
	}
}

func scanAudit(scan scanner) (a directory.AuditEntry, err error) {
	var prev, hash []byte
	err = scan(idInto{&a.TenantID}, &a.Number, &a.At, idInto{&a.ActorID}, &a.Action, idInto{&a.TargetID}, &a.Details, &prev, &hash)
	copy(a.PrevHash[:], prev)
	copy(a.Hash[:], hash)
	return a, err
}
