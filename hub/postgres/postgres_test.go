package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func open(t testing.TB, url string, role postgres.Role) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), url, role)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// kek is the key that encrypts keys in tests.
func kek(t testing.TB) *postgres.KEK {
	t.Helper()
	k, err := postgres.NewKEK(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// as connects as a role, without the package's own code; "" is who signs in, whom nothing holds.
func as(t testing.TB, url, role string) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	if role != "" {
		config.RuntimeParams["role"] = role
	}
	c, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// in makes a connection work in the name of a tenant.
func in(t testing.TB, c *pgx.Conn, tenant event.ID) {
	t.Helper()
	exec(t, c, "SELECT set_config('app.tenant', $1, false)", tenant.String())
}

func exec(t testing.TB, c *pgx.Conn, statement string, args ...any) int64 {
	t.Helper()
	tag, err := c.Exec(context.Background(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return tag.RowsAffected()
}

// refused wants a statement to fail for a reason of the database; it gives the code, or the constraint that was named.
func refused(t testing.TB, c *pgx.Conn, statement string, args ...any) string {
	t.Helper()
	_, err := c.Exec(context.Background(), statement, args...)
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		t.Errorf("%s: got %v, want a refusal", statement, err)
		return ""
	}
	if e.ConstraintName != "" {
		return e.ConstraintName
	}
	return e.Code
}

func one[T any](t testing.TB, c *pgx.Conn, statement string, args ...any) (v T) {
	t.Helper()
	if err := c.QueryRow(context.Background(), statement, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return v
}

func list[T any](t testing.TB, c *pgx.Conn, statement string, args ...any) []T {
	t.Helper()
	rows, err := c.Query(context.Background(), statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return out
}

// addTenant makes a school.
func addTenant(t testing.TB, url string, tenant event.ID) {
	t.Helper()
	c := as(t, url, "owner")
	defer c.Close(context.Background())
	in(t, c, tenant)
	exec(t, c, "INSERT INTO tenants (id, name, status) VALUES (current_tenant(), 'school', 'active') ON CONFLICT DO NOTHING")
}
