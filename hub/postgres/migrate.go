package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"multistream/migrations"
)

// prepare makes the roles, which are the whole server's, and lets owner lay down the schema in this database. It changes nothing
// that is there. A role that another database's migration makes at the same moment is no error.
const prepare = `
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['owner', 'app', 'ingest', 'projector', 'reader', 'finder'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        IF NOT pg_has_role(current_user, name, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', name);
        END IF;
    END LOOP;
    IF NOT pg_has_role('owner', 'finder', 'MEMBER') THEN
        GRANT finder TO owner;
    END IF;
    EXECUTE format('GRANT CREATE ON DATABASE %I TO owner', current_database());
    GRANT USAGE, CREATE ON SCHEMA public TO owner, finder;
END
$$`

// Migrate brings the schema up to date and gives how many steps it applied. Who signs in at url must be able to make roles. Of
// several that run at once one applies the steps; the others wait and find them done. Each step is a transaction: a crash in
// between resumes here. It returns an error, and touches nothing, if the schema is of a newer program.
func Migrate(ctx context.Context, url string) (applied int, err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return 0, fmt.Errorf("address of the database: %w", err)
	}
	if err := prepareDatabase(ctx, config); err != nil {
		return 0, err
	}
	setParameters(config, "owner")
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(checkConnection))
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := newProvider(db)
	if err != nil {
		return 0, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return len(results), fmt.Errorf("bring the schema up to date: %w", err)
	}
	_, err = db.ExecContext(ctx, "GRANT SELECT ON goose_db_version TO app, ingest, projector, reader")
	return len(results), err
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	steps, err := fs.Sub(migrations.Hub, "hub")
	if err != nil {
		return nil, err
	}
	one, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, steps, goose.WithSessionLocker(one), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the schema's steps: %w", err)
	}
	return provider, nil
}

// prepareDatabase works as who signs in, in one transaction under a lock, after looking that the schema is not newer.
func prepareDatabase(ctx context.Context, config *pgx.ConnConfig) error {
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	present, err := schemaVersion(ctx, c)
	if err != nil {
		return err
	}
	if newest := newestStep(); present > newest {
		return compareSchema(present, newest)
	}
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('multistream roles'))"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, prepare); err != nil {
			return fmt.Errorf("make the hub's roles (who signs in needs CREATEROLE and must own the database): %w", err)
		}
		return nil
	})
}
