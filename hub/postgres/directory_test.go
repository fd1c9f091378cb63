package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"multistream/shared/event"
)

// feed is what an edge would ask for: all that changed behind a version, up to the newest one.
func feed(t *testing.T, c *pgx.Conn, since int64) (changed []string, upTo int64) {
	t.Helper()
	tx, err := c.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if err := tx.QueryRow(t.Context(), "SELECT version FROM directory_versions").Scan(&upTo); err != nil {
		t.Fatal(err)
	}
	rows, err := tx.Query(t.Context(), `SELECT what FROM (
		SELECT version, 'course ' || title AS what FROM courses UNION ALL SELECT version, 'lesson ' || title FROM lessons
		UNION ALL SELECT version, 'user ' || display_name FROM users UNION ALL SELECT version, 'gone ' || kind FROM directory_deletions
	) AS d WHERE version > $1 ORDER BY version, what`, since)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		t.Fatal(err)
	}
	return changed, upTo
}

// TestDirectoryFeed follows a tenant's directory by version: each change is told once, deletions too, and one transaction is one version.
func TestDirectoryFeed(t *testing.T) {
	t.Parallel()
	_, url, a, _ := schools(t)
	app := as(t, url, "app")
	in(t, app, a)
	_, at := feed(t, app, 0)
	for _, step := range []struct {
		do   []string
		want []string
	}{
		{[]string{"UPDATE courses SET title = 'Physics'"}, []string{"course Physics"}},
		{[]string{"UPDATE courses SET title = 'Art'", "UPDATE lessons SET title = 'Two'"}, []string{"course Art", "lesson Two"}},
		{[]string{"UPDATE session_plans SET lesson_id = NULL", "DELETE FROM courses"}, []string{"gone courses", "gone enrolments", "gone lessons"}},
		{[]string{"INSERT INTO courses (tenant_id, id, title, status) VALUES (current_tenant(), uid('course'), 'Again', 'draft')"}, []string{"course Again"}},
		{[]string{"DELETE FROM courses", "INSERT INTO courses (tenant_id, id, title, status) VALUES (current_tenant(), uid('course'), 'Same', 'draft')"}, []string{"course Same"}},
		{[]string{"INSERT INTO answered_requests VALUES (current_tenant(), uid('x'), 'k', sha256('x'), 200, '')"}, nil},
	} {
		tx, err := app.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range step.do {
			if _, err := tx.Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, upTo := feed(t, app, at)
		if len(got) != len(step.want) {
			t.Fatalf("%v: got %v, want %v", step.do, got, step.want)
		}
		for i := range got {
			if got[i] != step.want[i] {
				t.Errorf("%v: got %v, want %v", step.do, got, step.want)
			}
		}
		want := at
		if len(step.want) > 0 {
			want++
		}
		if upTo != want {
			t.Errorf("%v: version %d after %d", step.do, upTo, at)
		}
		at = upTo
	}
	if got := refused(t, app, "UPDATE courses SET id = uid('another')"); got != "23001" {
		t.Errorf("an id was changed, stopped by %s", got)
	}
}

// TestNoLateCommitIsSkipped lets a reader ask while an earlier writer has not committed: a later one waits for it, so no version is
// seen before all lower ones.
func TestNoLateCommitIsSkipped(t *testing.T) {
	t.Parallel()
	_, url, a, _ := schools(t)
	first, second, reader := as(t, url, "app"), as(t, url, "app"), as(t, url, "app")
	for _, c := range []*pgx.Conn{first, second, reader} {
		in(t, c, a)
	}
	_, at := feed(t, reader, 0)
	tx, err := first.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "UPDATE courses SET title = 'slow'"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := second.Exec(t.Context(), "UPDATE lessons SET title = 'quick'")
		done <- err
	}()
	waitBlocked(t, as(t, url, ""))
	if got, upTo := feed(t, reader, at); len(got) != 0 || upTo != at {
		t.Errorf("seen before the first commit: %v, version %d", got, upTo)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got, upTo := feed(t, reader, at); len(got) != 2 || got[0] != "course slow" || upTo != at+2 {
		t.Errorf("got %v, version %d after %d", got, upTo, at)
	}
}

// TestTenantsAreFound looks for tenants before there is one to work for.
func TestTenantsAreFound(t *testing.T) {
	t.Parallel()
	_, url, a, b := schools(t)
	projector := as(t, url, "projector")
	if got := list[[16]byte](t, projector, "SELECT tenant_ids()"); len(got) != 2 {
		t.Errorf("%d tenants", len(got))
	}
	app := as(t, url, "app")
	for _, tenant := range []event.ID{a, b} {
		if got := one[[16]byte](t, app, "SELECT tenant_of_domain($1)", tenant.String()+".example.org"); got != [16]byte(tenant) {
			t.Errorf("domain of %s is of %s", tenant, event.ID(got))
		}
		in(t, app, tenant)
		session := one[[16]byte](t, app, "SELECT uid('session')")
		in(t, app, event.ID{})
		if got := one[[16]byte](t, app, "SELECT tenant_of_session($1)", session); got != [16]byte(tenant) {
			t.Errorf("session of %s is of %s", tenant, event.ID(got))
		}
	}
	if !one[bool](t, app, "SELECT tenant_of_domain('nobody.example.org') IS NULL") {
		t.Error("a domain of nobody has a tenant")
	}
	if got := refused(t, app, "SELECT tenant_ids()"); got != "42501" {
		t.Errorf("the API lists all tenants, stopped by %s", got)
	}
}
