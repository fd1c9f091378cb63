package sqlite

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// A townSchool is a tenant with one of everything, all names the same in every school.
type townSchool struct {
	tenant directory.Tenant
	user   directory.User
	course directory.Course
	lesson directory.Lesson
	link   directory.RefreshToken
	other  directory.User // not enrolled
}

func addSchool(t testing.TB, s *Store, n byte) townSchool {
	t.Helper()
	id := func(kind byte) event.ID { return event.ID{0: n, 1: kind, 15: 1} }
	x := townSchool{
		tenant: directory.Tenant{ID: id(1), Name: "School", Status: "active", Domains: []string{fmt.Sprintf("a%d.school", n), fmt.Sprintf("b%d.school", n)}},
		course: directory.Course{ID: id(4), TenantID: id(1), Title: "Physics", Status: "published"},
		lesson: directory.Lesson{ID: id(5), TenantID: id(1), CourseID: id(4), Title: "Light", OrderIndex: 2},
		user: directory.User{
			ID: id(2), TenantID: id(1), Email: "Kim@Mail.example", Username: "Kim", DisplayName: "Kim K.", Status: "active",
			PasswordHash: fmt.Sprint("hash", n), Roles: []directory.Role{directory.Admin, directory.Teacher},
		},
		other: directory.User{ID: id(3), TenantID: id(1), Username: "lee", DisplayName: "Lee", Status: "disabled"},
		link:  directory.RefreshToken{Hash: event.Hash{9, 9}, TenantID: id(1), UserID: id(2), SignInID: id(6), IssuedAt: 1000, ExpiresAt: 9000},
	}
	ctx := t.Context()
	for _, err := range []error{
		s.UpsertTenant(ctx, x.tenant), s.UpsertUser(ctx, x.user), s.UpsertUser(ctx, x.other), s.UpsertCourse(ctx, x.course),
		s.UpsertLesson(ctx, x.lesson), s.SaveRefreshToken(ctx, x.link),
		s.Enrol(ctx, directory.Enrolment{TenantID: id(1), CourseID: id(4), UserID: id(2), Role: directory.Assistant}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// found calls a look-up and fails unless it gives exactly want; a nil want must not be found.
func found[T any](t testing.TB, what string, want any, got T, ok bool, err error) {
	t.Helper()
	switch {
	case err != nil:
		t.Errorf("%s: %v", what, err)
	case want == nil && (ok || !reflect.ValueOf(got).IsZero()):
		t.Errorf("%s: got %+v, want nothing", what, got)
	case want != nil && (!ok || !reflect.DeepEqual(any(got), want)):
		t.Errorf("%s: got %+v, %v; want %+v", what, got, ok, want)
	}
}

// listed fails unless a list is exactly want.
func listed[T any](t testing.TB, what string, want, got []T, err error) {
	t.Helper()
	if err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, %v; want %+v", what, got, err, want)
	}
}

func wantFault(t testing.TB, what string, err error, code fault.Code, field string) {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code || f.Field != field {
		t.Errorf("%s: got %v, want %s at %q", what, err, code, field)
	}
}

// TestDirectoryLookUps runs with two schools whose people, names and token hashes are the same, and reads both, from a
// store that was closed and opened again.
func TestDirectoryLookUps(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	schools := []townSchool{addSchool(t, first, 1), addSchool(t, first, 2)}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	s, ctx := open(t, dir), t.Context()
	for _, x := range schools {
		id := x.tenant.ID
		tenant, ok, err := s.TenantByID(ctx, id)
		found(t, "tenant", x.tenant, tenant, ok, err)
		for _, domain := range []string{x.tenant.Domains[1], " B" + x.tenant.Domains[1][1:] + " "} {
			tenant, ok, err = s.TenantByDomain(ctx, domain)
			found(t, "tenant by "+domain, x.tenant, tenant, ok, err)
		}
		tenant, ok, err = s.TenantByDomain(ctx, "www."+x.tenant.Domains[0])
		found(t, "tenant by a longer domain", nil, tenant, ok, err)

		user, ok, err := s.UserByID(ctx, id, x.user.ID)
		found(t, "user", x.user, user, ok, err)
		user, ok, err = s.UserByEmail(ctx, id, " kim@MAIL.example")
		found(t, "user by e-mail", x.user, user, ok, err)
		user, ok, err = s.UserByUsername(ctx, id, "KIM")
		found(t, "user by name", x.user, user, ok, err)
		user, ok, err = s.UserByUsername(ctx, id, "LEE")
		found(t, "other user by name", x.other, user, ok, err)
		for _, none := range []string{"", " ", "kim", "%", "' OR '1'='1"} {
			user, ok, err = s.UserByEmail(ctx, id, none)
			found(t, "user by e-mail "+none, nil, user, ok, err)
		}
		users, err := s.Users(ctx, id, directory.UserFilter{Limit: 10})
		listed(t, "users", []directory.User{x.user, x.other}, users, err)
		users, err = s.Users(ctx, id, directory.UserFilter{After: x.user.ID, Limit: 10})
		listed(t, "users after the first", []directory.User{x.other}, users, err)
		users, err = s.Users(ctx, id, directory.UserFilter{Limit: 1})
		listed(t, "one user", []directory.User{x.user}, users, err)

		course, ok, err := s.CourseByID(ctx, id, x.course.ID)
		found(t, "course", x.course, course, ok, err)
		courses, err := s.Courses(ctx, id, event.ID{}, 10)
		listed(t, "courses", []directory.Course{x.course}, courses, err)
		courses, err = s.CoursesOf(ctx, id, x.user.ID)
		listed(t, "courses of one", []directory.Course{x.course}, courses, err)
		courses, err = s.CoursesOf(ctx, id, x.other.ID)
		listed(t, "courses of the other", nil, courses, err)
		lesson, ok, err := s.LessonByID(ctx, id, x.lesson.ID)
		found(t, "lesson", x.lesson, lesson, ok, err)
		lessons, err := s.Lessons(ctx, id, x.course.ID)
		listed(t, "lessons", []directory.Lesson{x.lesson}, lessons, err)
		role, ok, err := s.RoleInCourse(ctx, id, x.course.ID, x.user.ID)
		found(t, "role", directory.Assistant, role, ok, err)
		role, ok, err = s.RoleInCourse(ctx, id, x.course.ID, x.other.ID)
		found(t, "role of the other", nil, role, ok, err)
		enrolments, err := s.Enrolments(ctx, id, x.course.ID)
		listed(t, "enrolments", []directory.Enrolment{{TenantID: id, CourseID: x.course.ID, UserID: x.user.ID, Role: directory.Assistant}}, enrolments, err)
		link, ok, err := s.RefreshToken(ctx, id, x.link.Hash)
		found(t, "link", x.link, link, ok, err)
	}
	tenants, err := s.Tenants(ctx, 5)
	listed(t, "tenants", []directory.Tenant{schools[0].tenant, schools[1].tenant}, tenants, err)
	tenants, err = s.Tenants(ctx, 1)
	listed(t, "one tenant", []directory.Tenant{schools[0].tenant}, tenants, err)
}

// TestDirectoryChanges writes what is there again, changed.
func TestDirectoryChanges(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := addSchool(t, s, 1)
	x.tenant.Name, x.tenant.Status, x.tenant.Domains = "Other", "suspended", []string{"c.school"}
	x.user.Email, x.user.DisplayName, x.user.Roles, x.user.PasswordHash = "", "K.", []directory.Role{directory.Student}, ""
	x.course.Status, x.lesson.OrderIndex = "draft", 7
	enrolment := directory.Enrolment{TenantID: x.tenant.ID, CourseID: x.course.ID, UserID: x.user.ID, Role: directory.Student}
	for range 2 {
		for _, err := range []error{
			s.UpsertTenant(ctx, x.tenant), s.UpsertUser(ctx, x.user), s.UpsertCourse(ctx, x.course), s.UpsertLesson(ctx, x.lesson), s.Enrol(ctx, enrolment),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	tenant, ok, err := s.TenantByDomain(ctx, "c.school")
	found(t, "tenant", x.tenant, tenant, ok, err)
	tenant, ok, err = s.TenantByDomain(ctx, "a1.school")
	found(t, "tenant by an old domain", nil, tenant, ok, err)
	user, ok, err := s.UserByUsername(ctx, x.tenant.ID, "kim")
	found(t, "user", x.user, user, ok, err)
	user, ok, err = s.UserByEmail(ctx, x.tenant.ID, "kim@mail.example")
	found(t, "user by an old e-mail", nil, user, ok, err)
	course, ok, err := s.CourseByID(ctx, x.tenant.ID, x.course.ID)
	found(t, "course", x.course, course, ok, err)
	lesson, ok, err := s.LessonByID(ctx, x.tenant.ID, x.lesson.ID)
	found(t, "lesson", x.lesson, lesson, ok, err)
	role, ok, err := s.RoleInCourse(ctx, x.tenant.ID, x.course.ID, x.user.ID)
	found(t, "role", directory.Student, role, ok, err)
	for range 2 {
		if err := s.Unenrol(ctx, x.tenant.ID, x.course.ID, x.user.ID); err != nil {
			t.Fatal(err)
		}
	}
	role, ok, err = s.RoleInCourse(ctx, x.tenant.ID, x.course.ID, x.user.ID)
	found(t, "role after leaving", nil, role, ok, err)
}

// TestDirectoryRefusals: a broken rule undoes the whole change, says which field it was, and leaves the store working.
func TestDirectoryRefusals(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := addSchool(t, s, 1), addSchool(t, s, 2)
	change := func(u directory.User, f func(*directory.User)) directory.User { f(&u); return u }
	for name, c := range map[string]struct {
		err   error
		code  fault.Code
		field string
	}{
		"e-mail taken": {s.UpsertUser(ctx, change(x.other, func(u *directory.User) { u.Email = "KIM@mail.EXAMPLE" })), fault.InvalidField, "email"},
		"name taken":   {s.UpsertUser(ctx, change(x.other, func(u *directory.User) { u.Username = "kIM" })), fault.InvalidField, "username"},
		"nameless":     {s.UpsertUser(ctx, change(x.other, func(u *directory.User) { u.Username, u.Email = " ", "" })), fault.InvalidField, ""},
		"status":       {s.UpsertUser(ctx, change(x.other, func(u *directory.User) { u.Status = "asleep" })), fault.InvalidField, ""},
		"role": {s.UpsertUser(ctx, change(x.other, func(u *directory.User) {
			u.DisplayName, u.Roles = "changed", []directory.Role{directory.Student, "root"}
		})), fault.InvalidField, ""},
		"domain taken":     {s.UpsertTenant(ctx, directory.Tenant{ID: x.tenant.ID, Name: "changed", Status: "active", Domains: []string{"n.school", "B2.school"}}), fault.InvalidField, "domains"},
		"course's title":   {s.UpsertCourse(ctx, directory.Course{ID: x.course.ID, TenantID: x.tenant.ID, Title: "changed", Status: "gone"}), fault.InvalidField, ""},
		"no such tenant":   {s.UpsertUser(ctx, change(x.other, func(u *directory.User) { u.TenantID, u.ID = event.NewID(), event.NewID() })), fault.NotFound, ""},
		"no such course":   {s.UpsertLesson(ctx, directory.Lesson{ID: event.NewID(), TenantID: x.tenant.ID, CourseID: event.NewID()}), fault.NotFound, ""},
		"no such person":   {s.Enrol(ctx, directory.Enrolment{TenantID: x.tenant.ID, CourseID: x.course.ID, UserID: event.NewID(), Role: directory.Student}), fault.NotFound, ""},
		"enrolled as what": {s.Enrol(ctx, directory.Enrolment{TenantID: x.tenant.ID, CourseID: x.course.ID, UserID: x.other.ID, Role: "boss"}), fault.InvalidField, ""},
	} {
		wantFault(t, name, c.err, c.code, c.field)
	}
	user, ok, err := s.UserByID(ctx, x.tenant.ID, x.other.ID)
	found(t, "the other", x.other, user, ok, err)
	for _, z := range []townSchool{x, y} {
		tenant, ok, err := s.TenantByID(ctx, z.tenant.ID)
		found(t, "tenant", z.tenant, tenant, ok, err)
	}
}

func TestDirectoryAsksWithinItsContext(t *testing.T) {
	s := open(t, t.TempDir())
	x := addSchool(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.UserByID(ctx, x.tenant.ID, x.user.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if err := s.UpsertUser(ctx, x.user); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
}
