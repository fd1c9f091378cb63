package postgres_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/hub/postgres/server"
)

// TestMigrateAtOnce runs three migrations of one empty database: one applies every step, the others none.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := postgrestest.Empty(t)
	var wg sync.WaitGroup
	applied := make([]int, 3)
	for i := range applied {
		wg.Go(func() {
			n, err := postgres.Migrate(context.Background(), url)
			if err != nil {
				t.Error(err)
			}
			applied[i] = n
		})
	}
	wg.Wait()
	files, err := filepath.Glob("../../migrations/hub/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	total, at := 0, 0
	for _, n := range applied {
		total += n
		at = max(at, n)
	}
	if total != len(files) || at != total {
		t.Errorf("applied %v of %d steps", applied, len(files))
	}
	open(t, url, postgres.App)
}

func TestSchemaThatDoesNotFit(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	super := as(t, url, "")
	exec(t, super, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	before := list[string](t, super, "SELECT relname FROM pg_class ORDER BY 1")
	if _, err := postgres.Migrate(context.Background(), url); err == nil || !strings.Contains(err.Error(), "nothing was touched") {
		t.Errorf("migration of a newer schema: %v", err)
	}
	if _, err := postgres.Open(context.Background(), url, postgres.App); err == nil || !strings.Contains(err.Error(), "newer one") {
		t.Errorf("opened a newer schema: %v", err)
	}
	exec(t, super, "DELETE FROM goose_db_version WHERE version_id >= (SELECT max(version_id) FROM goose_db_version WHERE version_id < 9999)")
	if _, err := postgres.Open(context.Background(), url, postgres.App); err == nil || !strings.Contains(err.Error(), "run the migration first") {
		t.Errorf("opened an older schema: %v", err)
	}
	if after := list[string](t, super, "SELECT relname FROM pg_class ORDER BY 1"); strings.Join(before, " ") != strings.Join(after, " ") {
		t.Error("something was touched")
	}
}

// TestAboveRowSecurity refuses to work as a role that could reach every tenant's rows.
func TestAboveRowSecurity(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	super := as(t, url, "")
	who := one[string](t, super, "SELECT current_user::text")
	if _, err := postgres.Open(context.Background(), url, postgres.Role(who)); err == nil || !strings.Contains(err.Error(), "above row-level security") {
		t.Errorf("opened as the superuser %s: %v", who, err)
	}
	if _, err := postgres.Open(context.Background(), url, "nobody_at_all"); err == nil {
		t.Error("opened as a role that is not there")
	}
}

// TestReplica makes a server that has the data follow another one that is not there: it answers reads, and is refused.
func TestReplica(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "replica-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	programs, err := server.Find(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := server.Options{Dir: filepath.Join(dir, "pg"), Binaries: programs, Throwaway: true}
	s, err := server.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), s.URL("postgres")); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), s.URL("postgres"), postgres.App)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "data", "standby.signal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = server.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	for _, role := range []postgres.Role{postgres.App, postgres.Ingest, postgres.Projector, postgres.Reader} {
		if db, err := postgres.Open(t.Context(), s.URL("postgres"), role); !errors.Is(err, postgres.ErrReplica) {
			t.Errorf("%s works on a replica: %v, %v", role, db, err)
		}
	}
	if _, err := postgres.Migrate(t.Context(), s.URL("postgres")); err == nil {
		t.Error("a replica was migrated")
	}
}
