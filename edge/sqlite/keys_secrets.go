package sqlite

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// PollSecret gives the 32 bytes that make the voters of an anonymous poll unknown, and makes them durable where there are
// none; eventlog.ErrNotFound after DestroyPollSecret.
func (k *Keys) PollSecret(ctx context.Context, tenant, session, poll event.ID) ([]byte, error) {
	at := pollKey{tenant, session, poll}
	k.mu.RLock()
	secret, generation := k.polls[at], k.generation
	k.mu.RUnlock()
	if secret != nil {
		return append([]byte(nil), secret...), nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	secret, err := k.readPollSecret(ctx, k.lookups, at)
	if errors.Is(err, sql.ErrNoRows) {
		err = k.commit(func(ctx context.Context, q querier) error {
			secret, err = k.readPollSecret(ctx, q, at)
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			secret, err = k.makePollSecret(ctx, q, at)
			return err
		})
	}
	if err != nil {
		return nil, asReadError(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if generation == k.generation {
		k.polls[at] = secret
	}
	return append([]byte(nil), secret...), nil
}

func (k *Keys) readPollSecret(ctx context.Context, q querier, at pollKey) ([]byte, error) {
	var wrapped []byte
	err := q.QueryRowContext(ctx, "SELECT wrapped FROM poll_secrets WHERE tenant_id = ? AND session_id = ? AND poll_id = ?",
		at.tenant[:], at.session[:], at.poll[:]).Scan(&wrapped)
	if err != nil {
		return nil, err
	}
	if len(wrapped) == 0 {
		return nil, fmt.Errorf("poll %s: its secret was destroyed: %w", at.poll, eventlog.ErrNotFound)
	}
	with, err := k.tenantAEAD(ctx, q, at.tenant, false)
	if err != nil {
		return nil, err
	}
	return unwrap(with, wrapped, purposePoll, at.tenant, at.session, at.poll)
}

func (k *Keys) makePollSecret(ctx context.Context, q querier, at pollKey) ([]byte, error) {
	with, err := k.tenantAEAD(ctx, q, at.tenant, true)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	wrapped, err := wrap(with, secret, purposePoll, at.tenant, at.session, at.poll)
	if err != nil {
		return nil, err
	}
	_, err = q.ExecContext(ctx, "INSERT INTO poll_secrets VALUES (?, ?, ?, ?, ?)",
		at.tenant[:], at.session[:], at.poll[:], wrapped, int64(event.TimeOf(k.now())))
	return secret, err
}

// DestroyPollSecret forgets it for ever, whether or not it was made here: after it nobody can say who voted.
func (k *Keys) DestroyPollSecret(ctx context.Context, tenant, session, poll event.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := k.commitGone(func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `INSERT INTO poll_secrets VALUES (?, ?, ?, X'', ?)
			ON CONFLICT DO UPDATE SET wrapped = X''`, tenant[:], session[:], poll[:], int64(event.TimeOf(k.now())))
		return err
	})
	k.mu.Lock()
	k.generation++
	delete(k.polls, pollKey{tenant, session, poll})
	k.mu.Unlock()
	return err
}

// PollSecrets lists the polls that have a secret: of one session, or of all where both ids are zero.
func (k *Keys) PollSecrets(ctx context.Context, tenant, session event.ID) ([]eventlog.Poll, error) {
	query, args := "SELECT tenant_id, session_id, poll_id FROM poll_secrets WHERE length(wrapped) > 0", []any(nil)
	if !tenant.IsZero() || !session.IsZero() {
		query, args = query+" AND tenant_id = ? AND session_id = ?", []any{tenant[:], session[:]}
	}
	rows, err := k.lookups.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []eventlog.Poll
	for rows.Next() {
		var of, in, poll []byte
		if err := rows.Scan(&of, &in, &poll); err != nil {
			return nil, asReadError(err)
		}
		out = append(out, eventlog.Poll{TenantID: event.ID(of), SessionID: event.ID(in), PollID: event.ID(poll)})
	}
	return out, asReadError(rows.Err())
}

// SigningKey is the edge's key that signs heads. It is made at the first start.
func (k *Keys) SigningKey() ed25519.PrivateKey { return k.signing }

// loadSigningKey runs before run does, so it writes by itself.
func (k *Keys) loadSigningKey(ctx context.Context) error {
	var id, wrapped []byte
	err := k.conn.QueryRowContext(ctx, "SELECT id, wrapped FROM signing_keys ORDER BY created_at DESC, id DESC LIMIT 1").Scan(&id, &wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return k.makeSigningKey(ctx)
	}
	if err != nil {
		return asReadError(err)
	}
	keyID, err := event.IDFromBytes(id)
	if err != nil {
		return err
	}
	seed, err := unwrap(k.kek, wrapped, purposeSigning, keyID)
	if err != nil {
		return err
	}
	k.signing = ed25519.NewKeyFromSeed(seed)
	return nil
}

func (k *Keys) makeSigningKey(ctx context.Context) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	id := event.KeyIDOf(public)
	wrapped, err := wrap(k.kek, private.Seed(), purposeSigning, id)
	if err != nil {
		return err
	}
	_, err = k.conn.ExecContext(ctx, "INSERT INTO signing_keys VALUES (?, ?, ?, ?)", id[:], []byte(public), wrapped, int64(event.TimeOf(k.now())))
	if err != nil {
		return fmt.Errorf("store the edge's signing key: %w", asWriteError(err, true))
	}
	k.signing = private
	return nil
}
