package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// applier writes one change within the writer's transaction.
type applier struct {
	ctx    context.Context
	q      querier
	tenant event.ID
	at     event.Time
	ended  map[event.ID][]event.ID // sign-ins that are over, by person
	fresh  map[event.ID]bool       // people who were not here before: nobody has a token of theirs
	stale  map[event.ID]bool       // people whose roles or status changed
	stmts  map[string]*sql.Stmt    // prepared: a school is thousands of rows, and each statement is run for most of them
}

// prepare gives a statement that lives until the change ends.
func (a *applier) prepare(statement string) (*sql.Stmt, error) {
	if s, ok := a.stmts[statement]; ok {
		return s, nil
	}
	conn, ok := a.q.(interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	})
	if !ok {
		return nil, errors.New("the writer's connection does not prepare statements")
	}
	s, err := conn.PrepareContext(a.ctx, statement)
	if err == nil {
		a.stmts[statement] = s
	}
	return s, err
}

// close lets the statements go, with the error of what was done by them.
func (a *applier) close(err error) error {
	for _, s := range a.stmts {
		err = errors.Join(err, s.Close())
	}
	return err
}

func (a *applier) exec(statement string, args ...any) (changed bool, err error) {
	s, err := a.prepare(statement)
	if err != nil {
		return false, err
	}
	result, err := s.ExecContext(a.ctx, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// write takes away what is gone, from the last kind to the first, and then writes what is there from the first to the last, so that no row
// ever points to nothing.
func (a *applier) write(values []rowValue) error {
	byKind := map[directory.RowKind][]rowValue{}
	for _, v := range values {
		kind := directory.GoneRow(v.value).Kind
		byKind[kind] = append(byKind[kind], v)
	}
	if err := a.freeNames(byKind[directory.RowPerson]); err != nil {
		return err
	}
	for _, kind := range slices.Backward(directory.Kinds) {
		for _, v := range byKind[kind] {
			if v.gone {
				if err := a.remove(v.value); err != nil {
					return err
				}
			}
		}
	}
	for _, kind := range directory.Kinds {
		for _, v := range byKind[kind] {
			if !v.gone {
				if err := a.put(v.value); err != nil {
					return err
				}
			}
		}
	}
	return a.markStale()
}

// freeNames takes their names from people who get others, so that two may change names with one another. What stands in their place is no
// folded name, and is gone before the change ends.
func (a *applier) freeNames(people []rowValue) error {
	for _, v := range people {
		p := v.value.(*directory.PersonRow)
		if v.gone {
			continue
		}
		if _, err := a.exec(`UPDATE users SET email_folded = NULL, username_folded = 'ID:' || hex(id) WHERE tenant_id = ? AND id = ?
			AND (email_folded IS NOT ? OR username_folded IS NOT ?)`, a.tenant[:], p.ID[:], folded(p.Email), folded(p.Username)); err != nil {
			return err
		}
	}
	return nil
}

// keptEnded is how long the sign-ins of people who are gone are remembered: longer than any access token lives.
const keptEnded = event.Time(2 * time.Hour / time.Millisecond)

func (a *applier) remove(value directory.Value) (err error) {
	t := a.tenant[:]
	switch v := value.(type) {
	case *directory.SchoolRow:
		return errors.New("the hub says that the school itself is gone. Nothing was changed; a school leaves an edge by not being served by it")
	case *directory.DomainRow:
		_, err = a.exec("DELETE FROM tenant_domains WHERE tenant_id = ? AND domain = ?", t, v.Domain)
	case *directory.PersonRow:
		return a.removePerson(v.ID)
	case *directory.GrantRow:
		var was bool
		was, err = a.exec("DELETE FROM user_roles WHERE tenant_id = ? AND user_id = ? AND scope = ? AND scope_id = ? AND role = ?", t, v.UserID[:], v.Scope, idOrNone(v.ScopeID), string(v.Role))
		a.changed(v.UserID, was)
	case *directory.CourseRow:
		_, err = a.exec("DELETE FROM courses WHERE tenant_id = ? AND id = ?", t, v.ID[:])
	case *directory.LessonRow:
		_, err = a.exec("DELETE FROM lessons WHERE tenant_id = ? AND id = ?", t, v.ID[:])
	case *directory.EnrolmentRow:
		_, err = a.exec(deleteEnrolment, t, v.CourseID[:], v.UserID[:])
	case *directory.PlanRow:
		_, err = a.exec("DELETE FROM plans WHERE tenant_id = ? AND session_id = ?", t, v.SessionID[:])
	case *directory.EndedRow:
		_, err = a.exec("DELETE FROM ended_sign_ins WHERE tenant_id = ? AND sign_in_id = ? AND from_hub", t, v.SignInID[:])
	case *directory.VerifyKeyRow:
		_, err = a.exec("DELETE FROM verify_keys WHERE tenant_id = ? AND id = ?", t, v.ID[:])
	}
	return err
}

func (a *applier) put(value directory.Value) (err error) {
	t := a.tenant[:]
	switch v := value.(type) {
	case *directory.SchoolRow:
		_, err = a.exec(`INSERT INTO tenants (id, name, status, ruled_by) VALUES (?, ?, ?, 'hub')
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, ruled_by = 'hub'`, t, v.Name, v.Status)
	case *directory.DomainRow:
		return a.putDomain(v.Domain)
	case *directory.PersonRow:
		return a.putPerson(v)
	case *directory.GrantRow:
		var is bool
		is, err = a.exec("INSERT INTO user_roles (tenant_id, user_id, role, scope, scope_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", t, v.UserID[:], string(v.Role), v.Scope, idOrNone(v.ScopeID))
		a.changed(v.UserID, is)
	case *directory.CourseRow:
		_, err = a.exec(upsertCourse, t, v.ID[:], v.Title, v.Status)
	case *directory.LessonRow:
		_, err = a.exec(upsertLesson, t, v.ID[:], v.CourseID[:], v.Title, v.OrderIndex)
	case *directory.EnrolmentRow:
		_, err = a.exec(upsertEnrolment, t, v.CourseID[:], v.UserID[:], string(v.Role))
	case *directory.PlanRow:
		_, err = a.exec(`INSERT INTO plans (tenant_id, session_id, revision, lesson_id, home_edge_id, scheduled_start, scheduled_end, settings, withdrawn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant_id, session_id) DO UPDATE SET revision = excluded.revision, lesson_id = excluded.lesson_id, home_edge_id = excluded.home_edge_id,
			scheduled_start = excluded.scheduled_start, scheduled_end = excluded.scheduled_end, settings = excluded.settings, withdrawn = excluded.withdrawn`,
			t, v.SessionID[:], v.Revision, idOrNone(v.LessonID), idOrNone(v.HomeEdgeID), int64(v.ScheduledStart), int64(v.ScheduledEnd), string(v.Settings), v.Withdrawn)
	case *directory.EndedRow:
		return a.endSignIn(v)
	case *directory.VerifyKeyRow:
		_, err = a.exec(`INSERT INTO verify_keys (tenant_id, id, issuer, public_key, not_after) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (tenant_id, id) DO UPDATE SET issuer = excluded.issuer, not_after = excluded.not_after`, t, v.ID[:], v.Issuer[:], v.Public, int64(v.NotAfter))
	}
	return err
}

// putDomain takes a domain over from another school that the hub rules: its own change, which lets the domain go, is still to come.
func (a *applier) putDomain(domain string) error {
	is, err := a.exec(`INSERT INTO tenant_domains (domain, tenant_id) VALUES (?1, ?2) ON CONFLICT (domain) DO UPDATE SET tenant_id = ?2
		WHERE tenant_id = ?2 OR (SELECT ruled_by FROM tenants WHERE id = tenant_domains.tenant_id) = 'hub'`, domain, a.tenant[:])
	if err == nil && !is {
		return fmt.Errorf("the domain %s belongs to a school of this box that no hub rules. Nothing was changed", domain)
	}
	return err
}
