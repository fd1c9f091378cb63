package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
	"multistream/shared/identity/identitytest"
)

// contract is the store as identity wants it.
type contract struct{ *postgres.People }

func (c contract) Edit(ctx context.Context, tenant event.ID, f func(identity.Editor) error) error {
	return c.People.Edit(ctx, tenant, func(e *postgres.Edit) error { return f(e) })
}

func TestIdentity(t *testing.T) {
	identitytest.Run(t, func(t *testing.T) identitytest.Store {
		return contract{open(t, postgrestest.URL(t), postgres.App).People()}
	})
}

// TestDirectoryVersion: every change raises the version of its tenant's directory, in the same transaction, and of no other; what
// changes nothing raises nothing; a change that fails leaves it.
func TestDirectoryVersion(t *testing.T) {
	url, ctx := postgrestest.URL(t), t.Context()
	p := open(t, url, postgres.App).People()
	x, y := identitytest.AddSchool(t, contract{p}, 1), identitytest.AddSchool(t, contract{p}, 2)
	look := as(t, url, "app")
	version := func(z identitytest.School) (n int64) {
		t.Helper()
		in(t, look, z.Tenant.ID)
		if err := look.QueryRow(ctx, "SELECT version FROM directory_versions").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	same := x.User
	changed := x.User
	changed.Roles = []directory.Role{directory.Student}
	refused := errors.New("no")
	for name, c := range map[string]struct {
		change func() error
		rises  bool
	}{
		"a person":        {func() error { return p.UpsertUser(ctx, changed) }, true},
		"a course":        {func() error { return p.UpsertCourse(ctx, x.Course) }, true},
		"an enrolment":    {func() error { return p.Unenrol(ctx, x.Tenant.ID, x.Course.ID, x.User.ID) }, true},
		"a tenant anew":   {func() error { return p.UpsertTenant(ctx, x.Tenant) }, false},
		"a sign-in":       {func() error { return p.SaveRefreshToken(ctx, x.Next(9, 1)) }, false},
		"nobody unenrols": {func() error { return p.Unenrol(ctx, x.Tenant.ID, x.Course.ID, x.Other.ID) }, false},
		"undone": {func() error {
			err := p.Edit(ctx, x.Tenant.ID, func(e *postgres.Edit) error { return errors.Join(e.PutUser(same), refused) })
			if !errors.Is(err, refused) {
				return err
			}
			return nil
		}, false},
	} {
		before, others := version(x), version(y)
		if err := c.change(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if after := version(x); c.rises != (after > before) || version(y) != others {
			t.Errorf("%s: the version went from %d to %d, the other school's from %d to %d", name, before, after, others, version(y))
		}
	}
}

// TestAuditIsKept by the schema itself.
func TestAuditIsKept(t *testing.T) {
	url, ctx := postgrestest.URL(t), t.Context()
	p := open(t, url, postgres.App).People()
	x := identitytest.AddSchool(t, contract{p}, 1)
	if err := p.Edit(ctx, x.Tenant.ID, func(e *postgres.Edit) error {
		return errors.Join(e.Audit(directory.AuditEntry{At: 1, Action: "a", Details: "{}"}), e.Audit(directory.AuditEntry{At: 2, Action: "b", Details: "{}"}))
	}); err != nil {
		t.Fatal(err)
	}
	owner := as(t, url, "")
	for statement, want := range map[string]string{
		"UPDATE audit_log SET details = '{}'": "never changed", "DELETE FROM audit_log": "never changed", "TRUNCATE audit_log": "never changed",
	} {
		if _, err := owner.Exec(ctx, statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if n, err := p.VerifyAudit(ctx, x.Tenant.ID); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	exec(t, owner, "ALTER TABLE audit_log DISABLE TRIGGER audit_kept")
	exec(t, owner, "UPDATE audit_log SET at = 3 WHERE number = 2")
	if n, err := p.VerifyAudit(ctx, x.Tenant.ID); n != 1 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
}
