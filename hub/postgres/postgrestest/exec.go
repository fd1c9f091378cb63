package postgrestest

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"multistream/shared/event"
)

// Exec runs a statement as who signs in at url, whom nothing holds, in the name of a tenant: for what no code of ours does yet.
func Exec(t testing.TB, url string, tenant event.ID, statement string, args ...any) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Exec(ctx, "SELECT set_config('app.tenant', $1, false)", tenant.String())
	if err == nil {
		_, err = c.Exec(ctx, statement, args...)
	}
	if err := errors.Join(err, c.Close(ctx)); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
