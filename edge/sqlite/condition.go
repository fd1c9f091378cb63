package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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

// Writable tells, without writing, why the log can't be written: by the last write to it. It is nil before the first; Probe
// finds out.
func (s *Store) Writable() error {
	if err := s.FenceCause(); err != nil {
		return err
	}
	return s.writer.condition.err()
}

// Probe writes a little to the log, durably: it returns nil if it takes writes now. The number is a random one: a page that
// differed from its last version in one bit alone could not be told, if a power cut tore it, from one with a flipped bit.
func (s *Store) Probe(ctx context.Context) error {
	return s.writer.do(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE probe SET n = ?", rand.Int64())
		return err
	}, nil)
}

// Writable tells of the keys what Store.Writable tells of the log.
func (k *Keys) Writable() error {
	if err := k.fence.err(); err != nil {
		return err
	}
	return k.condition.err()
}

// Probe changes a number in the header of keys.db that nothing else uses, at random as Store.Probe does: it returns nil if
// keys can be made now.
func (k *Keys) Probe(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return k.commit(func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", rand.Int32()))
		return err
	})
}
