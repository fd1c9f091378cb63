package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"sync"

	_ "modernc.org/sqlite" // the driver that the box uses
)

// The PRAGMAs of the box's writing connection. Its own checkpoints begin at 1000 pages; here SQLite begins them by itself.
var rawPragmas = []string{"journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(1000)", "journal_size_limit(67108864)", "cache_size(-16000)",
	"busy_timeout(5000)", "foreign_keys(1)", "recursive_triggers(1)", "trusted_schema(0)", "cell_size_check(1)", "temp_store(MEMORY)"}

// rawGroup is how many rows one transaction takes at most, as in the box.
const rawGroup = 256

const logTable = "session_state_events"

// raw writes rows that lie ready through the box's schema, and uses none of its code: one goroutine drains a queue into one
// transaction. It is what the box could do if deciding, sealing and chaining cost nothing.
type raw struct {
	db                    *sql.DB
	conn                  *sql.Conn
	begin, commit, insert *sql.Stmt
	columns               string
	queue                 chan rawRow
	ended                 sync.WaitGroup
	source                *sql.DB // the box's database, read only
	place                 int64   // of the last row taken from there
	commits               int     // made; read only while no row is on its way
}

type rawRow struct {
	values []any
	done   chan error
}

func rawDSN(file, mode string, pragmas []string) string {
	q := url.Values{"mode": {mode}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: q.Encode()}).String()
}

// openRaw makes a database with the schema that the box's database has, and the rows that it has by now.
func openRaw(ctx context.Context, dir, boxDir string) (_ *raw, err error) {
	file, err := filepath.Abs(filepath.Join(dir, "raw.db"))
	if err != nil {
		return nil, err
	}
	boxFile, err := filepath.Abs(filepath.Join(boxDir, "edge.db"))
	if err != nil {
		return nil, err
	}
	r := &raw{queue: make(chan rawRow, 1024)}
	if r.source, err = sql.Open("sqlite", rawDSN(boxFile, "ro", nil)); err != nil {
		return nil, err
	}
	if r.db, err = sql.Open("sqlite", rawDSN(file, "rwc", rawPragmas)); err != nil {
		return nil, err
	}
	r.db.SetMaxOpenConns(1)
	if r.conn, err = r.db.Conn(ctx); err != nil {
		return nil, err
	}
	if err := r.copySchema(ctx); err != nil {
		return nil, fmt.Errorf("copy the schema: %w", err)
	}
	r.ended.Go(r.run)
	rows, err := r.next(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if err := r.write(row.values); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *raw) copySchema(ctx context.Context) error {
	rows, err := r.source.QueryContext(ctx, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'trigger', rowid")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			return err
		}
		if _, err := r.conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	// Generated columns are not listed by table_info: these are the stored ones, in their order.
	var marks string
	err = r.source.QueryRowContext(ctx, "SELECT group_concat(name, ', '), group_concat('?', ', ') FROM pragma_table_info('"+logTable+"')").Scan(&r.columns, &marks)
	if err != nil {
		return err
	}
	for text, to := range map[string]**sql.Stmt{"BEGIN IMMEDIATE": &r.begin, "COMMIT": &r.commit,
		"INSERT INTO " + logTable + " (" + r.columns + ") VALUES (" + marks + ")": &r.insert} {
		if *to, err = r.conn.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// sourceRow is a row of the box and the session that it belongs to.
type sourceRow struct {
	session string
	values  []any
}

// next takes the rows that the box has written since the last call.
func (r *raw) next(ctx context.Context) ([]sourceRow, error) {
	rows, err := r.source.QueryContext(ctx, "SELECT session_id, "+r.columns+" FROM "+logTable+" WHERE place > ? ORDER BY place", r.place)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var out []sourceRow
	for rows.Next() {
		values, targets := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		r.place = values[1].(int64)
		out = append(out, sourceRow{session: string(values[0].([]byte)), values: values[1:]})
	}
	return out, rows.Err()
}

// write queues a row and waits until it is durable.
func (r *raw) write(values []any) error {
	done := make(chan error, 1)
	r.queue <- rawRow{values, done}
	return <-done
}

func (r *raw) run() {
	var group []rawRow
	for row := range r.queue {
		group = append(group[:0], row)
		for yields := 0; len(group) < rawGroup; {
			select {
			case row, ok := <-r.queue:
				if ok {
					group, yields = append(group, row), 0
					continue
				}
			default:
				if yields < 2 { // those just answered may send their next rows before the group is closed, as in the box
					yields++
					runtime.Gosched()
					continue
				}
			}
			break
		}
		err := r.transaction(group)
		for _, row := range group {
			row.done <- err
		}
	}
}

func (r *raw) transaction(group []rawRow) error {
	ctx := context.Background()
	if _, err := r.begin.ExecContext(ctx); err != nil {
		return err
	}
	for _, row := range group {
		if _, err := r.insert.ExecContext(ctx, row.values...); err != nil {
			return err
		}
	}
	r.commits++
	_, err := r.commit.ExecContext(ctx)
	return err
}

func (r *raw) close() error {
	close(r.queue)
	r.ended.Wait()
	return errors.Join(r.begin.Close(), r.commit.Close(), r.insert.Close(), r.conn.Close(), r.db.Close(), r.source.Close())
}
