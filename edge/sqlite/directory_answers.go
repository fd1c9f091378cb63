package sqlite

import (
	"context"

	"multistream/shared/event"
)

// An answered is the stored answer of a request outside a class.
type answered struct {
	digest, answer []byte
	status         int
}

// AnsweredRequest gives what was answered to an actor's request with this idempotency key: the digest of the request (32
// bytes), the HTTP status and the body. ok is false where none is stored. It does not look at the time: a stored answer
// is given until PruneAnswered takes it away, so that a clock that jumps makes nothing happen twice.
func (s *Store) AnsweredRequest(ctx context.Context, tenant, actor event.ID, key string) (digest []byte, status int, answer []byte, ok bool, err error) {
	a, ok, err := answeredRequest(ctx, s.lookups, tenant, actor, key)
	return a.digest, a.status, a.answer, ok, err
}

func answeredRequest(ctx context.Context, q querier, tenant, actor event.ID, key string) (answered, bool, error) {
	return one(ctx, q, func(scan scanner) (a answered, err error) {
		return a, scan(&a.digest, &a.status, &a.answer)
	}, "SELECT digest, status, answer FROM answered_requests WHERE tenant_id = ? AND actor_id = ? AND idempotency_key = ?",
		tenant[:], actor[:], key)
}

const insertAnswered = `INSERT INTO answered_requests (tenant_id, actor_id, idempotency_key, digest, status, answer, created_at)
	VALUES (?, ?, ?, ?, ?, ?, ?)`

// SaveAnsweredRequest stores an answer, durably. It answers false, and changes nothing, where the key has one already:
// read that one and compare its digest. Returns fault.NotFound if there is no such tenant.
func (s *Store) SaveAnsweredRequest(ctx context.Context, tenant, actor event.ID, key string, digest []byte, status int, answer []byte, at event.Time) (bool, error) {
	if answer == nil {
		answer = []byte{}
	}
	var saved bool // left alone after an error: the writer may still be at it for a caller who went away
	err := s.change(ctx, func(ctx context.Context, q querier) error {
		result, err := q.ExecContext(ctx, insertAnswered+" ON CONFLICT (tenant_id, actor_id, idempotency_key) DO NOTHING", tenant[:], actor[:], key, digest, status, answer, int64(at))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		saved = n == 1
		return err
	})
	if err != nil {
		return false, err
	}
	return saved, nil
}

// PruneAnswered forgets answers of all tenants from before the given time, some at a time so that classes need not wait,
// and tells how many.
func (s *Store) PruneAnswered(ctx context.Context, before event.Time) (int64, error) {
	return s.prune(ctx, `DELETE FROM answered_requests WHERE (tenant_id, actor_id, idempotency_key) IN
		(SELECT tenant_id, actor_id, idempotency_key FROM answered_requests WHERE created_at < ? LIMIT ?)`, before)
}
