package sqlite

import (
	"context"
	"testing"

	code "modernc.org/sqlite/lib"

	"multistream/shared/event"
	"multistream/shared/identity/identitytest"
)

// TestDirectoryReferencesAreEnforced by the database itself, for a statement that no function of ours would send.
func TestDirectoryReferencesAreEnforced(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := identitytest.AddSchool(t, contract{s}, 1), identitytest.AddSchool(t, contract{s}, 2)
	for _, row := range [][3]event.ID{
		{y.Tenant.ID, x.Course.ID, x.User.ID}, {y.Tenant.ID, y.Course.ID, x.User.ID}, {x.Tenant.ID, y.Course.ID, x.Other.ID},
	} {
		err := s.writer.do(ctx, func(ctx context.Context, q querier) error {
			_, err := q.ExecContext(ctx, "INSERT INTO enrolments VALUES (?, ?, ?, 'admin')", row[0][:], row[1][:], row[2][:])
			return err
		}, nil)
		if codeOf(err) != code.SQLITE_CONSTRAINT_FOREIGNKEY {
			t.Errorf("got %v", err)
		}
	}
}
