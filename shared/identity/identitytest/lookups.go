package identitytest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// lookUps runs with two schools whose people, names and token hashes are the same, and reads both.
func lookUps(t *testing.T, s Store) {
	schools, ctx := []School{AddSchool(t, s, 1), AddSchool(t, s, 2)}, t.Context()
	for _, x := range schools {
		id := x.Tenant.ID
		tenant, ok, err := s.TenantByID(ctx, id)
		Found(t, "tenant", x.Tenant, tenant, ok, err)
		for _, domain := range []string{x.Tenant.Domains[1], " B" + x.Tenant.Domains[1][1:] + " "} {
			tenant, ok, err = s.TenantByDomain(ctx, domain)
			Found(t, "tenant by "+domain, x.Tenant, tenant, ok, err)
		}
		tenant, ok, err = s.TenantByDomain(ctx, "www."+x.Tenant.Domains[0])
		Found(t, "tenant by a longer domain", nil, tenant, ok, err)

		user, ok, err := s.UserByID(ctx, id, x.User.ID)
		Found(t, "user", x.User, user, ok, err)
		user, ok, err = s.UserByEmail(ctx, id, " kim@MAIL.example")
		Found(t, "user by e-mail", x.User, user, ok, err)
		user, ok, err = s.UserByUsername(ctx, id, "KIM")
		Found(t, "user by name", x.User, user, ok, err)
		user, ok, err = s.UserByUsername(ctx, id, "LEE")
		Found(t, "other user by name", x.Other, user, ok, err)
		for _, none := range []string{"", " ", "kim", "%", "' OR '1'='1"} {
			user, ok, err = s.UserByEmail(ctx, id, none)
			Found(t, "user by e-mail "+none, nil, user, ok, err)
		}
		users, err := s.Users(ctx, id, directory.UserFilter{Limit: 10})
		Listed(t, "users", []directory.User{x.User, x.Other}, users, err)
		users, err = s.Users(ctx, id, directory.UserFilter{After: x.User.ID, Limit: 10})
		Listed(t, "users after the first", []directory.User{x.Other}, users, err)
		users, err = s.Users(ctx, id, directory.UserFilter{Limit: 1})
		Listed(t, "one user", []directory.User{x.User}, users, err)

		course, ok, err := s.CourseByID(ctx, id, x.Course.ID)
		Found(t, "course", x.Course, course, ok, err)
		courses, err := s.Courses(ctx, id, event.ID{}, 10)
		Listed(t, "courses", []directory.Course{x.Course}, courses, err)
		courses, err = s.CoursesOf(ctx, id, x.User.ID)
		Listed(t, "courses of one", []directory.Course{x.Course}, courses, err)
		courses, err = s.CoursesOf(ctx, id, x.Other.ID)
		Listed(t, "courses of the other", nil, courses, err)
		lesson, ok, err := s.LessonByID(ctx, id, x.Lesson.ID)
		Found(t, "lesson", x.Lesson, lesson, ok, err)
		lessons, err := s.Lessons(ctx, id, x.Course.ID)
		Listed(t, "lessons", []directory.Lesson{x.Lesson}, lessons, err)
		role, ok, err := s.RoleInCourse(ctx, id, x.Course.ID, x.User.ID)
		Found(t, "role", directory.Assistant, role, ok, err)
		role, ok, err = s.RoleInCourse(ctx, id, x.Course.ID, x.Other.ID)
		Found(t, "role of the other", nil, role, ok, err)
		enrolments, err := s.Enrolments(ctx, id, x.Course.ID)
		Listed(t, "enrolments", []directory.Enrolment{{TenantID: id, CourseID: x.Course.ID, UserID: x.User.ID, Role: directory.Assistant}}, enrolments, err)
		link, ok, err := s.RefreshToken(ctx, id, x.Link.Hash)
		Found(t, "link", x.Link, link, ok, err)
	}
	tenants, err := s.Tenants(ctx, 5)
	Listed(t, "tenants", []directory.Tenant{schools[0].Tenant, schools[1].Tenant}, tenants, err)
	tenants, err = s.Tenants(ctx, 1)
	Listed(t, "one tenant", []directory.Tenant{schools[0].Tenant}, tenants, err)
}

