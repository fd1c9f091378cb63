package sqlite

import (
	"context"
	"testing"

	code "modernc.org/sqlite/lib"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// TestDirectoryCrossing tries every function with the ids of one school in the name of another: nothing is found, nothing
// is changed.
func TestDirectoryCrossing(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := addSchool(t, s, 1), addSchool(t, s, 2)
	me := y.tenant.ID // asks for x's
	user, ok, err := s.UserByID(ctx, me, x.user.ID)
	found(t, "user", nil, user, ok, err)
	users, err := s.Users(ctx, me, directory.UserFilter{Limit: 100})
	listed(t, "users", []directory.User{y.user, y.other}, users, err)
	course, ok, err := s.CourseByID(ctx, me, x.course.ID)
	found(t, "course", nil, course, ok, err)
	courses, err := s.Courses(ctx, me, event.ID{}, 100)
	listed(t, "courses", []directory.Course{y.course}, courses, err)
	courses, err = s.CoursesOf(ctx, me, x.user.ID)
	listed(t, "courses of", nil, courses, err)
	lesson, ok, err := s.LessonByID(ctx, me, x.lesson.ID)
	found(t, "lesson", nil, lesson, ok, err)
	lessons, err := s.Lessons(ctx, me, x.course.ID)
	listed(t, "lessons", nil, lessons, err)
	for name, ids := range map[string][2]event.ID{
		"both": {x.course.ID, x.user.ID}, "course": {x.course.ID, y.user.ID}, "person": {y.course.ID, x.user.ID},
	} {
		role, ok, err := s.RoleInCourse(ctx, me, ids[0], ids[1])
		found(t, "role, foreign "+name, nil, role, ok, err)
		err = s.Enrol(ctx, directory.Enrolment{TenantID: me, CourseID: ids[0], UserID: ids[1], Role: directory.Admin})
		wantFault(t, "enrol, foreign "+name, err, fault.NotFound, "")
	}
	enrolments, err := s.Enrolments(ctx, me, x.course.ID)
	listed(t, "enrolments", nil, enrolments, err)
	alone := x.link
	alone.Hash, alone.TenantID = event.Hash{1}, x.tenant.ID
	if err := s.SaveRefreshToken(ctx, alone); err != nil {
		t.Fatal(err)
	}
	link, ok, err := s.RefreshToken(ctx, me, alone.Hash)
	found(t, "link", nil, link, ok, err)
	won, err := s.RotateRefreshToken(ctx, me, alone.Hash, directory.RefreshToken{Hash: event.Hash{2}, TenantID: me, UserID: y.user.ID, SignInID: x.link.SignInID})
	if won || err != nil {
		t.Errorf("rotate: %v, %v", won, err)
	}
	won, err = s.RotateRefreshToken(ctx, x.tenant.ID, alone.Hash, directory.RefreshToken{Hash: event.Hash{2}, TenantID: me, UserID: x.user.ID, SignInID: x.link.SignInID})
	if won || err == nil {
		t.Errorf("rotate into another tenant: %v, %v", won, err)
	}

	mine := x.user
	mine.TenantID, mine.Email, mine.Username = me, "new@mail.example", "new"
	wantFault(t, "take over a user's id", s.UpsertUser(ctx, mine), fault.InvalidField, "id")
	wantFault(t, "take over a course's id", s.UpsertCourse(ctx, directory.Course{ID: x.course.ID, TenantID: me, Status: "draft"}), fault.InvalidField, "id")
	wantFault(t, "take over a lesson's id",
		s.UpsertLesson(ctx, directory.Lesson{ID: x.lesson.ID, TenantID: me, CourseID: y.course.ID}), fault.InvalidField, "id")
	wantFault(t, "a lesson in a foreign course",
		s.UpsertLesson(ctx, directory.Lesson{ID: y.lesson.ID, TenantID: me, CourseID: x.course.ID}), fault.NotFound, "")
	wantFault(t, "a link of a foreign person",
		s.SaveRefreshToken(ctx, directory.RefreshToken{Hash: event.Hash{3}, TenantID: me, UserID: x.user.ID, SignInID: x.link.SignInID}), fault.NotFound, "")
	for _, err := range []error{s.Unenrol(ctx, me, x.course.ID, x.user.ID), s.RevokeSignIn(ctx, me, x.link.SignInID, 5)} {
		if err != nil {
			t.Error(err)
		}
	}

	user, ok, err = s.UserByID(ctx, x.tenant.ID, x.user.ID)
	found(t, "x's user after all", x.user, user, ok, err)
	lesson, ok, err = s.LessonByID(ctx, me, y.lesson.ID)
	found(t, "y's lesson after all", y.lesson, lesson, ok, err)
	role, ok, err := s.RoleInCourse(ctx, x.tenant.ID, x.course.ID, x.user.ID)
	found(t, "x's role after all", directory.Assistant, role, ok, err)
	link, ok, err = s.RefreshToken(ctx, x.tenant.ID, alone.Hash)
	found(t, "x's link after all", alone, link, ok, err)
}

// TestDirectoryReferencesAreEnforced by the database itself, for a statement that no function of ours would send.
func TestDirectoryReferencesAreEnforced(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := addSchool(t, s, 1), addSchool(t, s, 2)
	for _, row := range [][3]event.ID{
		{y.tenant.ID, x.course.ID, x.user.ID}, {y.tenant.ID, y.course.ID, x.user.ID}, {x.tenant.ID, y.course.ID, x.other.ID},
	} {
		err := s.writer.do(ctx, func(ctx context.Context, q querier) error {
			_, err := q.ExecContext(ctx, "INSERT INTO enrolments VALUES (?, ?, ?, 'admin')", row[0][:], row[1][:], row[2][:])
			return err
		}, nil)
		if codeOf(err) != code.SQLITE_CONSTRAINT_FOREIGNKEY {
			t.Errorf("got %v", err)
		}
	}
}
