package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"multistream/shared/eventlog"
)

// A condition is what the last write told of whether a database takes writes.
type condition struct{ why atomic.Pointer[error] }

func (c *condition) wrote() { c.why.Store(nil) }

// failed notes an error that is about the database and not about one request.
func (c *condition) failed(err error) {
	if errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrFenced) {
		c.why.Store(&err)
	}
}

func (c *condition) err() error {
	if why := c.why.Load(); why != nil {
		return *why
	}
	return nil
}

// Writable tells, without writing, why the log or the keys can't be written: by the last write to each. It is nil before the
// first; Probe finds out.
func (s *Store) Writable() error {
	if err := s.FenceCause(); err != nil {
		return err
	}
	return errors.Join(s.writer.condition.err(), s.keys.condition.err())
}

// Probe writes a little to the log and to the keys, durably: it returns nil if both take writes now.
func (s *Store) Probe(ctx context.Context) error {
	log := s.writer.do(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE probe SET n = n + 1")
		return err
	}, nil)
	return errors.Join(log, s.keys.probe(ctx))
}

// probe changes a number in the header of keys.db that nothing else uses.
func (k *Keys) probe(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return k.commit(func(ctx context.Context, q querier) error {
		var n int32
		if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&n); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", (n+1)&0x7fffffff))
		return err
	})
}
