package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver
)

// SQLite below this version can damage a database that two processes checkpoint (WAL reset).
var oldestSQLite = [3]int{3, 51, 3}

// Every connection: wait for other processes a while, keep what is deleted out of the file, trust no schema.
var everyPragma = []string{"busy_timeout(5000)", "foreign_keys(1)", "recursive_triggers(1)", "trusted_schema(0)", "cell_size_check(1)", "temp_store(MEMORY)"}

// writeDSN is of the one connection that writes. Checkpoints are ours, so that their errors are seen; temporary data
// stays in memory, so that a full disk can't break a rollback; OR REPLACE fires the delete triggers.
func (s *Store) writeDSN(file string) string {
	return dsn(file, s.vfs, "rwc", append([]string{
		"journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(0)", "journal_size_limit(67108864)", "cache_size(-16000)",
	}, everyPragma...))
}

func (s *Store) readDSN(file string) string {
	return dsn(file, s.vfs, "ro", append([]string{"query_only(1)", "cache_size(-4000)"}, everyPragma...))
}

func dsn(file, vfs, mode string, pragmas []string) string {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_dqs": {"0"}, "_pragma": pragmas}
	if vfs != "" {
		q.Set("vfs", vfs)
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		absolute = file
	}
	return (&url.URL{Scheme: "file", Path: absolute, RawQuery: q.Encode()}).String()
}

// openDatabase opens a database for its only writer and applies the steps that are missing. It returns an error if
// SQLite is too old or the schema is of a newer program; nothing is changed then.
func openDatabase(ctx context.Context, dsn string, steps fs.FS, folder string) (_ *sql.DB, err error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(asReadError(err), db.Close())
		}
	}()
	db.SetMaxOpenConns(1)
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return nil, err
	}
	if err := checkVersion(version); err != nil {
		return nil, err
	}
	return db, migrate(ctx, db, steps, folder)
}

func checkVersion(version string) error {
	parts := strings.SplitN(version, ".", 3)
	for i, least := range oldestSQLite {
		n := 0
		if i < len(parts) {
			n, _ = strconv.Atoi(parts[i])
		}
		if n > least {
			return nil
		}
		if n < least {
			return fmt.Errorf("SQLite %s is too old: it can damage a database that is backed up while in use; %d.%d.%d or newer is needed",
				version, oldestSQLite[0], oldestSQLite[1], oldestSQLite[2])
		}
	}
	return nil
}

// migrate applies the steps that the database does not have yet, each in a transaction: a crash in between resumes here.
func migrate(ctx context.Context, db *sql.DB, steps fs.FS, folder string) error {
	sub, err := fs.Sub(steps, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, sub, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the schema's steps: %w", err)
	}
	sources := provider.ListSources()
	newest := sources[len(sources)-1].Version
	switch present, err := schemaVersion(ctx, db); {
	case err != nil:
		return err
	case present > newest:
		return fmt.Errorf("the data has schema %d, this program knows %d: nothing was touched; start the program that last ran here, or a newer one", present, newest)
	case present == newest:
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}

func schemaVersion(ctx context.Context, db *sql.DB) (version int64, err error) {
	var there bool
	if err := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'goose_db_version')").Scan(&there); err != nil || !there {
		return 0, err
	}
	return version, db.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
}
