package identity

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// Editor is a change of one tenant's directory while it is made: all that it wrote becomes durable together, or nothing.
// What it reads is the present, and nobody else writes meanwhile. Errors of a broken rule are faults.
type Editor interface {
	Tenant() (t directory.Tenant, ok bool, err error)
	User(id event.ID) (u directory.User, ok bool, err error)
	UserByEmail(email string) (u directory.User, ok bool, err error)
	UserByUsername(name string) (u directory.User, ok bool, err error)
	PutUser(u directory.User) error
	// OtherAdmins counts the active admins but this one.
	OtherAdmins(than event.ID) (int, error)
	// MarkStale notes that access tokens of a person made of the directory up to a time show roles that changed since.
	MarkStale(user event.ID, until event.Time) error

	Course(id event.ID) (c directory.Course, ok bool, err error)
	CoursesTitled(title string) ([]directory.Course, error) // at most two
	PutCourse(c directory.Course) error
	DeleteCourse(id event.ID) error
	Lesson(id event.ID) (l directory.Lesson, ok bool, err error)
	PutLesson(l directory.Lesson) error
	DeleteLesson(id event.ID) error
	// OpenClasses counts the classes of a course or lesson that are planned or run.
	OpenClasses(courseOrLesson event.ID) (int, error)
	RoleInCourse(course, user event.ID) (r directory.Role, ok bool, err error)
	Enrol(e directory.Enrolment) error
	Unenrol(course, user event.ID) error

	// Answered gives what was answered to an actor's request with this key.
	Answered(actor event.ID, key string) (digest, answer []byte, ok bool, err error)
	SaveAnswered(actor event.ID, key string, digest []byte, status int, answer []byte, at event.Time) error
	// AnsweredSince counts an actor's answers since a time, up to most, and gives the time of the first of them.
	AnsweredSince(actor event.ID, since event.Time, most int) (n int, first event.Time, err error)

	// SaveRefreshToken stores the first link of a sign-in.
	SaveRefreshToken(token directory.RefreshToken) error
	// EndSignIns ends all sign-ins of a person but one, which may be absent, and gives those that it ended.
	EndSignIns(user, but event.ID, at event.Time) ([]event.ID, error)
	// Audit appends an entry; number, hashes and tenant are set by the store.
	Audit(a directory.AuditEntry) error
}

// edit changes a tenant's directory. f may be run twice, so it must not keep what it did the first time.
func (s *Service) edit(ctx context.Context, tenant event.ID, f func(Editor) error) error {
	return s.askWithin(ctx, editPatience, func(ctx context.Context) error { return s.store.Edit(ctx, tenant, f) })
}

// presentIn gives an active person as the directory has them at the time of the edit, or fault.Unauthenticated.
func presentIn(e Editor, user event.ID) (directory.User, error) {
	u, ok, err := e.User(user)
	if err == nil && (!ok || u.Status != statusActive) {
		err = refused(errNoAccount)
	}
	return u, err
}

// localOnly refuses a change of a directory that a hub rules.
func localOnly(e Editor) error {
	t, ok, err := e.Tenant()
	switch {
	case err != nil:
		return err
	case !ok:
		return fault.New(fault.NotFound, "There is no such school here. Nothing was changed.")
	case t.HubRules:
		return fault.New(fault.HubRules, "A hub rules who is in this school and what is taught, so this box changes none of it. Nothing was changed; please do it at the hub.")
	}
	return nil
}
