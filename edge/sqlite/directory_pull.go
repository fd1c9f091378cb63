package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// What a hub sends down. A school's copy is at one version of one lineage, and every change of it is one transaction.

const selectCopy = "SELECT tenant_id, lineage, version, applied_at, confirmed_at FROM pulled WHERE lineage <> X'' "

// Copies gives the schools that a hub rules here, by id.
func (s *Store) Copies(ctx context.Context) ([]directory.Copy, error) {
	return list(ctx, s.readers, scanCopy, selectCopy+"ORDER BY tenant_id")
}

func scanCopy(scan scanner) (c directory.Copy, err error) {
	return c, scan(idInto{&c.TenantID}, idInto{&c.Lineage}, &c.Version, &c.AppliedAt, &c.ConfirmedAt)
}

// Confirm keeps when the hub last said that these copies are current.
func (s *Store) Confirm(ctx context.Context, tenants []event.ID, at event.Time) error {
	if len(tenants) == 0 {
		return nil
	}
	return s.change(ctx, func(ctx context.Context, q querier) error {
		for _, id := range tenants {
			if _, err := q.ExecContext(ctx, "UPDATE pulled SET confirmed_at = ? WHERE tenant_id = ? AND confirmed_at < ?", int64(at), id[:], int64(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ErrNotFollowing says that a change does not follow the copy that is there.
var ErrNotFollowing = errors.New("the change does not follow the copy of the school that is here")

// ApplyChange writes a change of a school that a hub rules, whole and durably, or returns an error and nothing of it is written but person
// keys and what was destroyed, which are final in any case. A change that was written before is no error. The first one makes the hub the
// ruler. What differs is found before the writer is asked, so that classes wait for that alone; but for the first change of a school.
func (s *Store) ApplyChange(ctx context.Context, c directory.Change) (directory.Applied, error) {
	values, err := valuesOf(c.Rows)
	if err != nil {
		return directory.Applied{}, err
	}
	if err := s.keys.takeOver(ctx, c.TenantID, values, c.Keys); err != nil {
		return directory.Applied{}, fmt.Errorf("person keys of the hub: %w", err)
	}
	ruled := !c.Before.Lineage.IsZero()
	if c.Full && ruled {
		if values, err = s.differing(ctx, s.readers, c.TenantID, values); err != nil {
			return directory.Applied{}, err
		}
	}
	var done directory.Applied
	err = s.change(ctx, func(ctx context.Context, q querier) (err error) {
		done = directory.Applied{} // the writer may run this again
		a := &applier{ctx: ctx, q: q, tenant: c.TenantID, at: c.At, ended: map[event.ID][]event.ID{}, fresh: map[event.ID]bool{}, stale: map[event.ID]bool{}, stmts: map[string]*sql.Stmt{}}
		defer func() { err = a.close(err) }()
		written, err := a.follows(&c)
		if err != nil || written {
			return err
		}
		values := values
		switch {
		case c.Left:
			return a.leave()
		case !ruled:
			if err := a.mayRule(values, c.Full); err != nil {
				return err
			}
			if values, err = s.differing(ctx, q, c.TenantID, values); err != nil {
				return err
			}
		}
		if err := a.write(values); err != nil {
			return err
		}
		if err := a.moved(&c); err != nil {
			return err
		}
		done, err = a.done()
		return err
	})
	if err != nil {
		return directory.Applied{}, err
	}
	return done, nil
}

// follows refuses a change that was made of another copy. written is true if it is here already.
func (a *applier) follows(c *directory.Change) (written bool, err error) {
	present, ruled, err := one(a.ctx, a.q, scanCopy, selectCopy+"AND tenant_id = ?", a.tenant[:])
	switch {
	case err != nil:
		return false, err
	case c.Left && !ruled:
		return true, nil
	case !c.Left && ruled && present.Lineage == c.Lineage && present.Version == c.Version && (present.Lineage != c.Before.Lineage || present.Version != c.Before.Version):
		return true, nil
	case present.Lineage != c.Before.Lineage || present.Version != c.Before.Version, !c.Left && !c.Full && c.Lineage != present.Lineage,
		!c.Left && c.Lineage == present.Lineage && c.Version < present.Version:
		return false, fmt.Errorf("%w: it has version %d, the change is from %d to %d", ErrNotFollowing, present.Version, c.Before.Version, c.Version)
	}
	return false, nil
}

// moved notes where the copy is now.
func (a *applier) moved(c *directory.Change) error {
	_, err := a.q.ExecContext(a.ctx, `INSERT INTO pulled (tenant_id, lineage, version, applied_at, confirmed_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id) DO UPDATE SET lineage = excluded.lineage, version = excluded.version, applied_at = excluded.applied_at, confirmed_at = excluded.confirmed_at`,
		a.tenant[:], c.Lineage[:], c.Version, int64(c.At), int64(c.At))
	return err
}

// leave lets a school go that is this edge's no more: nobody signs in, what is here stays, and if it comes back all of it comes anew.
func (a *applier) leave() error {
	if _, err := a.q.ExecContext(a.ctx, "UPDATE tenants SET status = 'suspended' WHERE id = ?", a.tenant[:]); err != nil {
		return err
	}
	_, err := a.q.ExecContext(a.ctx, "UPDATE pulled SET lineage = X'', version = 0 WHERE tenant_id = ?", a.tenant[:])
	return err
}

// mayRule refuses a first change that would leave a school of this box without anybody to rule it.
func (a *applier) mayRule(values []rowValue, full bool) error {
	var school, admin bool
	active := map[event.ID]bool{}
	for _, v := range values {
		if p, ok := v.value.(*directory.PersonRow); ok && !v.gone {
			active[p.ID] = p.Status == "active"
		}
	}
	for _, v := range values {
		switch g := v.value.(type) {
		case *directory.SchoolRow:
			school = true
		case *directory.GrantRow:
			admin = admin || !v.gone && g.Role == directory.Admin && g.Scope == "tenant" && active[g.UserID]
		}
	}
	switch people, _, err := one(a.ctx, a.q, scanNumber, `SELECT count(*) FROM users WHERE tenant_id = ?1
		AND (SELECT ruled_by FROM tenants WHERE id = ?1) = 'local'`, a.tenant[:]); {
	case err != nil:
		return err
	case !school || !full:
		return errors.New("the hub's directory has no such school. Nothing was changed")
	case people > 0 && !admin:
		return errors.New("this box has people of the school, and the hub's directory has no active administrator of it: the hub would lock everybody out. Nothing was changed; bring the people to the hub first")
	}
	return nil
}

// A rowValue is a row taken apart.
type rowValue struct {
	value directory.Value
	gone  bool
}

func valuesOf(rows []directory.Row) ([]rowValue, error) {
	out := make([]rowValue, 0, len(rows))
	for i := range rows {
		v, err := rows[i].Value()
		if err != nil {
			return nil, err
		}
		out = append(out, rowValue{v, rows[i].Body == nil})
	}
	return out, nil
}

// done tells what the change means, once it is committed.
func (a *applier) done() (out directory.Applied, err error) {
	for id := range a.stale {
		out.Stale = append(out.Stale, id)
	}
	out.Ended = a.ended
	plans, _, err := one(a.ctx, a.q, scanNumber, "SELECT count(*)"+openPlans)
	out.Plans = int(plans)
	return out, err
}
