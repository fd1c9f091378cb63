package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Damage names a session that holds something that can't be served.
type Damage struct {
	TenantID, SessionID event.ID
	What                string // names the sequence
	FoundAt             event.Time
}

// Damaged lists the sessions in which damage was found since the store was opened. They take no events any more; the
// others go on.
func (s *Store) Damaged() []Damage {
	var out []Damage
	s.damages.Range(func(_, d any) bool {
		out = append(out, d.(Damage))
		return true
	})
	slices.SortFunc(out, func(a, b Damage) int {
		return cmp.Or(bytes.Compare(a.TenantID[:], b.TenantID[:]), bytes.Compare(a.SessionID[:], b.SessionID[:]))
	})
	return out
}

// noteDamage remembers the first damage of a session and says so, once.
func (s *Store) noteDamage(key sessionKey, err error) {
	d := Damage{TenantID: key.tenant, SessionID: key.session, What: err.Error(), FoundAt: event.TimeOf(s.now())}
	if _, known := s.damages.LoadOrStore(key, d); !known {
		s.log.Error("a session is damaged: it is not served and takes no events; the others go on. "+
			"Take it from the hub or from a backup", "tenant", key.tenant, "session", key.session, "error", err)
	}
}

// damageOf returns ErrDamaged if the session is known to be damaged.
func (s *Store) damageOf(tenant, session event.ID) error {
	if d, ok := s.damages.Load(sessionKey{tenant, session}); ok {
		return fmt.Errorf("%s: %w", d.(Damage).What, eventlog.ErrDamaged)
	}
	return nil
}

// verifyLive checks, before anything is served, the list of sessions and the heads of those that must go on. A damaged
// session is named and left out; a database that can't be read at all is ErrDamaged.
func (s *Store) verifyLive(ctx context.Context) error {
	live, err := s.LiveSessions(ctx)
	if err != nil {
		return err
	}
	for _, m := range live {
		if err := s.verifyHead(ctx, m.TenantID, m.ID); errors.Is(err, eventlog.ErrDamaged) {
			s.noteDamage(sessionKey{m.TenantID, m.ID}, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// verifyHead checks that a session's log ends where and as its head says.
func (s *Store) verifyHead(ctx context.Context, tenant, session event.ID) error {
	head, err := s.Head(ctx, tenant, session)
	if err != nil {
		return err
	}
	if head.Sequence == 0 {
		return damaged(session, 1, "the list of sessions names it, but there is no log of it")
	}
	// Reading compares the row with the head; the one before it is read for the chain.
	_, err = s.Read(ctx, tenant, session, head.Sequence-1, 1)
	return err
}

// scrubStatement gives a page of a session's rows, each with the place that the index of keys has for it.
const scrubStatement = `SELECT place, (SELECT k.place FROM session_state_events k INDEXED BY session_state_events_by_key
 WHERE k.tenant_id = e.tenant_id AND k.session_id = e.session_id AND k.actor_id = e.actor_id AND k.idempotency_key = e.idempotency_key),
 ` + eventColumns + ` FROM session_state_events e INDEXED BY session_state_events_by_sequence
 WHERE tenant_id = ? AND session_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`

// VerifySession checks a whole session: every row's hash, the chain from its first event to its head, and that the index
// of keys names each row and no other. It returns ErrDamaged with the first bad place, ErrNotFound if nothing here names the
// session or it left by the purge. rest is called between pages.
func (s *Store) VerifySession(ctx context.Context, tenant, session event.ID, rest func(context.Context) error) error {
	head, err := s.Head(ctx, tenant, session)
	if err != nil {
		return err
	}
	var prev *event.Event
	for page := []event.Event{{}}; len(page) > 0; {
		if page, err = s.scrubPage(ctx, tenant, session, prev); err != nil {
			return err
		}
		for i := range page {
			if page[i].Sequence == head.Sequence && page[i].Hash != head.Hash {
				return damaged(session, head.Sequence, "the row is not the one that the head of the log names")
			}
			prev = &page[i]
		}
		if rest != nil {
			if err := rest(ctx); err != nil {
				return err
			}
		}
	}
	if prev == nil && head.Sequence == 0 {
		return s.noLog(ctx, tenant, session)
	}
	if prev == nil || prev.Sequence < head.Sequence {
		return damaged(session, head.Sequence, "the row that belongs here is missing")
	}
	var keys int64
	err = s.readers.QueryRowContext(ctx, `SELECT count(*) FROM session_state_events INDEXED BY session_state_events_by_key
		WHERE tenant_id = ? AND session_id = ?`, tenant[:], session[:]).Scan(&keys)
	if err == nil && keys < prev.Sequence {
		err = damaged(session, prev.Sequence, fmt.Sprintf("the index of keys has %d rows of a log of %d", keys, prev.Sequence))
	}
	if err != nil {
		return asReadError(err)
	}
	return s.verifyCode(ctx, tenant, session)
}

// noLog tells what it means that a session has neither rows nor a head: ErrDamaged where the list of sessions or a signed
// head says that there was a log that no purge took, else ErrNotFound.
func (s *Store) noLog(ctx context.Context, tenant, session event.ID) error {
	var named bool
	err := s.readers.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sessions WHERE tenant_id = ?1 AND id = ?2)
		OR EXISTS (SELECT 1 FROM signed_heads WHERE tenant_id = ?1 AND session_id = ?2)
		AND NOT EXISTS (SELECT 1 FROM tombstones WHERE tenant_id = ?1 AND session_id = ?2)`, tenant[:], session[:]).Scan(&named)
	switch {
	case err != nil:
		return asReadError(err)
	case named:
		return damaged(session, 1, "the list of sessions or a signed head names it, but there is no log of it")
	}
	return fmt.Errorf("session %s: %w", session, eventlog.ErrNotFound)
}

// scrubPageLength is how many rows the background check reads at a time.
const scrubPageLength = 200

func (s *Store) scrubPage(ctx context.Context, tenant, session event.ID, prev *event.Event) ([]event.Event, error) {
	after := int64(0)
	if prev != nil {
		after = prev.Sequence
	}
	rows, err := s.readers.QueryContext(ctx, scrubStatement, tenant[:], session[:], after, scrubPageLength)
	if err != nil {
		return nil, placed(asReadError(err), session, after+1)
	}
	defer rows.Close()
	var out []event.Event
	var row rowScanner
	var place int64
	var byKey any
	targets := row.targets(&place, &byKey)
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, damaged(session, after+1, "the row can't be read")
		}
		e, err := row.event()
		if err != nil {
			return nil, err
		}
		if err := e.Verify(prev); err != nil {
			return nil, fmt.Errorf("session %s: %w: %w", session, err, eventlog.ErrDamaged)
		}
		if e.TenantID != tenant || e.SessionID != session || byKey != any(place) {
			return nil, damaged(session, e.Sequence, "an index does not name this row")
		}
		out = append(out, e)
		prev = &out[len(out)-1]
		after = e.Sequence
	}
	s.stats.scrubRows.Add(int64(len(out)))
	return out, placed(asReadError(rows.Err()), session, after+1)
}
