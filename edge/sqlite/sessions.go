package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// summaryRow gives the values of summaryColumns.
func summaryRow(m *eventlog.Summary) []any {
	hosts := make([]byte, 0, 16*len(m.HostIDs))
	for _, id := range m.HostIDs {
		hosts = append(hosts, id[:]...)
	}
	row := []any{m.TenantID[:], m.ID[:], idBytes(&m.LessonID), idBytes(&m.CourseID), m.Status, int64(m.ScheduledStart),
		int64(m.ScheduledEnd), int64(m.StartedAt), int64(m.EndedAt), hosts, m.JoinCode, m.Epoch, m.Sequence}
	return append(row, digestOf(row...))
}

// digestOf guards rows that are in no chain against damage: SHA-256 over each value with its length.
func digestOf(values ...any) []byte {
	h := sha256.New()
	add := func(b []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	for _, v := range values {
		switch v := v.(type) {
		case []byte:
			add(v)
		case string:
			add([]byte(v))
		case int64:
			add(binary.BigEndian.AppendUint64(nil, uint64(v)))
		default:
			panic(fmt.Sprintf("digest of a %T", v))
		}
	}
	return h.Sum(nil)
}

// scanSummaries reads rows of summaryColumns. A damaged one is ErrDamaged, unless bad takes what is left of it.
func scanSummaries(rows *sql.Rows, err error, bad func(eventlog.Summary)) ([]eventlog.Summary, error) {
	if err != nil {
		return nil, asReadError(err)
	}
	defer rows.Close()
	var out []eventlog.Summary
	for rows.Next() {
		m, whole, err := scanSummary(rows)
		switch {
		case err != nil:
			return nil, fmt.Errorf("a row of sessions can't be read: %w: %w", err, eventlog.ErrDamaged)
		case whole:
			out = append(out, m)
		case bad == nil:
			return nil, fmt.Errorf("session %s: its row in the list of sessions is damaged: %w", m.ID, eventlog.ErrDamaged)
		default:
			bad(m)
		}
	}
	return out, asReadError(rows.Err())
}

func scanSummary(rows *sql.Rows) (m eventlog.Summary, whole bool, err error) {
	var tenant, id, lesson, course, hosts, digest []byte
	err = rows.Scan(&tenant, &id, &lesson, &course, &m.Status, &m.ScheduledStart, &m.ScheduledEnd, &m.StartedAt, &m.EndedAt,
		&hosts, &m.JoinCode, &m.Epoch, &m.Sequence, &digest)
	if err != nil {
		return m, false, err
	}
	copy(m.TenantID[:], tenant)
	copy(m.ID[:], id)
	copy(m.LessonID[:], lesson)
	copy(m.CourseID[:], course)
	for ; len(hosts) >= 16; hosts = hosts[16:] {
		m.HostIDs = append(m.HostIDs, event.ID(hosts[:16]))
	}
	row := summaryRow(&m)
	return m, string(row[len(row)-1].([]byte)) == string(digest), nil
}

// Sessions lists the tenant's sessions that the filter chooses, newest id first.
func (s *Store) Sessions(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]eventlog.Summary, error) {
	where, args := []string{"tenant_id = ?"}, []any{tenant[:]}
	and := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if len(f.Statuses) > 0 {
		and("status IN (?" + strings.Repeat(", ?", len(f.Statuses)-1) + ")")
		for _, status := range f.Statuses {
			args = append(args, status)
		}
	}
	if !f.LessonID.IsZero() {
		and("lesson_id = ?", f.LessonID[:])
	}
	if !f.CourseID.IsZero() {
		and("course_id = ?", f.CourseID[:])
	}
	if f.JoinCode != "" {
		and("join_code = ? AND join_code <> ''", f.JoinCode)
	}
	if f.ScheduledFrom != 0 {
		and("scheduled_start >= ?", int64(f.ScheduledFrom))
	}
	if f.ScheduledTo != 0 {
		and("scheduled_start < ?", int64(f.ScheduledTo))
	}
	if !f.Before.IsZero() {
		and("id < ?", f.Before[:])
	}
	if !f.HostID.IsZero() { // host_ids is a row of ids of 16 bytes each: instr alone could match across two of them
		and("EXISTS (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 16 FROM n WHERE i + 16 < length(host_ids))"+
			" SELECT 1 FROM n WHERE substr(host_ids, i, 16) = ?)", f.HostID[:])
	}
	query := "SELECT " + summaryColumns + " FROM sessions WHERE " + strings.Join(where, " AND ") + " ORDER BY id DESC LIMIT ?"
	rows, err := s.readers.QueryContext(ctx, query, append(args, f.Length())...)
	return scanSummaries(rows, err, nil)
}

