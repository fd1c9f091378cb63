package sqlite

import (
	"bytes"
	"context"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// differing gives what of a full change is not so yet, and what is here and not in it, as gone. Keys that are destroyed and people who are
// erased are in keys.db, and never come back.
func (s *Store) differing(ctx context.Context, q querier, tenant event.ID, values []rowValue) ([]rowValue, error) {
	present, err := presentRows(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	out := make([]rowValue, 0, 64)
	for _, v := range values {
		r, err := comparable(v.value)
		if err != nil {
			return nil, err
		}
		was, there := present[rowName{r.Kind, r.Key}]
		delete(present, rowName{r.Kind, r.Key})
		if p, ok := v.value.(*directory.PersonRow); ok && was.stale < p.StaleUntil {
			there = false
		}
		if !there || !bytes.Equal(was.body, r.Body) {
			out = append(out, v)
		}
	}
	for name := range present {
		r := directory.Row{Kind: name.kind, Key: name.key}
		v, err := r.Value()
		if err != nil {
			return nil, fmt.Errorf("a row of the directory: %w: %w", err, eventlog.ErrDamaged)
		}
		out = append(out, rowValue{v, true})
	}
	return out, nil
}

type rowName struct {
	kind directory.RowKind
	key  string
}

type presentRow struct {
	body  []byte
	stale event.Time // of a person
}

// comparable gives a row in which times up to which tokens are stale do not count: those of this edge are its own.
func comparable(v directory.Value) (directory.Row, error) {
	if p, ok := v.(*directory.PersonRow); ok && p.StaleUntil != 0 {
		without := *p
		without.StaleUntil = 0
		v = &without
	}
	return directory.RowOf(v)
}

// presentRows gives the rows of a school that are here. One that no hub would send has no body: it differs from all.
func presentRows(ctx context.Context, q querier, tenant event.ID) (map[rowName]presentRow, error) {
	out := map[rowName]presentRow{}
	for _, read := range presentReaders {
		values, err := list(ctx, q, read.scan, read.query, tenant[:])
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			var stale event.Time
			if p, ok := v.(*directory.PersonRow); ok {
				stale = p.StaleUntil
			}
			r, err := comparable(v)
			if err != nil {
				r.Body = nil
			}
			out[rowName{r.Kind, r.Key}] = presentRow{r.Body, stale}
		}
	}
	return out, nil
}

type valueReader struct {
	query string
	scan  func(scanner) (directory.Value, error)
}

var presentReaders = []valueReader{
	{"SELECT name, status FROM tenants WHERE id = ? AND ruled_by = 'hub'", func(scan scanner) (directory.Value, error) {
		var v directory.SchoolRow
		return &v, scan(&v.Name, &v.Status)
	}},
	{"SELECT domain FROM tenant_domains WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		var v directory.DomainRow
		return &v, scan(&v.Domain)
	}},
	{"SELECT id, email, username, display_name, status, password_hash, must_change, stale_until FROM users WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		var v directory.PersonRow
		return &v, scan(idInto{&v.ID}, &v.Email, &v.Username, &v.DisplayName, &v.Status, &v.PasswordHash, &v.MustChange, &v.StaleUntil)
	}},
	{"SELECT user_id, role, scope, scope_id FROM user_roles WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		var v directory.GrantRow
		return &v, scan(idInto{&v.UserID}, &v.Role, &v.Scope, idInto{&v.ScopeID})
	}},
	{"SELECT id, title, status FROM courses WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		var v directory.CourseRow
		return &v, scan(idInto{&v.ID}, &v.Title, &v.Status)
	}},
	{"SELECT id, course_id, title, order_index FROM lessons WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		var v directory.LessonRow
		return &v, scan(idInto{&v.ID}, idInto{&v.CourseID}, &v.Title, &v.OrderIndex)
	}},
	{"SELECT course_id, user_id, role FROM enrolments WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		var v directory.EnrolmentRow
		return &v, scan(idInto{&v.CourseID}, idInto{&v.UserID}, &v.Role)
	}},
	{"SELECT " + planColumns + " FROM plans WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		p, err := scanPlan(scan)
		return &directory.PlanRow{SessionID: p.SessionID, Revision: p.Revision, LessonID: p.LessonID, HomeEdgeID: p.HomeEdgeID, ScheduledStart: p.ScheduledStart,
			ScheduledEnd: p.ScheduledEnd, Settings: p.Settings, Withdrawn: p.Withdrawn}, err
	}},
	{"SELECT sign_in_id, user_id, ended_at, until FROM ended_sign_ins WHERE tenant_id = ? AND from_hub", func(scan scanner) (directory.Value, error) {
		var v directory.EndedRow
		return &v, scan(idInto{&v.SignInID}, idInto{&v.UserID}, &v.EndedAt, &v.Until)
	}},
	{"SELECT id, issuer, public_key, not_after FROM verify_keys WHERE tenant_id = ?", func(scan scanner) (directory.Value, error) {
		var v directory.VerifyKeyRow
		return &v, scan(idInto{&v.ID}, idInto{&v.Issuer}, &v.Public, &v.NotAfter)
	}},
}
