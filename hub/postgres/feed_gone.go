package postgres

import (
	"encoding/json"
	"fmt"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/feed"
)

// goneFrom names the tables whose deletions are those of a kind. What has no kind is not sent: policies, roles by themselves, and the
// list of boxes.
var goneFrom = map[directory.RowKind]string{
	directory.RowDomain: "tenant_domains", directory.RowPerson: "users", directory.RowGrant: "user_roles", directory.RowCourse: "courses",
	directory.RowLesson: "lessons", directory.RowEnrolment: "enrolments", directory.RowPlan: "session_plans", directory.RowEnded: "revocations",
	directory.RowVerifyKey: "signing_keys",
}

// goneKey has the columns that name a row of any table.
type goneKey struct {
	ID        event.ID `json:"id"`
	Domain    string   `json:"domain"`
	UserID    event.ID `json:"user_id"`
	CourseID  event.ID `json:"course_id"`
	SessionID event.ID `json:"session_id"`
	SignInID  event.ID `json:"sign_in_id"`
	RoleID    event.ID `json:"role_id"`
	Scope     string   `json:"scope"`
	ScopeID   event.ID `json:"scope_id"`
}

// gone reads what of a kind was deleted. A role's name is that of its row, which is never deleted while somebody has it.
func (r *feedReader) gone(kind directory.RowKind, after string) error {
	table, some := goneFrom[kind]
	if !some {
		return nil
	}
	rows, err := r.tx.Query(r.ctx, `SELECT d.key::text, coalesce(r.name, '') FROM directory_deletions d
		LEFT JOIN roles r ON d.kind = 'user_roles' AND r.tenant_id = d.tenant_id AND r.id = (d.key ->> 'role_id')::uuid
		WHERE d.tenant_id = $1 AND d.kind = $2 AND d.version > $3 AND d.key::text > $4 ORDER BY d.key::text LIMIT $5`,
		uuidOf(r.q.Tenant), table, r.q.Since, after, r.q.Rows+1-len(r.part.Rows))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if r.full() {
			return nil
		}
		var text, role string
		if err := rows.Scan(&text, &role); err != nil {
			return err
		}
		var k goneKey
		if err := json.Unmarshal([]byte(text), &k); err != nil {
			return fmt.Errorf("a deletion in %s: %w", table, err)
		}
		if v := k.value(kind, r.q.Tenant, role); v != nil {
			r.add(directory.GoneRow(v), feed.Place{Kind: kind, Key: text, Gone: true})
		}
	}
	return rows.Err()
}

// value gives the row that a deletion names, nil for a role that nobody knows any more.
func (k *goneKey) value(kind directory.RowKind, tenant event.ID, role string) directory.Value {
	switch kind {
	case directory.RowDomain:
		return &directory.DomainRow{Domain: k.Domain}
	case directory.RowPerson:
		return &directory.PersonRow{ID: k.ID}
	case directory.RowGrant:
		if role == "" {
			return nil
		}
		if k.Scope == "tenant" && k.ScopeID == tenant {
			k.ScopeID = event.ID{}
		}
		return &directory.GrantRow{UserID: k.UserID, Role: directory.Role(role), Scope: k.Scope, ScopeID: k.ScopeID}
	case directory.RowCourse:
		return &directory.CourseRow{ID: k.ID}
	case directory.RowLesson:
		return &directory.LessonRow{ID: k.ID}
	case directory.RowEnrolment:
		return &directory.EnrolmentRow{CourseID: k.CourseID, UserID: k.UserID}
	case directory.RowPlan:
		return &directory.PlanRow{SessionID: k.SessionID}
	case directory.RowEnded:
		return &directory.EndedRow{SignInID: k.SignInID}
	case directory.RowVerifyKey:
		return &directory.VerifyKeyRow{ID: k.ID}
	}
	return nil
}
