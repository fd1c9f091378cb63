package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

const selectAudit = "SELECT tenant_id, number, at, actor_id, action, target_id, details, prev_hash, hash FROM audit_log WHERE tenant_id = $1 "

// Audit gives a page of a tenant's audit, newest first, of entries before the given number; 0: from the newest.
func (p *People) Audit(ctx context.Context, tenant event.ID, before int64, limit int) ([]directory.AuditEntry, error) {
	return list(ctx, p.of(tenant), scanAudit, selectAudit+"AND ($2 = 0 OR number < $2) ORDER BY number DESC LIMIT $3", uuid(tenant), before, limit)
}

// VerifyAudit checks the whole chain of a tenant's audit and tells how many entries it has. It returns an error wrapping
// eventlog.ErrDamaged that names the first entry that is not what was written. Entries cut off at the end leave no trace in it.
func (p *People) VerifyAudit(ctx context.Context, tenant event.ID) (int64, error) {
	var last directory.AuditEntry
	for {
		page, err := list(ctx, p.of(tenant), scanAudit, selectAudit+"AND number > $2 ORDER BY number LIMIT 500", uuid(tenant), last.Number)
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

// Audit appends an entry; number, hashes and tenant are set here.
func (e *Edit) Audit(a directory.AuditEntry) error {
	last, _, err := one(e.ctx, e.asks(), scanAudit, selectAudit+"ORDER BY number DESC LIMIT 1", uuid(e.tenant))
	if err != nil {
		return err
	}
	a.TenantID, a.Number, a.PrevHash = e.tenant, last.Number+1, last.Hash
	a.Hash = a.Sum()
	return e.exec("INSERT INTO audit_log (tenant_id, number, at, actor_id, action, target_id, details, prev_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		uuid(a.TenantID), a.Number, int64(a.At), uuidOrNull(a.ActorID), a.Action, uuidOrNull(a.TargetID), a.Details, a.PrevHash[:], a.Hash[:])
}

func scanAudit(row pgx.Row) (a directory.AuditEntry, err error) {
	return a, row.Scan(idInto{&a.TenantID}, &a.Number, (*int64)(&a.At), idInto{&a.ActorID}, &a.Action, idInto{&a.TargetID}, &a.Details, hashInto{&a.PrevHash}, hashInto{&a.Hash})
}
