package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"multistream/shared/event"
)

// purposeSecret, with the name after it, is what a secret of the edge is bound to; see wrap.
const purposeSecret = "ms1-secret/"

// LoadOrCreateSecret gives the edge's secret of this name, 32 bytes. Where there is none, make's is stored, and durable on
// return; of several who make one at once, all get the same. Returns ErrDamaged if what is stored does not open.
func (k *Keys) LoadOrCreateSecret(name string, make func() []byte) ([]byte, error) {
	ctx := context.Background()
	secret, err := k.loadSecret(ctx, k.lookups, name)
	if !errors.Is(err, sql.ErrNoRows) {
		return secret, err
	}
	err = k.commit(func(ctx context.Context, q querier) error {
		if secret, err = k.loadSecret(ctx, q, name); !errors.Is(err, sql.ErrNoRows) {
			return err // another one was faster
		}
		if secret = make(); len(secret) != 32 {
			return fmt.Errorf("a secret of %d bytes can't be stored as %s: 32 are wanted", len(secret), name)
		}
		wrapped, err := wrap(k.kek, secret, purposeSecret+name)
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, "INSERT INTO secrets (name, wrapped, created_at) VALUES (?, ?, ?)", name, wrapped, int64(event.TimeOf(k.now())))
		return err
	})
	if err != nil {
		return nil, err
	}
	return secret, nil
}

func (k *Keys) loadSecret(ctx context.Context, q querier, name string) ([]byte, error) {
	var wrapped []byte
	if err := q.QueryRowContext(ctx, "SELECT wrapped FROM secrets WHERE name = ?", name).Scan(&wrapped); err != nil {
		return nil, asReadError(err)
	}
	return unwrap(k.kek, wrapped, purposeSecret+name)
}