// changes writes what is there again, changed.
func changes(t *testing.T, s Store) {
	ctx := t.Context()
	x := AddSchool(t, s, 1)
	x.Tenant.Name, x.Tenant.Status, x.Tenant.Domains = "Other", "suspended", []string{"c.school"}
	x.User.Email, x.User.DisplayName, x.User.Roles, x.User.PasswordHash = "", "K.", []directory.Role{directory.Student}, ""
	x.Course.Status, x.Lesson.OrderIndex = "draft", 7
	enrolment := directory.Enrolment{TenantID: x.Tenant.ID, CourseID: x.Course.ID, UserID: x.User.ID, Role: directory.Student}
	for range 2 {
		for _, err := range []error{
			s.UpsertTenant(ctx, x.Tenant), s.UpsertUser(ctx, x.User), s.UpsertCourse(ctx, x.Course), s.UpsertLesson(ctx, x.Lesson), s.Enrol(ctx, enrolment),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	tenant, ok, err := s.TenantByDomain(ctx, "c.school")
	Found(t, "tenant", x.Tenant, tenant, ok, err)
	tenant, ok, err = s.TenantByDomain(ctx, "a1.school")
	Found(t, "tenant by an old domain", nil, tenant, ok, err)
	user, ok, err := s.UserByUsername(ctx, x.Tenant.ID, "kim")
	Found(t, "user", x.User, user, ok, err)
	user, ok, err = s.UserByEmail(ctx, x.Tenant.ID, "kim@mail.example")
	Found(t, "user by an old e-mail", nil, user, ok, err)
	course, ok, err := s.CourseByID(ctx, x.Tenant.ID, x.Course.ID)
	Found(t, "course", x.Course, course, ok, err)
	lesson, ok, err := s.LessonByID(ctx, x.Tenant.ID, x.Lesson.ID)
	Found(t, "lesson", x.Lesson, lesson, ok, err)
	role, ok, err := s.RoleInCourse(ctx, x.Tenant.ID, x.Course.ID, x.User.ID)
	Found(t, "role", directory.Student, role, ok, err)
	for range 2 {
		if err := s.Unenrol(ctx, x.Tenant.ID, x.Course.ID, x.User.ID); err != nil {
			t.Fatal(err)
		}
	}
	role, ok, err = s.RoleInCourse(ctx, x.Tenant.ID, x.Course.ID, x.User.ID)
	Found(t, "role after leaving", nil, role, ok, err)
}

// refusals: a broken rule undoes the whole change, says which field it was, and leaves the store working.
func refusals(t *testing.T, s Store) {
	ctx := t.Context()
	x, y := AddSchool(t, s, 1), AddSchool(t, s, 2)
	change := func(u directory.User, f func(*directory.User)) directory.User { f(&u); return u }
	for name, c := range map[string]struct {
		err   error
		code  fault.Code
		field string
	}{
		"e-mail taken": {s.UpsertUser(ctx, change(x.Other, func(u *directory.User) { u.Email = "KIM@mail.EXAMPLE" })), fault.InvalidField, "email"},
		"name taken":   {s.UpsertUser(ctx, change(x.Other, func(u *directory.User) { u.Username = "kIM" })), fault.InvalidField, "username"},
		"nameless":     {s.UpsertUser(ctx, change(x.Other, func(u *directory.User) { u.Username, u.Email = " ", "" })), fault.InvalidField, ""},
		"status":       {s.UpsertUser(ctx, change(x.Other, func(u *directory.User) { u.Status = "asleep" })), fault.InvalidField, ""},
		"role": {s.UpsertUser(ctx, change(x.Other, func(u *directory.User) {
			u.DisplayName, u.Roles = "changed", []directory.Role{directory.Student, "root"}
		})), fault.InvalidField, ""},
		"domain taken":     {s.UpsertTenant(ctx, directory.Tenant{ID: x.Tenant.ID, Name: "changed", Status: "active", Domains: []string{"n.school", "B2.school"}}), fault.InvalidField, "domains"},
		"course's title":   {s.UpsertCourse(ctx, directory.Course{ID: x.Course.ID, TenantID: x.Tenant.ID, Title: "changed", Status: "gone"}), fault.InvalidField, ""},
		"no such tenant":   {s.UpsertUser(ctx, change(x.Other, func(u *directory.User) { u.TenantID, u.ID = event.NewID(), event.NewID() })), fault.NotFound, ""},
		"no such course":   {s.UpsertLesson(ctx, directory.Lesson{ID: event.NewID(), TenantID: x.Tenant.ID, CourseID: event.NewID()}), fault.NotFound, ""},
		"no such person":   {s.Enrol(ctx, directory.Enrolment{TenantID: x.Tenant.ID, CourseID: x.Course.ID, UserID: event.NewID(), Role: directory.Student}), fault.NotFound, ""},
		"enrolled as what": {s.Enrol(ctx, directory.Enrolment{TenantID: x.Tenant.ID, CourseID: x.Course.ID, UserID: x.Other.ID, Role: "boss"}), fault.InvalidField, ""},
	} {
		WantFault(t, name, c.err, c.code, c.field)
	}
	user, ok, err := s.UserByID(ctx, x.Tenant.ID, x.Other.ID)
	Found(t, "the other", x.Other, user, ok, err)
	for _, z := range []School{x, y} {
		tenant, ok, err := s.TenantByID(ctx, z.Tenant.ID)
		Found(t, "tenant", z.Tenant, tenant, ok, err)
	}
}

func asksWithinItsContext(t *testing.T, s Store) {
	x := AddSchool(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.UserByID(ctx, x.Tenant.ID, x.User.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	if err := s.UpsertUser(ctx, x.User); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
}

// firstSchool: of many who make the first school at once, one does; where there is one, nobody does.
func firstSchool(t *testing.T, s Store) {
	ctx := t.Context()
	var wins atomic.Int64
	var all sync.WaitGroup
	for n := range 5 {
		all.Go(func() {
			school := directory.Tenant{ID: event.NewID(), Name: "Hill", Status: "active", Domains: []string{fmt.Sprintf("hill%d.school", n)}}
			admin := directory.User{ID: event.NewID(), TenantID: school.ID, Username: "ada", DisplayName: "Ada", Status: "active", Roles: []directory.Role{directory.Admin}}
			won, err := s.FirstSchool(ctx, school, admin, directory.AuditEntry{At: 1, ActorID: admin.ID, Action: "box.claimed", TargetID: school.ID, Details: "{}"})
			if err != nil {
				t.Error(err)
			}
			if _, ok, err := s.UserByID(ctx, school.ID, admin.ID); ok != won || err != nil {
				t.Errorf("won %v, and the admin is there: %v, %v", won, ok, err)
			}
			if won {
				wins.Add(1)
			}
			if entries, err := s.Audit(ctx, school.ID, 0, 10); won != (len(entries) == 1) || err != nil {
				t.Errorf("won %v, and the audit has %d entries, %v", won, len(entries), err)
			}
		})
	}
	all.Wait()
	if tenants, err := s.Tenants(ctx, 10); wins.Load() != 1 || len(tenants) != 1 || err != nil {
		t.Errorf("%d won, %d schools, %v", wins.Load(), len(tenants), err)
	}
}
