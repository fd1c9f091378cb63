package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// A direct statement is one of the writer's, run at the driver without database/sql in between: only who
// has the turn to write uses its connection, so there is nothing to lock, to look up and to convert on the way of each event.
type direct struct {
	stmt driver.Stmt
	exec driver.StmtExecContext
	args []driver.NamedValue
}

// ExecContext runs the statement. Values are int64, string or []byte, the driver's own types; they are not kept.
func (d *direct) ExecContext(ctx context.Context, values ...any) (driver.Result, error) {
	d.args = d.args[:0]
	for i, v := range values {
		d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return d.exec.ExecContext(ctx, d.args)
}

// prepareDirect prepares statements on the connection that lies under conn. They live as long as that one, which the writer
// holds until it closes.
func prepareDirect(ctx context.Context, conn *sql.Conn, queries map[string]**direct) error {
	return conn.Raw(func(beneath any) error {
		p, ok := beneath.(driver.ConnPrepareContext)
		if !ok {
			return errors.New("the driver does not prepare statements")
		}
		for query, to := range queries {
			stmt, err := p.PrepareContext(ctx, query)
			if err != nil {
				return err
			}
			exec, ok := stmt.(driver.StmtExecContext)
			if !ok {
				return errors.Join(errors.New("the driver does not run prepared statements"), stmt.Close())
			}
			*to = &direct{stmt: stmt, exec: exec}
		}
		return nil
	})
}

func (d *direct) close() error {
	if d == nil {
		return nil
	}
	return d.stmt.Close()
}
