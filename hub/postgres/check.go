package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"multistream/migrations"
)

// oldestServer is the first version that has what the schema uses: 15.
const oldestServer = 150000

// ErrReplica says that the server only follows another one: what it answers may be old, so nothing is decided on it.
var ErrReplica = errors.New("the server is a replica: its data may be old, and nothing may be decided or acknowledged on it; give the address of the primary")

// checkConnection looks at each new connection: after a failover the address may lead elsewhere than at the start.
func checkConnection(ctx context.Context, c *pgx.Conn) error {
	var version int
	var replica, above bool
	err := c.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, pg_is_in_recovery(), rolsuper OR rolbypassrls
		FROM pg_roles WHERE rolname = current_user`).Scan(&version, &replica, &above)
	switch {
	case err != nil:
		return err
	case replica:
		return ErrReplica
	case version < oldestServer:
		return fmt.Errorf("PostgreSQL %d is too old: %d or newer is needed", version/10000, oldestServer/10000)
	case above:
		return errors.New("this role is above row-level security: it could reach every tenant's rows, so it is not used")
	}
	return nil
}

// checkSchema returns an error unless the schema is exactly this program's.
func (db *DB) checkSchema(ctx context.Context) error {
	present, err := schemaVersion(ctx, db.pool)
	if err != nil {
		return err
	}
	return compareSchema(present, newestStep())
}

func compareSchema(present, newest int64) error {
	switch {
	case present > newest:
		return fmt.Errorf("the data has schema %d, this program knows %d: nothing was touched; start the program that last ran here, or a newer one", present, newest)
	case present < newest:
		return fmt.Errorf("the data has schema %d, this program needs %d: run the migration first", present, newest)
	}
	return nil
}

type rowQuerier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// schemaVersion is 0 where nothing was laid down yet.
func schemaVersion(ctx context.Context, q rowQuerier) (version int64, err error) {
	var there bool
	if err := q.QueryRow(ctx, "SELECT to_regclass('public.goose_db_version') IS NOT NULL").Scan(&there); err != nil || !there {
		return 0, err
	}
	return version, q.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&version)
}

// newestStep is the number of the last file of the schema.
func newestStep() (newest int64) {
	files, err := fs.Glob(migrations.Hub, "hub/*.sql")
	if err != nil {
		panic(err)
	}
	for _, f := range files {
		number, _, _ := strings.Cut(strings.TrimPrefix(f, "hub/"), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			panic("migrations: " + f + " has no number")
		}
		newest = max(newest, n)
	}
	return newest
}
