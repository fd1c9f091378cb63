// Package postgres keeps the hub's data in PostgreSQL: the log of all classes, the directory, and what is made of them. It is the
// only package that speaks to the driver; the driver's types do not leak.
//
// Every transaction works in the name of one tenant, which the database holds it to (row-level security), and with a role that may
// do what its part of the hub needs, and no more. Nothing is ever decided on a replica's data.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"multistream/shared/event"
)

// Role is what a part of the hub works as. The roles are the database's own; none of them can sign in by itself.
type Role string

// The roles, made by Migrate. Migrate itself works as the role owner.
const (
	App       Role = "app"       // the API: the directory, plans, publishing; reads the log
	Ingest    Role = "ingest"    // inserts into the log, and what comes with it, and moves its cursor
	Projector Role = "projector" // reads the log, writes what is made of it
	Reader    Role = "reader"    // reads what holds no secret
)

// DB is a pool of connections of one role. It is safe for concurrent use.
type DB struct {
	pool *pgxpool.Pool
	role Role
}

// Open connects to the database at url as a role; who signs in there must be a member of it. It returns an error with a sentence for
// the operator if the server is too old or a replica, the role is not held to row-level security, or the schema is not this
// program's.
func Open(ctx context.Context, url string, role Role) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("address of the database: %w", err)
	}
	setParameters(config.ConnConfig, string(role))
	config.AfterConnect = checkConnection
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL as %s: %w", role, err)
	}
	db := &DB{pool, role}
	if err := db.checkSchema(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the database as %s: %w", role, err)
	}
	return db, nil
}

// setParameters makes every connection of a role look alike. What is committed is durable, however the server is set up; nobody waits
// for a lock, or keeps one without doing anything, for long; jit costs more than it gains for queries of milliseconds.
func setParameters(c *pgx.ConnConfig, role string) {
	maps.Copy(c.RuntimeParams, map[string]string{
		"role": role, "timezone": "UTC", "jit": "off", "search_path": "public",
		"synchronous_commit": "on", "lock_timeout": "20s", "idle_in_transaction_session_timeout": "60s",
	})
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "hub-" + role
	}
}

// Close ends all connections.
func (db *DB) Close() { db.pool.Close() }

// inTenant runs do in one transaction in the name of a tenant, and commits it unless do returns an error.
func (db *DB) inTenant(ctx context.Context, tenant event.ID, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if err := setTenant(ctx, tx, tenant); err != nil {
			return err
		}
		return do(tx)
	})
}

// setTenant names the tenant until the transaction ends; the absent one sees nothing.
func setTenant(ctx context.Context, tx pgx.Tx, tenant event.ID) error {
	_, err := tx.Exec(ctx, "SELECT set_config('app.tenant', $1, true)", tenant.String())
	return err
}

func setEdge(ctx context.Context, tx pgx.Tx, edge event.ID) error {
	_, err := tx.Exec(ctx, "SELECT set_config('app.edge', $1, true)", edge.String())
	return err
}

// noRows tells that a query for one row found none.
func noRows(err error) bool { return errors.Is(err, pgx.ErrNoRows) }
