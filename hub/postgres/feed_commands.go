package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// commandID names a command of edge_commands on its way: what a box does once for each id.
func commandID(tenant, edge event.ID, key string, number int64) event.ID {
	return event.DeriveID(tenant, edge, key, int(number))
}

type openCommand struct {
	wire.Command
	number int64
	at     time.Time
}

// Commands implements feed.Source.
func (s *FeedSource) Commands(ctx context.Context, edge event.ID, limit int) (out []wire.Command, more bool, err error) {
	box, known, err := s.boxes.Edge(ctx, edge)
	if err != nil || !known {
		return nil, false, err
	}
	var all []openCommand
	for _, tenant := range box.Tenants {
		if err := s.app.inTenant(ctx, tenant, func(tx pgx.Tx) error {
			of, err := openCommands(ctx, tx, tenant, edge, limit+1)
			all = append(all, of...)
			return err
		}); err != nil {
			return nil, false, fmt.Errorf("commands of school %s: %w", tenant, err)
		}
	}
	slices.SortStableFunc(all, func(a, b openCommand) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.number, b.number)) })
	for _, c := range all[:min(limit, len(all))] {
		out = append(out, c.Command)
	}
	return out, len(all) > limit, nil
}

func openCommands(ctx context.Context, tx pgx.Tx, tenant, edge event.ID, limit int) (out []openCommand, err error) {
	rows, err := tx.Query(ctx, `SELECT number, kind, `+orZeros("session_id")+`, payload::text, idempotency_key, created_at FROM edge_commands
		WHERE tenant_id = $1 AND edge_id = $2 AND answered_at IS NULL ORDER BY number LIMIT $3`, uuidOf(tenant), uuidOf(edge), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c := openCommand{Command: wire.Command{Tenant: tenant}}
		var payload, key string
		if err := rows.Scan(&c.number, &c.Kind, id16(&c.Session), &payload, &key, &c.at); err != nil {
			return nil, err
		}
		c.ID, c.Payload = commandID(tenant, edge, key, c.number), []byte(payload)
		out = append(out, c)
	}
	return out, rows.Err()
}

// outcomeJSON is the answer that is kept of an outcome.
type outcomeJSON struct {
	Code string `json:"code,omitempty"` // absent: it was done
	Why  string `json:"why,omitempty"`
}

// Done implements feed.Source. What became of a plan is kept among the commands: as one of kind plan that was answered at once.
func (s *FeedSource) Done(ctx context.Context, edge event.ID, outcomes []directory.Outcome) error {
	box, known, err := s.boxes.Edge(ctx, edge)
	if err != nil || !known {
		return err
	}
	of := map[event.ID][]directory.Outcome{}
	for _, o := range outcomes {
		if slices.Contains(box.Tenants, o.TenantID) {
			of[o.TenantID] = append(of[o.TenantID], o)
		}
	}
	return pgx.BeginFunc(ctx, s.app.pool, func(tx pgx.Tx) error {
		for _, tenant := range box.Tenants { // in one order for all, so that two never wait for each other
			if len(of[tenant]) == 0 {
				continue
			}
			if err := setTenant(ctx, tx, tenant); err != nil {
				return err
			}
			if err := done(ctx, tx, tenant, edge, of[tenant]); err != nil {
				return fmt.Errorf("what became of commands of school %s: %w", tenant, err)
			}
		}
		return nil
	})
}

func done(ctx context.Context, tx pgx.Tx, tenant, edge event.ID, outcomes []directory.Outcome) error {
	// Numbers are given by who holds the box's row of the school.
	if _, err := tx.Exec(ctx, "SELECT 1 FROM edge_tenants WHERE tenant_id = $1 AND edge_id = $2 FOR UPDATE", uuidOf(tenant), uuidOf(edge)); err != nil {
		return err
	}
	open, err := openCommands(ctx, tx, tenant, edge, 1<<20)
	if err != nil {
		return err
	}
	numbers := map[event.ID]int64{}
	for _, c := range open {
		numbers[c.ID] = c.number
	}
	for _, o := range outcomes {
		answer, err := json.Marshal(outcomeJSON{o.Code, o.Why})
		if err != nil {
			return err
		}
		number, asked := numbers[o.ID]
		switch {
		case o.Revision > 0:
			_, err = tx.Exec(ctx, `INSERT INTO edge_commands (tenant_id, edge_id, number, kind, session_id, payload, idempotency_key, answered_at, answer)
				SELECT $1, $2, coalesce((SELECT max(number) FROM edge_commands WHERE tenant_id = $1 AND edge_id = $2), 0) + 1, 'plan', $3, jsonb_build_object('planRevision', $4::bigint), $5, now(), $6
				FROM session_plans WHERE tenant_id = $1 AND session_id = $3 AND revision >= $4 ON CONFLICT (tenant_id, edge_id, idempotency_key) DO NOTHING`,
				uuidOf(tenant), uuidOf(edge), uuidOf(o.ID), o.Revision, fmt.Sprintf("plan:%s:%d", o.ID, o.Revision), string(answer))
		case asked:
			_, err = tx.Exec(ctx, "UPDATE edge_commands SET answered_at = now(), answer = $4 WHERE tenant_id = $1 AND edge_id = $2 AND number = $3 AND answered_at IS NULL",
				uuidOf(tenant), uuidOf(edge), number, string(answer))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
