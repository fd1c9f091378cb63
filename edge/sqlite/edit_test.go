package sqlite

import (
	"context"
	"errors"
	"strings"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/identity/identitytest"
)

// TestAuditIsKept by the schema itself: rows follow one another, and are neither changed nor deleted.
func TestAuditIsKept(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := identitytest.AddSchool(t, contract{s}, 1), identitytest.AddSchool(t, contract{s}, 2)
	for n := range 3 {
		for _, z := range []identitytest.School{x, y} {
			err := s.Edit(ctx, z.Tenant.ID, func(e *Edit) error {
				return errors.Join(e.Audit(directory.AuditEntry{At: event.Time(n), ActorID: z.User.ID, Action: "a", Details: "{}"}),
					e.Audit(directory.AuditEntry{At: event.Time(n), Action: "b", TargetID: z.Other.ID, Details: `{"n":1}`}))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	page, err := s.Audit(ctx, x.Tenant.ID, 5, 3)
	if err != nil || len(page) != 3 || page[0].Number != 4 || page[2].Number != 2 || page[0].PrevHash != page[1].Hash || page[0].TargetID != x.Other.ID {
		t.Errorf("page %+v, %v", page, err)
	}
	run := func(statement string, args ...any) error {
		return s.writer.do(ctx, func(ctx context.Context, q querier) error {
			_, err := q.ExecContext(ctx, statement, args...)
			return err
		}, nil)
	}
	const insert = " INTO audit (tenant_id, number, at, actor_id, action, target_id, details, prev_hash, hash) VALUES (?, ?, 1, X'', 'x', X'', '{}', ?, zeroblob(32))"
	id, last := x.Tenant.ID, page[0]
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"update":        {run("UPDATE audit SET details = '{}'"), "never changed"},
		"delete":        {run("DELETE FROM audit"), "never deleted"},
		"delete a last": {run("DELETE FROM audit WHERE tenant_id = ? AND number = 6", id[:]), "never deleted"},
		"replace":       {run("INSERT OR REPLACE"+insert, id[:], 6, last.PrevHash[:]), "does not follow"},
		"a gap":         {run("INSERT"+insert, id[:], 8, last.Hash[:]), "does not follow"},
		"another chain": {run("INSERT"+insert, id[:], 7, last.Hash[:]), "does not follow"},
		"tenant gone":   {run("DELETE FROM tenants WHERE id = ?", id[:]), "FOREIGN KEY"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, c.err, c.want)
		}
	}
	if n, err := s.VerifyAudit(ctx, id); n != 6 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	// Somebody with the file and without the triggers.
	if err := run("DROP TRIGGER audit_unchanged"); err != nil {
		t.Fatal(err)
	}
	if err := run("UPDATE audit SET actor_id = X'' WHERE tenant_id = ? AND number = 3", id[:]); err != nil {
		t.Fatal(err)
	}
	if n, err := s.VerifyAudit(ctx, id); n != 2 || !errors.Is(err, eventlog.ErrDamaged) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := s.VerifyAudit(ctx, y.Tenant.ID); n != 6 || err != nil {
		t.Errorf("the other school's: %d, %v", n, err)
	}
}
