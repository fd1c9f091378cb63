package sqlite

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
)

const planColumns = "tenant_id, session_id, revision, lesson_id, home_edge_id, scheduled_start, scheduled_end, settings, withdrawn"

func scanPlan(scan scanner) (p directory.Plan, err error) {
	var settings string
	err = scan(idInto{&p.TenantID}, idInto{&p.SessionID}, &p.Revision, idInto{&p.LessonID}, idInto{&p.HomeEdgeID}, &p.ScheduledStart, &p.ScheduledEnd, &settings, &p.Withdrawn)
	p.Settings = []byte(settings)
	return p, err
}

// openPlans are those whose revision was not settled yet, of schools that are this edge's.
const openPlans = " FROM plans WHERE settled <> revision AND tenant_id IN (SELECT tenant_id FROM pulled WHERE lineage <> X'')"

// OpenPlans gives plans of the hub whose revision was not settled yet, those that start first.
func (s *Store) OpenPlans(ctx context.Context, limit int) ([]directory.Plan, error) {
	return list(ctx, s.readers, scanPlan, "SELECT "+planColumns+openPlans+" ORDER BY scheduled_start, tenant_id, session_id LIMIT ?", limit)
}

// SavePlan notes that a revision of a plan is settled, with what became of it where the hub is to be told.
func (s *Store) SavePlan(ctx context.Context, p directory.Plan, o *directory.Outcome) error {
	return s.change(ctx, func(ctx context.Context, q querier) error {
		if _, err := q.ExecContext(ctx, "UPDATE plans SET settled = ? WHERE tenant_id = ? AND session_id = ?", p.Revision, p.TenantID[:], p.SessionID[:]); err != nil || o == nil {
			return err
		}
		return putOutcome(ctx, q, o, event.TimeOf(s.now()))
	})
}

// SaveOutcome keeps what became of a command of the hub; the first outcome stays.
func (s *Store) SaveOutcome(ctx context.Context, o directory.Outcome) error {
	return s.change(ctx, func(ctx context.Context, q querier) error { return putOutcome(ctx, q, &o, event.TimeOf(s.now())) })
}

func putOutcome(ctx context.Context, q querier, o *directory.Outcome, at event.Time) error {
	_, err := q.ExecContext(ctx, `INSERT INTO hub_outcomes (tenant_id, id, revision, code, why, at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, id, revision) DO NOTHING`, o.TenantID[:], o.ID[:], o.Revision, o.Code, o.Why, int64(at))
	return err
}

const selectOutcome = "SELECT tenant_id, id, revision, code, why FROM hub_outcomes "

func scanOutcome(scan scanner) (o directory.Outcome, err error) {
	return o, scan(idInto{&o.TenantID}, idInto{&o.ID}, &o.Revision, &o.Code, &o.Why)
}

// Outcome gives what became of a command of the hub.
func (s *Store) Outcome(ctx context.Context, tenant, command event.ID) (directory.Outcome, bool, error) {
	return one(ctx, s.readers, scanOutcome, selectOutcome+"WHERE tenant_id = ? AND id = ? AND revision = 0", tenant[:], command[:])
}

// Outcomes gives those that the hub was not told yet, oldest first.
func (s *Store) Outcomes(ctx context.Context, limit int) ([]directory.Outcome, error) {
	return list(ctx, s.readers, scanOutcome, selectOutcome+"WHERE told = 0 ORDER BY number LIMIT ?", limit)
}

// Told notes that the hub has these outcomes.
func (s *Store) Told(ctx context.Context, outcomes []directory.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	return s.change(ctx, func(ctx context.Context, q querier) error {
		for _, o := range outcomes {
			if _, err := q.ExecContext(ctx, "UPDATE hub_outcomes SET told = 1 WHERE tenant_id = ? AND id = ? AND revision = ?", o.TenantID[:], o.ID[:], o.Revision); err != nil {
				return err
			}
		}
		return nil
	})
}
