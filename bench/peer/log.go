package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver that the product uses, of the same version
)

// The PRAGMAs of the product's writing connection.
var pragmas = []string{"journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(1000)", "journal_size_limit(67108864)", "cache_size(-16000)",
	"busy_timeout(5000)", "temp_store(MEMORY)"}

// group is how many rows one transaction takes at most, as in the product.
const group = 256

// log appends rows; one goroutine drains the queue into one transaction, then publishes in the order of the rows.
type log struct {
	conn  *sql.Conn
	queue chan row
}

type row struct {
	data []byte
	done func(error)
}

func openLog(dir string) (*log, error) {
	if dir == "" {
		return nil, errors.New("-mode append needs -data")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := filepath.Abs(filepath.Join(dir, "peer.db"))
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	l := &log{queue: make(chan row, 1024)}
	if l.conn, err = db.Conn(context.Background()); err != nil {
		return nil, err
	}
	if err := l.exec("CREATE TABLE IF NOT EXISTS events (sequence INTEGER PRIMARY KEY, payload BLOB NOT NULL)"); err != nil {
		return nil, err
	}
	insert, err := l.conn.PrepareContext(context.Background(), "INSERT INTO events (payload) VALUES (?)")
	if err != nil {
		return nil, err
	}
	go l.run(insert)
	return l, nil
}

func (l *log) exec(statement string) error {
	if _, err := l.conn.ExecContext(context.Background(), statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func (l *log) append(data []byte, done func(error)) { l.queue <- row{data, done} }

func (l *log) run(insert *sql.Stmt) {
	for first := range l.queue {
		rows := []row{first}
		for more := true; more && len(rows) < group; {
			select {
			case next := <-l.queue:
				rows = append(rows, next)
			default:
				more = false
			}
		}
		err := l.exec("BEGIN IMMEDIATE")
		for _, r := range rows {
			if err == nil {
				_, err = insert.Exec(r.data)
			}
		}
		if err == nil {
			err = l.exec("COMMIT")
		}
		if err != nil {
			err = errors.Join(err, l.exec("ROLLBACK"))
		}
		for _, r := range rows {
			r.done(err)
		}
	}
}
