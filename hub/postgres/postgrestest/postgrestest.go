// Package postgrestest gives each test a real PostgreSQL database of its own, with the hub's schema: one server for the process, and
// a copy of one migrated database for each test.
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"multistream/hub/postgres"
	"multistream/hub/postgres/server"
)

// cluster is the server of this process: a private one, or that of DATABASE_URL.
var cluster struct {
	once     sync.Once
	err      error
	url      string // of its database for administration
	template string
	server   *server.Server
	dir      string
}

// Main runs a package's tests and stops the server behind them: func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }.
func Main(m *testing.M) int {
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, "postgrestest:", err)
		return max(code, 1)
	}
	return code
}

// URL gives the address of a fresh database with the whole schema; it is dropped when the test ends. Who signs in there is the
// server's superuser: open it as a role.
func URL(t testing.TB) string {
	t.Helper()
	cluster.once.Do(func() { cluster.err = start(context.Background()) })
	if cluster.err != nil {
		t.Fatalf("no PostgreSQL to test with: %v", cluster.err)
	}
	return makeDatabase(t, cluster.template)
}

// Empty gives the address of a database without any schema.
func Empty(t testing.TB) string {
	t.Helper()
	cluster.once.Do(func() { cluster.err = start(context.Background()) })
	if cluster.err != nil {
		t.Fatalf("no PostgreSQL to test with: %v", cluster.err)
	}
	return makeDatabase(t, "template0")
}

func makeDatabase(t testing.TB, template string) string {
	name := "test_" + strings.ToLower(rand.Text())
	if err := administer(context.Background(), fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, template)); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := administer(context.Background(), fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name)); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return named(name)
}

// named gives the address of another database of the server.
func named(database string) string {
	u, err := url.Parse(cluster.url)
	if err != nil {
		panic(err) // it was used before
	}
	u.Path = "/" + database
	return u.String()
}

func administer(ctx context.Context, statement string) error {
	c, err := pgx.Connect(ctx, cluster.url)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

func start(ctx context.Context) (err error) {
	if cluster.url = os.Getenv("DATABASE_URL"); cluster.url == "" {
		if err := startPrivate(ctx); err != nil {
			return err
		}
	}
	cluster.template = "schema_" + strings.ToLower(rand.Text())
	if err := administer(ctx, "CREATE DATABASE "+cluster.template); err != nil {
		return err
	}
	_, err = postgres.Migrate(ctx, named(cluster.template))
	return err
}

func startPrivate(ctx context.Context) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	programs, err := server.Find(ctx, filepath.Join(cache, "multistream"))
	if err != nil {
		return err
	}
	if cluster.dir, err = os.MkdirTemp("", "hub-test-"); err != nil {
		return err
	}
	if err := os.Chmod(cluster.dir, 0o755); err != nil { // the server's user must get through it
		return err
	}
	cluster.server, err = server.Start(ctx, server.Options{Dir: filepath.Join(cluster.dir, "pg"), Binaries: programs, Throwaway: true})
	if err != nil {
		return err
	}
	cluster.url = cluster.server.URL("postgres")
	return nil
}

func stop() error {
	switch {
	case cluster.server != nil:
		return errors.Join(cluster.server.Stop(), os.RemoveAll(cluster.dir))
	case cluster.template != "":
		return administer(context.Background(), "DROP DATABASE "+cluster.template)
	case cluster.dir != "":
		return os.RemoveAll(cluster.dir)
	}
	return nil
}
