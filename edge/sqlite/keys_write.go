package sqlite

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// A keyUnit is one change of keys.db. Those that wait are committed together: sixty people who join at once cost one sync.
type keyUnit struct {
	do     func(ctx context.Context, q querier) error
	scour  bool // it deletes: no trace may be left in the write-ahead log
	err    error
	answer chan error
}

// commit makes a change durable.
func (k *Keys) commit(do func(ctx context.Context, q querier) error) error {
	return k.submit(&keyUnit{do: do})
}

// commitGone makes a deletion durable and removes what the write-ahead log still holds of the deleted rows.
func (k *Keys) commitGone(do func(ctx context.Context, q querier) error) error {
	return k.submit(&keyUnit{do: do, scour: true})
}

func (k *Keys) submit(u *keyUnit) error {
	u.answer = make(chan error, 1)
	if err := k.enqueue(u); err != nil {
		return err
	}
	return <-u.answer
}

func (k *Keys) enqueue(u *keyUnit) error {
	k.closing.RLock()
	defer k.closing.RUnlock()
	if err := k.fence.err(); err != nil {
		return err
	}
	if k.closed {
		return fmt.Errorf("the key database is closed: %w", eventlog.ErrUnavailable)
	}
	select {
	case k.queue <- u:
		return nil
	default:
		return fmt.Errorf("%d changes of keys wait to be written: %w", len(k.queue), eventlog.ErrBusy)
	}
}

func (k *Keys) run() {
	defer close(k.ended)
	for commits := 1; ; commits++ {
		u, ok := <-k.queue
		if !ok {
			return
		}
		group := []*keyUnit{u}
		for more := true; more && len(group) < groupLength; {
			select {
			case u, ok := <-k.queue:
				if ok {
					group = append(group, u)
				}
				more = ok
			default:
				more = false
			}
		}
		k.write(group)
		if commits%keyCheckpointEvery == 0 && k.fence.err() == nil {
			if err := k.checkpoint("PASSIVE"); err != nil {
				k.log.Error("the write-ahead log of keys.db could not be copied into it; it grows until that works", "error", err)
			}
		}
	}
}

// keyCheckpointEvery is the number of commits between two checkpoints of keys.db.
const keyCheckpointEvery = 200

func (k *Keys) write(group []*keyUnit) {
	err := k.transaction(group)
	if isFull(err) && k.reserve.release() {
		err = k.transaction(group)
	}
	scoured := false
	for _, u := range group {
		if err != nil {
			u.err = err
		}
		if u.err == nil && u.scour && !scoured {
			if scour := k.checkpoint("TRUNCATE"); scour != nil {
				u.err = fmt.Errorf("destroyed, but traces are still on the disk; destroy it again: %w", scour)
			} else {
				scoured = true
			}
		}
		u.answer <- u.err
	}
}

// checkpoint copies the write-ahead log of keys.db into it.
func (k *Keys) checkpoint(mode string) error {
	var busy int
	err := k.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, new(int), new(int))
	if err != nil {
		err = asWriteError(err, false)
		if errors.Is(err, eventlog.ErrFenced) {
			k.fence.close(err)
		}
		return err
	}
	if busy != 0 && mode != "PASSIVE" {
		return fmt.Errorf("somebody reads keys.db: %w", eventlog.ErrBusy)
	}
	return nil
}

// transaction commits a group: the errors of single units undo these alone, the error it returns undid all.
func (k *Keys) transaction(group []*keyUnit) error {
	ctx := context.Background()
	if err := k.fence.err(); err != nil {
		return err
	}
	if _, err := k.changes.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return k.failed(err, false)
	}
	for _, u := range group {
		u.err = nil
		if _, err := k.changes.ExecContext(ctx, "SAVEPOINT unit"); err != nil {
			return k.failed(err, false)
		}
		end := "RELEASE unit"
		if u.err = u.do(ctx, k.changes); u.err != nil {
			if isBroken(u.err) {
				return k.failed(u.err, false)
			}
			end = "ROLLBACK TO unit; RELEASE unit"
		}
		if _, err := k.changes.ExecContext(ctx, end); err != nil {
			return k.failed(err, false)
		}
	}
	if _, err := k.changes.ExecContext(ctx, "COMMIT"); err != nil {
		return k.failed(err, true)
	}
	k.condition.wrote()
	return nil
}

// failed ends a broken transaction and says what that means to everyone in it.
func (k *Keys) failed(cause error, atCommit bool) error {
	k.mu.Lock()
	k.forget() // a tenant's key that was made in this transaction is not durable
	k.mu.Unlock()
	_, rollback := k.conn.ExecContext(context.Background(), "ROLLBACK")
	if atCommit && isFailedWrite(cause) && k.nothingCommitted() {
		atCommit = false
	}
	err := fmt.Errorf("keys.db: %w", asWriteError(cause, atCommit))
	if rollback != nil && !isNoTransaction(rollback) {
		err = fmt.Errorf("%w; rolling back: %w: %w", err, rollback, eventlog.ErrFenced)
	}
	if errors.Is(err, eventlog.ErrFenced) {
		k.fence.close(err)
	}
	k.condition.failed(err)
	return err
}

// nothingCommitted is for keys.db what it is for the log: a disk that has become read-only is no reason to end.
func (k *Keys) nothingCommitted() bool {
	var busy, pages, done int64
	err := k.conn.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &pages, &done)
	return err == nil && endsAt(k.file+"-wal", pages)
}

// tenantAEAD gives what wraps a tenant's keys, and makes it within the transaction where there is none and q writes.
func (k *Keys) tenantAEAD(ctx context.Context, q querier, tenant event.ID, make bool) (cipher.AEAD, error) {
	k.mu.RLock()
	known := k.tenants[tenant]
	k.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	var wrapped []byte
	err := q.QueryRowContext(ctx, "SELECT wrapped FROM tenant_keys WHERE tenant_id = ?", tenant[:]).Scan(&wrapped)
	switch {
	case errors.Is(err, sql.ErrNoRows) && make:
		return k.makeTenantKey(ctx, q, tenant)
	case err != nil:
		return nil, noRowsMeans(err, event.ErrNoKey)
	}
	secret, err := unwrap(k.kek, wrapped, purposeTenant, tenant)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(secret)
	if err == nil {
		k.mu.Lock()
		k.tenants[tenant] = aead
		k.mu.Unlock()
	}
	return aead, err
}

// makeTenantKey is not remembered yet: its transaction may still fail.
func (k *Keys) makeTenantKey(ctx context.Context, q querier, tenant event.ID) (cipher.AEAD, error) {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, err
	}
	wrapped, err := wrap(k.kek, secret, purposeTenant, tenant)
	if err != nil {
		return nil, err
	}
	_, err = q.ExecContext(ctx, "INSERT INTO tenant_keys VALUES (?, ?, ?)", tenant[:], wrapped, int64(event.TimeOf(k.now())))
	if err != nil {
		return nil, err
	}
	return newAEAD(secret)
}
