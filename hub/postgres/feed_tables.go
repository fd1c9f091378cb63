package postgres

import (
	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// A feedTable says how the rows of a kind are read. Its query has the tenant, the version after which rows changed, how many, and then where
// to go on; it is in the order of what after gives.
type feedTable struct {
	query string
	after func(tenant event.ID, kind directory.RowKind, key string) ([]any, error)
	scan  func(rows pgx.Rows, r *feedReader) (directory.Value, error)
}

// inMillis gives a time as the rest of the product counts it; 0 for none.
func inMillis(column string) string {
	return "coalesce((extract(epoch FROM " + column + ") * 1000)::bigint, 0)"
}

// afterID goes on after an id; the absent one is before all.
func afterID(_ event.ID, _ directory.RowKind, key string) ([]any, error) {
	var id [16]byte
	copy(id[:], key)
	return []any{id}, nil
}

func afterText(_ event.ID, _ directory.RowKind, key string) ([]any, error) { return []any{key}, nil }

func afterIDs(_ event.ID, _ directory.RowKind, key string) ([]any, error) {
	var first, second [16]byte
	copy(first[:], key)
	if len(key) > 16 {
		copy(second[:], key[16:])
	}
	return []any{first, second}, nil
}

// afterGrant goes on after a role of somebody; the scope of a school has the school's own id here.
func afterGrant(tenant event.ID, kind directory.RowKind, key string) ([]any, error) {
	if key == "" {
		return []any{[16]byte{}, "", [16]byte{}, ""}, nil
	}
	row := directory.Row{Kind: kind, Key: key}
	v, err := row.Value()
	if err != nil {
		return nil, err
	}
	g := v.(*directory.GrantRow)
	if g.ScopeID.IsZero() {
		g.ScopeID = tenant
	}
	return []any{[16]byte(g.UserID), g.Scope, [16]byte(g.ScopeID), string(g.Role)}, nil
}

func id16(id *event.ID) *[16]byte { return (*[16]byte)(id) }

// orZeros makes an id that may be NULL one of zeros.
func orZeros(column string) string {
	return "coalesce(" + column + ", '00000000-0000-0000-0000-000000000000')"
}

var feedTables = map[directory.RowKind]feedTable{
	directory.RowSchool: {"SELECT name, status FROM tenants WHERE id = $1 AND version > $2 LIMIT $3",
		func(_ event.ID, _ directory.RowKind, _ string) ([]any, error) { return nil, nil },
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.SchoolRow
			return &v, rows.Scan(&v.Name, &v.Status)
		}},
	directory.RowDomain: {"SELECT domain FROM tenant_domains WHERE tenant_id = $1 AND version > $2 AND domain > $4 ORDER BY domain LIMIT $3", afterText,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.DomainRow
			return &v, rows.Scan(&v.Domain)
		}},
	directory.RowPerson: {`SELECT id, coalesce(email::text, ''), username, display_name, status, password_hash, must_change, ` + inMillis("stale_until") + `
		FROM users WHERE tenant_id = $1 AND version > $2 AND id > $4 ORDER BY id LIMIT $3`, afterID,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.PersonRow
			return &v, rows.Scan(id16(&v.ID), &v.Email, &v.Username, &v.DisplayName, &v.Status, &v.PasswordHash, &v.MustChange, (*int64)(&v.StaleUntil))
		}},
	directory.RowGrant: {`SELECT g.user_id, r.name, g.scope, g.scope_id FROM user_roles g JOIN roles r ON r.tenant_id = g.tenant_id AND r.id = g.role_id
		WHERE g.tenant_id = $1 AND g.version > $2 AND (g.user_id, g.scope, g.scope_id, r.name) > ($4, $5, $6, $7) ORDER BY g.user_id, g.scope, g.scope_id, r.name LIMIT $3`, afterGrant,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.GrantRow
			err := rows.Scan(id16(&v.UserID), (*string)(&v.Role), &v.Scope, id16(&v.ScopeID))
			if v.Scope == "tenant" {
				v.ScopeID = event.ID{}
			}
			return &v, err
		}},
	directory.RowCourse: {"SELECT id, title, status FROM courses WHERE tenant_id = $1 AND version > $2 AND id > $4 ORDER BY id LIMIT $3", afterID,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.CourseRow
			return &v, rows.Scan(id16(&v.ID), &v.Title, &v.Status)
		}},
	directory.RowLesson: {"SELECT id, course_id, title, order_index FROM lessons WHERE tenant_id = $1 AND version > $2 AND id > $4 ORDER BY id LIMIT $3", afterID,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.LessonRow
			return &v, rows.Scan(id16(&v.ID), id16(&v.CourseID), &v.Title, &v.OrderIndex)
		}},
	directory.RowEnrolment: {"SELECT course_id, user_id, role FROM enrolments WHERE tenant_id = $1 AND version > $2 AND (course_id, user_id) > ($4, $5) ORDER BY course_id, user_id LIMIT $3", afterIDs,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.EnrolmentRow
			return &v, rows.Scan(id16(&v.CourseID), id16(&v.UserID), (*string)(&v.Role))
		}},
	directory.RowPlan: {`SELECT session_id, revision, ` + orZeros("lesson_id") + `, ` + orZeros("home_edge_id") + `, ` + inMillis("scheduled_at") + `, ` + inMillis("scheduled_end") + `, settings::text, withdrawn
		FROM session_plans WHERE tenant_id = $1 AND version > $2 AND session_id > $4 ORDER BY session_id LIMIT $3`, afterID,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.PlanRow
			var settings string
			err := rows.Scan(id16(&v.SessionID), &v.Revision, id16(&v.LessonID), id16(&v.HomeEdgeID), (*int64)(&v.ScheduledStart), (*int64)(&v.ScheduledEnd), &settings, &v.Withdrawn)
			v.Settings = []byte(settings)
			return &v, err
		}},
	directory.RowErased: {"SELECT person_id FROM erased_people WHERE tenant_id = $1 AND version > $2 AND person_id > $4 ORDER BY person_id LIMIT $3", afterID,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.ErasedRow
			return &v, rows.Scan(id16(&v.PersonID))
		}},
	directory.RowDestroyed: {"SELECT id, person_id FROM destroyed_keys WHERE tenant_id = $1 AND version > $2 AND id > $4 ORDER BY id LIMIT $3", afterID,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.DestroyedRow
			return &v, rows.Scan(id16(&v.KeyID), id16(&v.PersonID))
		}},
	directory.RowEnded: {`SELECT e.sign_in_id, ` + orZeros("(SELECT t.user_id FROM refresh_tokens t WHERE t.tenant_id = e.tenant_id AND t.sign_in_id = e.sign_in_id LIMIT 1)") + `, ` + inMillis("e.revoked_at") + `, ` + inMillis("e.until") + `
		FROM revocations e WHERE e.tenant_id = $1 AND e.version > $2 AND e.sign_in_id > $4 ORDER BY e.sign_in_id LIMIT $3`, afterID,
		func(rows pgx.Rows, _ *feedReader) (directory.Value, error) {
			var v directory.EndedRow
			return &v, rows.Scan(id16(&v.SignInID), id16(&v.UserID), (*int64)(&v.EndedAt), (*int64)(&v.Until))
		}},
	directory.RowVerifyKey: {`SELECT id, public_key, ` + inMillis("not_after") + ` FROM signing_keys WHERE tenant_id = $1 AND version > $2 AND purpose = 'token' AND id > $4 ORDER BY id LIMIT $3`, afterID,
		func(rows pgx.Rows, r *feedReader) (directory.Value, error) {
			v := directory.VerifyKeyRow{Issuer: r.issuer}
			return &v, rows.Scan(id16(&v.ID), &v.Public, (*int64)(&v.NotAfter))
		}},
}
