package identitytest

import (
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// crossing tries every function with the ids of one school in the name of another: nothing is found, nothing
// is changed.
func crossing(t *testing.T, s Store) {
	ctx := t.Context()
	x, y := AddSchool(t, s, 1), AddSchool(t, s, 2)
	me := y.Tenant.ID // asks for x's
	user, ok, err := s.UserByID(ctx, me, x.User.ID)
	Found(t, "user", nil, user, ok, err)
	users, err := s.Users(ctx, me, directory.UserFilter{Limit: 100})
	Listed(t, "users", []directory.User{y.User, y.Other}, users, err)
	course, ok, err := s.CourseByID(ctx, me, x.Course.ID)
	Found(t, "course", nil, course, ok, err)
	courses, err := s.Courses(ctx, me, event.ID{}, 100)
	Listed(t, "courses", []directory.Course{y.Course}, courses, err)
	courses, err = s.CoursesOf(ctx, me, x.User.ID)
	Listed(t, "courses of", nil, courses, err)
	lesson, ok, err := s.LessonByID(ctx, me, x.Lesson.ID)
	Found(t, "lesson", nil, lesson, ok, err)
	lessons, err := s.Lessons(ctx, me, x.Course.ID)
	Listed(t, "lessons", nil, lessons, err)
	for name, ids := range map[string][2]event.ID{
		"both": {x.Course.ID, x.User.ID}, "course": {x.Course.ID, y.User.ID}, "person": {y.Course.ID, x.User.ID},
	} {
		role, ok, err := s.RoleInCourse(ctx, me, ids[0], ids[1])
		Found(t, "role, foreign "+name, nil, role, ok, err)
		err = s.Enrol(ctx, directory.Enrolment{TenantID: me, CourseID: ids[0], UserID: ids[1], Role: directory.Admin})
		WantFault(t, "enrol, foreign "+name, err, fault.NotFound, "")
	}
	enrolments, err := s.Enrolments(ctx, me, x.Course.ID)
	Listed(t, "enrolments", nil, enrolments, err)
	alone := x.Link
	alone.Hash, alone.TenantID = event.Hash{1}, x.Tenant.ID
	if err := s.SaveRefreshToken(ctx, alone); err != nil {
		t.Fatal(err)
	}
	link, ok, err := s.RefreshToken(ctx, me, alone.Hash)
	Found(t, "link", nil, link, ok, err)
	won, err := s.RotateRefreshToken(ctx, me, alone.Hash, directory.RefreshToken{Hash: event.Hash{2}, TenantID: me, UserID: y.User.ID, SignInID: x.Link.SignInID})
	if won || err != nil {
		t.Errorf("rotate: %v, %v", won, err)
	}
	won, err = s.RotateRefreshToken(ctx, x.Tenant.ID, alone.Hash, directory.RefreshToken{Hash: event.Hash{2}, TenantID: me, UserID: x.User.ID, SignInID: x.Link.SignInID})
	if won || err == nil {
		t.Errorf("rotate into another tenant: %v, %v", won, err)
	}

	mine := x.User
	mine.TenantID, mine.Email, mine.Username = me, "new@mail.example", "new"
	WantFault(t, "take over a user's id", s.UpsertUser(ctx, mine), fault.InvalidField, "id")
	WantFault(t, "take over a course's id", s.UpsertCourse(ctx, directory.Course{ID: x.Course.ID, TenantID: me, Status: "draft"}), fault.InvalidField, "id")
	WantFault(t, "take over a lesson's id",
		s.UpsertLesson(ctx, directory.Lesson{ID: x.Lesson.ID, TenantID: me, CourseID: y.Course.ID}), fault.InvalidField, "id")
	WantFault(t, "a lesson in a foreign course",
		s.UpsertLesson(ctx, directory.Lesson{ID: y.Lesson.ID, TenantID: me, CourseID: x.Course.ID}), fault.NotFound, "")
	WantFault(t, "a link of a foreign person",
		s.SaveRefreshToken(ctx, directory.RefreshToken{Hash: event.Hash{3}, TenantID: me, UserID: x.User.ID, SignInID: x.Link.SignInID}), fault.NotFound, "")
	for _, err := range []error{s.Unenrol(ctx, me, x.Course.ID, x.User.ID), s.RevokeSignIn(ctx, me, x.Link.SignInID, 5)} {
		if err != nil {
			t.Error(err)
		}
	}

	user, ok, err = s.UserByID(ctx, x.Tenant.ID, x.User.ID)
	Found(t, "x's user after all", x.User, user, ok, err)
	lesson, ok, err = s.LessonByID(ctx, me, y.Lesson.ID)
	Found(t, "y's lesson after all", y.Lesson, lesson, ok, err)
	role, ok, err := s.RoleInCourse(ctx, x.Tenant.ID, x.Course.ID, x.User.ID)
	Found(t, "x's role after all", directory.Assistant, role, ok, err)
	link, ok, err = s.RefreshToken(ctx, x.Tenant.ID, alone.Hash)
	Found(t, "x's link after all", alone, link, ok, err)
}

// editCrossing tries every function of an edit with the ids of one school in the name of another: nothing is found,
// nothing is changed.
func editCrossing(t *testing.T, s Store) {
	ctx := t.Context()
	x, y := AddSchool(t, s, 1), AddSchool(t, s, 2)
	me := y.Tenant.ID // asks for x's
	err := s.Edit(ctx, me, func(e identity.Editor) error {
		tenant, ok, err := e.Tenant()
		tenant.Domains = y.Tenant.Domains
		Found(t, "tenant", y.Tenant, tenant, ok, err)
		user, ok, err := e.User(x.User.ID)
		Found(t, "user", nil, user, ok, err)
		user, ok, err = e.UserByEmail(x.User.Email)
		Found(t, "user by e-mail", y.User, user, ok, err)
		user, ok, err = e.UserByUsername("KIM")
		Found(t, "user by name", y.User, user, ok, err)
		course, ok, err := e.Course(x.Course.ID)
		Found(t, "course", nil, course, ok, err)
		courses, err := e.CoursesTitled("Physics")
		Listed(t, "courses", []directory.Course{y.Course}, courses, err)
		lesson, ok, err := e.Lesson(x.Lesson.ID)
		Found(t, "lesson", nil, lesson, ok, err)
		role, ok, err := e.RoleInCourse(x.Course.ID, x.User.ID)
		Found(t, "role", nil, role, ok, err)
		if n, err := e.OtherAdmins(y.User.ID); n != 0 || err != nil {
			t.Errorf("%d other admins, %v", n, err)
		}
		ended, err := e.EndSignIns(x.User.ID, event.ID{}, 5)
		Listed(t, "ended", nil, ended, err)
		for name, err := range map[string]error{
			"delete course": e.DeleteCourse(x.Course.ID), "delete lesson": e.DeleteLesson(x.Lesson.ID),
			"unenrol": e.Unenrol(x.Course.ID, x.User.ID), "stale": e.MarkStale(x.User.ID, 99),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, err := range map[string]error{
			"user": e.PutUser(x.User), "course": e.PutCourse(x.Course), "lesson": e.PutLesson(x.Lesson), "link": e.SaveRefreshToken(x.Next(9, 1)),
			"enrolment": e.Enrol(directory.Enrolment{TenantID: x.Tenant.ID, CourseID: x.Course.ID, UserID: x.Other.ID, Role: directory.Admin}),
		} {
			if err == nil {
				t.Errorf("%s of another school was written", name)
			}
		}
		if _, _, ok, err := e.Answered(x.User.ID, "k"); ok || err != nil {
			t.Errorf("answered: %v, %v", ok, err)
		}
		return e.Audit(directory.AuditEntry{TenantID: x.Tenant.ID, Action: "tried", Details: "{}"})
	})
	if err != nil {
		t.Fatal(err)
	}
	// What can't be told apart by the tenant of a row is refused by the schema.
	for name, f := range map[string]func(e identity.Editor) error{
		"a lesson in a foreign course": func(e identity.Editor) error {
			return e.PutLesson(directory.Lesson{ID: event.NewID(), TenantID: me, CourseID: x.Course.ID, Title: "L"})
		},
		"a foreign person": func(e identity.Editor) error {
			return e.Enrol(directory.Enrolment{TenantID: me, CourseID: y.Course.ID, UserID: x.User.ID, Role: directory.Student})
		},
	} {
		WantFault(t, name, s.Edit(ctx, me, f), fault.NotFound, "")
	}
	user, ok, err := s.UserByID(ctx, x.Tenant.ID, x.User.ID)
	Found(t, "x's user after all", x.User, user, ok, err)
	course, ok, err := s.CourseByID(ctx, x.Tenant.ID, x.Course.ID)
	Found(t, "x's course after all", x.Course, course, ok, err)
	lesson, ok, err := s.LessonByID(ctx, x.Tenant.ID, x.Lesson.ID)
	Found(t, "x's lesson after all", x.Lesson, lesson, ok, err)
	role, ok, err := s.RoleInCourse(ctx, x.Tenant.ID, x.Course.ID, x.User.ID)
	Found(t, "x's role after all", directory.Assistant, role, ok, err)
	link, ok, err := s.RefreshToken(ctx, x.Tenant.ID, x.Link.Hash)
	Found(t, "x's link after all", x.Link, link, ok, err)
	if stale, err := s.StaleUsers(ctx, 0); len(stale) != 0 || err != nil {
		t.Errorf("stale: %v, %v", stale, err)
	}
	entries, err := s.Audit(ctx, x.Tenant.ID, 0, 10)
	Listed(t, "x's audit", nil, entries, err)
	if entries, err = s.Audit(ctx, me, 0, 10); len(entries) != 1 || entries[0].TenantID != me || err != nil {
		t.Errorf("y's audit: %+v, %v", entries, err)
	}
	users, err := s.Users(ctx, me, directory.UserFilter{Search: "kim", Role: directory.Admin, Status: "active", Limit: 10})
	Listed(t, "users found", []directory.User{y.User}, users, err)
	users, err = s.Users(ctx, me, directory.UserFilter{After: x.User.ID, Limit: 10})
	Listed(t, "users after a foreign one", nil, users, err)
}
