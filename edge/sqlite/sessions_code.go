package sqlite

import (
	"context"
	"errors"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// OpenByCode lists the sessions of all tenants that a join code opens now: those scheduled, live or halted. Codes are unique
// among them as far as this box gave them; a plan from elsewhere may repeat one. Those that run come first, then the newest.
func (s *Store) OpenByCode(ctx context.Context, code string) ([]eventlog.Summary, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT "+summaryColumns+` FROM sessions
		INDEXED BY sessions_by_code WHERE tenant_id IN (SELECT id FROM tenants) AND join_code = ? AND join_code <> '' AND status IN ('scheduled', 'live', 'halted')
		ORDER BY status = 'scheduled', id DESC LIMIT 10`, code)
	return scanSummaries(rows, err, nil)
}

// verifyCode checks that a session is found by its join code: no chain covers the list of sessions and its index.
func (s *Store) verifyCode(ctx context.Context, tenant, session event.ID) error {
	m, err := s.Session(ctx, tenant, session)
	if errors.Is(err, eventlog.ErrNotFound) || err == nil && m.JoinCode == "" {
		return nil // the list is written anew with the next event
	}
	if err != nil {
		return err
	}
	var n int
	err = s.readers.QueryRowContext(ctx, `SELECT count(*) FROM sessions INDEXED BY sessions_by_code
		WHERE tenant_id = ? AND join_code = ? AND join_code <> '' AND id = ?`, tenant[:], m.JoinCode, session[:]).Scan(&n)
	if err == nil && n != 1 {
		err = damaged(session, m.Sequence, "the index of join codes does not name it")
	}
	return asReadError(err)
}

// ClassOver tells whether a session is neither to come nor runs, and since when; absent if it was cancelled. It returns
// ErrNotFound.
func (s *Store) ClassOver(ctx context.Context, tenant, session event.ID) (over bool, since event.Time, err error) {
	m, err := s.Session(ctx, tenant, session)
	if err != nil {
		return false, 0, err
	}
	switch m.Status {
	case "scheduled", "live", "halted":
		return false, 0, nil
	}
	return true, m.EndedAt, nil
}
