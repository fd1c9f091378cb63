package sqlite

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
)

const (
	selectCourse    = "SELECT tenant_id, id, title, status FROM courses WHERE tenant_id = ? "
	selectLesson    = "SELECT tenant_id, id, course_id, title, order_index FROM lessons WHERE tenant_id = ? "
	selectRoleIn    = "SELECT role FROM enrolments WHERE tenant_id = ? AND course_id = ? AND user_id = ?"
	selectEnrolment = "SELECT tenant_id, course_id, user_id, role FROM enrolments WHERE tenant_id = ? "

	upsertCourse = `INSERT INTO courses (tenant_id, id, title, status) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant_id, id) DO UPDATE SET title = excluded.title, status = excluded.status`
	upsertLesson = `INSERT INTO lessons (tenant_id, id, course_id, title, order_index) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, id) DO UPDATE SET course_id = excluded.course_id, title = excluded.title, order_index = excluded.order_index`
	upsertEnrolment = `INSERT INTO enrolments (tenant_id, course_id, user_id, role) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant_id, course_id, user_id) DO UPDATE SET role = excluded.role`
	deleteEnrolment = "DELETE FROM enrolments WHERE tenant_id = ? AND course_id = ? AND user_id = ?"
)

func courseRow(c *directory.Course) []any { return []any{c.TenantID[:], c.ID[:], c.Title, c.Status} }

func lessonRow(l *directory.Lesson) []any {
	return []any{l.TenantID[:], l.ID[:], l.CourseID[:], l.Title, l.OrderIndex}
}

func enrolmentRow(e *directory.Enrolment) []any {
	return []any{e.TenantID[:], e.CourseID[:], e.UserID[:], string(e.Role)}
}

// CourseByID gives a course of any status.
func (s *Store) CourseByID(ctx context.Context, tenant, course event.ID) (directory.Course, bool, error) {
	return one(ctx, s.lookups, scanCourse, selectCourse+"AND id = ?", tenant[:], course[:])
}

// Courses gives a page of a tenant's courses, by id, beginning after the given one.
func (s *Store) Courses(ctx context.Context, tenant, after event.ID, limit int) ([]directory.Course, error) {
	return list(ctx, s.lookups, scanCourse, selectCourse+"AND id > ? ORDER BY id LIMIT ?", tenant[:], after[:], limit)
}

// CoursesOf gives the courses that somebody is enrolled in, by id.
func (s *Store) CoursesOf(ctx context.Context, tenant, user event.ID) ([]directory.Course, error) {
	return list(ctx, s.lookups, scanCourse, selectCourse+`AND id IN
		(SELECT course_id FROM enrolments WHERE tenant_id = ? AND user_id = ?) ORDER BY id`, tenant[:], tenant[:], user[:])
}

// UpsertCourse writes a course.
func (s *Store) UpsertCourse(ctx context.Context, c directory.Course) error {
	return s.changeBy(ctx, upsertCourse, courseRow(&c)...)
}

// LessonByID gives a lesson.
func (s *Store) LessonByID(ctx context.Context, tenant, lesson event.ID) (directory.Lesson, bool, error) {
	return one(ctx, s.lookups, scanLesson, selectLesson+"AND id = ?", tenant[:], lesson[:])
}

// Lessons gives a course's lessons in their order.
func (s *Store) Lessons(ctx context.Context, tenant, course event.ID) ([]directory.Lesson, error) {
	return list(ctx, s.lookups, scanLesson, selectLesson+"AND course_id = ? ORDER BY order_index, id", tenant[:], course[:])
}

// UpsertLesson writes a lesson. Returns fault.NotFound if its course is not one of its tenant.
func (s *Store) UpsertLesson(ctx context.Context, l directory.Lesson) error {
	return s.changeBy(ctx, upsertLesson, lessonRow(&l)...)
}

// RoleInCourse gives the role that somebody is enrolled with.
func (s *Store) RoleInCourse(ctx context.Context, tenant, course, user event.ID) (directory.Role, bool, error) {
	return one(ctx, s.lookups, scanRole, selectRoleIn, tenant[:], course[:], user[:])
}

// Enrolments gives everybody in a course, by user id.
func (s *Store) Enrolments(ctx context.Context, tenant, course event.ID) ([]directory.Enrolment, error) {
	return list(ctx, s.lookups, scanEnrolment, selectEnrolment+"AND course_id = ? ORDER BY user_id", tenant[:], course[:])
}

// Enrol gives somebody a role in a course, in place of an earlier one. Returns fault.NotFound if the course or the person
// is not one of the tenant.
func (s *Store) Enrol(ctx context.Context, e directory.Enrolment) error {
	return s.changeBy(ctx, upsertEnrolment, enrolmentRow(&e)...)
}

// Unenrol takes somebody out of a course; who is not in it is no error.
func (s *Store) Unenrol(ctx context.Context, tenant, course, user event.ID) error {
	return s.changeBy(ctx, deleteEnrolment, tenant[:], course[:], user[:])
}

// changeBy changes the directory by one statement.
func (s *Store) changeBy(ctx context.Context, statement string, args ...any) error {
	return s.change(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, statement, args...)
		return err
	})
}

func scanCourse(scan scanner) (c directory.Course, err error) {
	return c, scan(idInto{&c.TenantID}, idInto{&c.ID}, &c.Title, &c.Status)
}

func scanLesson(scan scanner) (l directory.Lesson, err error) {
	return l, scan(idInto{&l.TenantID}, idInto{&l.ID}, idInto{&l.CourseID}, &l.Title, &l.OrderIndex)
}

func scanEnrolment(scan scanner) (e directory.Enrolment, err error) {
	return e, scan(idInto{&e.TenantID}, idInto{&e.CourseID}, idInto{&e.UserID}, &e.Role)
}
