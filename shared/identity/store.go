package identity

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// Store is what identity reads of the directory and keeps of sign-ins. Not finding something is no error: ok is false.
// Every error means that the store can't be read or written now. Implementations are safe for concurrent use, end
// when ctx does, and give nothing of another tenant than the one they are asked about.
type Store interface {
	// TenantByID gives a tenant of any status.
	TenantByID(ctx context.Context, tenant event.ID) (t directory.Tenant, ok bool, err error)
	// TenantByDomain gives the tenant that owns a domain (folded, exact: no parent domains).
	TenantByDomain(ctx context.Context, domain string) (t directory.Tenant, ok bool, err error)
	// Tenants lists at most limit tenants, by id.
	Tenants(ctx context.Context, limit int) ([]directory.Tenant, error)

	// FirstSchool writes a school, its first admin and the first entry of its audit, all or nothing; won is false, and nothing
	// is written, where there is a school already: of two who claim a box at once, one wins.
	FirstSchool(ctx context.Context, t directory.Tenant, admin directory.User, entry directory.AuditEntry) (won bool, err error)

	// UserByID, UserByEmail and UserByUsername give a person of any status with the tenant-wide roles. Names are compared
	// by directory.Fold.
	UserByID(ctx context.Context, tenant, user event.ID) (u directory.User, ok bool, err error)
	UserByEmail(ctx context.Context, tenant event.ID, email string) (u directory.User, ok bool, err error)
	UserByUsername(ctx context.Context, tenant event.ID, username string) (u directory.User, ok bool, err error)
	// RoleInCourse gives the role that somebody is enrolled with.
	RoleInCourse(ctx context.Context, tenant, course, user event.ID) (r directory.Role, ok bool, err error)

	// What administrators look at; see package people.
	Users(ctx context.Context, tenant event.ID, f directory.UserFilter) ([]directory.User, error)
	CourseByID(ctx context.Context, tenant, course event.ID) (c directory.Course, ok bool, err error)
	Courses(ctx context.Context, tenant, after event.ID, limit int) ([]directory.Course, error)
	CoursesOf(ctx context.Context, tenant, user event.ID) ([]directory.Course, error)
	Lessons(ctx context.Context, tenant, course event.ID) ([]directory.Lesson, error)
	Enrolments(ctx context.Context, tenant, course event.ID) ([]directory.Enrolment, error)
	Audit(ctx context.Context, tenant event.ID, before int64, limit int) ([]directory.AuditEntry, error)

	// SaveRefreshToken stores one more link of a sign-in; fault.Unauthenticated if that was ended.
	SaveRefreshToken(ctx context.Context, token directory.RefreshToken) error
	// RefreshToken gives a link by the hash of its token, used or revoked ones too.
	RefreshToken(ctx context.Context, tenant event.ID, hash event.Hash) (t directory.RefreshToken, ok bool, err error)
	// RotateRefreshToken marks the link as used at next.IssuedAt and stores next, both or neither. won is false, and
	// nothing is written, where the link is absent, used or revoked, or another of the same parent was used: of two who rotate at once, one
	// wins, and of two who hold copies, one.
	RotateRefreshToken(ctx context.Context, tenant event.ID, used event.Hash, next directory.RefreshToken) (won bool, err error)
	// RevokeSignIn ends all links of a sign-in.
	RevokeSignIn(ctx context.Context, tenant, signIn event.ID, at event.Time) error
	// RevokedSignIns gives the sign-ins of all tenants that were ended at a time or later, with that time.
	RevokedSignIns(ctx context.Context, since event.Time) (map[event.ID]event.Time, error)
	// StaleUsers gives the people of all tenants whose roles changed, with the time up to which tokens show the old ones,
	// where that is the given time or later.
	StaleUsers(ctx context.Context, since event.Time) (map[event.ID]event.Time, error)

	// Edit changes a tenant's directory: what f wrote becomes durable together, or nothing if it returns an error, which
	// comes back as it is. f may be run twice.
	Edit(ctx context.Context, tenant event.ID, f func(Editor) error) error
}

// KeyStore keeps secrets durably, wrapped, and apart from the directory.
type KeyStore interface {
	// LoadOrCreateSecret gives the secret of this name; the first time it is made by make and is durable on return.
	LoadOrCreateSecret(name string, make func() []byte) ([]byte, error)
}