// Session gives one session's row, or ErrNotFound.
func (s *Store) Session(ctx context.Context, tenant, session event.ID) (eventlog.Summary, error) {
	rows, err := s.read.summary.QueryContext(ctx, tenant[:], session[:])
	found, err := scanSummaries(rows, err, nil)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("session %s: %w", session, eventlog.ErrNotFound)
	}
	if err != nil {
		return eventlog.Summary{}, err
	}
	return found[0], nil
}

// LiveSessions lists the sessions of all tenants that were live, halted or ending: those to take up after a restart. The
// whole list is read, so that a class whose row in it is damaged is not forgotten: it is given with its ids alone, for the
// log is the truth and the row is written anew with its next event.
func (s *Store) LiveSessions(ctx context.Context) ([]eventlog.Summary, error) {
	var torn []eventlog.Summary
	rows, err := s.read.live.QueryContext(ctx)
	all, err := scanSummaries(rows, err, func(m eventlog.Summary) { torn = append(torn, m) })
	if err != nil {
		return nil, err
	}
	live := slices.DeleteFunc(all, func(m eventlog.Summary) bool { return !slices.Contains(eventlog.LiveStatuses, m.Status) })
	for _, m := range torn {
		s.log.Error("a row of the list of sessions is damaged; the session is taken from its log", "tenant", m.TenantID, "session", m.ID)
		head, err := s.Head(ctx, m.TenantID, m.ID)
		if err != nil && !errors.Is(err, eventlog.ErrDamaged) {
			return nil, err
		}
		live = append(live, eventlog.Summary{TenantID: m.TenantID, ID: m.ID, Epoch: head.Epoch, Sequence: head.Sequence})
	}
	return live, nil
}

// UnsignedEnds lists the sessions of all tenants that are over and have no signed head at their end: a crash came between.
// Rows that are damaged are passed over; the background check names them.
func (s *Store) UnsignedEnds(ctx context.Context) ([]eventlog.Summary, error) {
	rows, err := s.readers.QueryContext(ctx, "SELECT "+summaryColumns+` FROM sessions WHERE status IN (?, ?) AND NOT EXISTS (
		SELECT 1 FROM signed_heads h WHERE h.tenant_id = sessions.tenant_id AND h.session_id = sessions.id
		AND h.epoch = sessions.epoch AND h.sequence >= sessions.sequence)`, eventlog.OverStatuses[0], eventlog.OverStatuses[1])
	return scanSummaries(rows, err, func(eventlog.Summary) {})
}

// TenantOfSession gives the tenant that a session's log belongs to, or ErrNotFound.
func (s *Store) TenantOfSession(ctx context.Context, session event.ID) (event.ID, error) {
	var tenant []byte
	switch err := s.read.tenantOf.QueryRowContext(ctx, session[:]).Scan(&tenant); {
	case errors.Is(err, sql.ErrNoRows):
		return event.ID{}, fmt.Errorf("session %s: %w", session, eventlog.ErrNotFound)
	case err != nil:
		return event.ID{}, asReadError(err)
	}
	return event.IDFromBytes(tenant)
}
