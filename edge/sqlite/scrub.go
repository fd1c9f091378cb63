package sqlite

import (
	"context"
	"errors"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

const (
	scrubEvery  = 6 * time.Hour   // between the begins of two rounds of the background check
	refillEvery = 5 * time.Second // between two tries to take the reserve of disk space again
)

// startBackground begins what goes on beside the classes: the check of what lies on the disk, and taking the reserve
// again when space has returned.
func (s *Store) startBackground() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stopScrub = cancel
	s.background.Go(func() { s.keepReserve(ctx) })
	if s.opts.ScrubPause >= 0 {
		s.background.Go(func() { s.scrub(ctx) })
	}
}

func (s *Store) keepReserve(ctx context.Context) {
	for wait(ctx, refillEvery) == nil {
		_ = s.reserve.refill() // it fails while the disk is full; Reserve tells
	}
}

// scrub checks everything, round after round: the sessions that go on first, then all others, with rests in between.
func (s *Store) scrub(ctx context.Context) {
	for ctx.Err() == nil {
		began := s.now()
		if err := s.scrubRound(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("the background check of the log was broken off", "error", err)
		}
		if wait(ctx, max(time.Minute, scrubEvery-s.now().Sub(began))) != nil {
			return
		}
	}
}

func (s *Store) scrubRound(ctx context.Context) error {
	found := int64(0)
	check := func(tenant, session event.ID, rest func(context.Context) error) error {
		err := s.VerifySession(ctx, tenant, session, rest)
		if errors.Is(err, eventlog.ErrDamaged) {
			found++
			s.stats.scrubDamaged.Store(max(found, s.stats.scrubDamaged.Load()))
			s.noteDamage(sessionKey{tenant, session}, err)
			return nil
		}
		if errors.Is(err, eventlog.ErrNotFound) {
			return nil // it was purged since it was listed
		}
		return err
	}
	live, err := s.LiveSessions(ctx)
	if err != nil {
		return err
	}
	first := map[sessionKey]bool{}
	for _, m := range live {
		first[sessionKey{m.TenantID, m.ID}] = true
		if err := check(m.TenantID, m.ID, nil); err != nil {
			return err
		}
	}
	rest := func(ctx context.Context) error { return wait(ctx, s.opts.ScrubPause) }
	for last, more := (sessionKey{}), true; more; {
		keys, err := s.sessionsAfter(ctx, last)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if !first[k] {
				if err := check(k.tenant, k.session, rest); err != nil {
					return err
				}
			}
			last = k
		}
		more = len(keys) > 0
	}
	s.stats.scrubDamaged.Store(found)
	s.stats.scrubRounds.Add(1)
	return nil
}

// sessionsAfter gives a page of all sessions with a log, of all tenants.
func (s *Store) sessionsAfter(ctx context.Context, last sessionKey) ([]sessionKey, error) {
	rows, err := s.readers.QueryContext(ctx, `SELECT tenant_id, session_id FROM session_heads
		WHERE (tenant_id, session_id) > (?, ?) ORDER BY tenant_id, session_id LIMIT 100`, last.tenant[:], last.session[:])
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []sessionKey
	for rows.Next() {
		var tenant, session []byte
		if err := rows.Scan(&tenant, &session); err != nil {
			return nil, asReadError(err)
		}
		var k sessionKey
		copy(k.tenant[:], tenant)
		copy(k.session[:], session)
		out = append(out, k)
	}
	return out, asReadError(rows.Err())
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
