package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"multistream/shared/directory"
	"multistream/shared/event"
)

const (
	selectCourse    = "SELECT tenant_id, id, title, status FROM courses WHERE tenant_id = $1 "
	selectLesson    = "SELECT tenant_id, id, course_id, title, order_index FROM lessons WHERE tenant_id = $1 "
	selectRoleIn    = "SELECT role FROM enrolments WHERE tenant_id = $1 AND course_id = $2 AND user_id = $3"
	selectEnrolment = "SELECT tenant_id, course_id, user_id, role FROM enrolments WHERE tenant_id = $1 "

	upsertCourse = `INSERT INTO courses (tenant_id, id, title, status) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, id) DO UPDATE SET title = excluded.title, status = excluded.status`
	upsertLesson = `INSERT INTO lessons (tenant_id, id, course_id, title, order_index) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (tenant_id, id) DO UPDATE SET course_id = excluded.course_id, title = excluded.title, order_index = excluded.order_index`
	upsertEnrolment = `INSERT INTO enrolments (tenant_id, course_id, user_id, role) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, course_id, user_id) DO UPDATE SET role = excluded.role`
	deleteEnrolment = "DELETE FROM enrolments WHERE tenant_id = $1 AND course_id = $2 AND user_id = $3"
)

func courseRow(c *directory.Course) []any {
	return []any{uuid(c.TenantID), uuid(c.ID), c.Title, c.Status}
}

func lessonRow(l *directory.Lesson) []any {
	return []any{uuid(l.TenantID), uuid(l.ID), uuid(l.CourseID), l.Title, l.OrderIndex}
}

func enrolmentRow(e *directory.Enrolment) []any {
	return []any{uuid(e.TenantID), uuid(e.CourseID), uuid(e.UserID), string(e.Role)}
}

// CourseByID gives a course of any status.
func (p *People) CourseByID(ctx context.Context, tenant, course event.ID) (directory.Course, bool, error) {
	return one(ctx, p.of(tenant), scanCourse, selectCourse+"AND id = $2", uuid(tenant), uuid(course))
}

// Courses gives a page of a tenant's courses, by id, beginning after the given one.
func (p *People) Courses(ctx context.Context, tenant, after event.ID, limit int) ([]directory.Course, error) {
	return list(ctx, p.of(tenant), scanCourse, selectCourse+"AND id > $2 ORDER BY id LIMIT $3", uuid(tenant), uuid(after), limit)
}

// CoursesOf gives the courses that somebody is enrolled in, by id.
func (p *People) CoursesOf(ctx context.Context, tenant, user event.ID) ([]directory.Course, error) {
	return list(ctx, p.of(tenant), scanCourse, selectCourse+`AND id IN
		(SELECT course_id FROM enrolments WHERE tenant_id = $1 AND user_id = $2) ORDER BY id`, uuid(tenant), uuid(user))
}

// UpsertCourse writes a course.
func (p *People) UpsertCourse(ctx context.Context, c directory.Course) error {
	return p.changeBy(ctx, c.TenantID, upsertCourse, courseRow(&c)...)
}

// LessonByID gives a lesson.
func (p *People) LessonByID(ctx context.Context, tenant, lesson event.ID) (directory.Lesson, bool, error) {
	return one(ctx, p.of(tenant), scanLesson, selectLesson+"AND id = $2", uuid(tenant), uuid(lesson))
}

// Lessons gives a course's lessons in their order.
func (p *People) Lessons(ctx context.Context, tenant, course event.ID) ([]directory.Lesson, error) {
	return list(ctx, p.of(tenant), scanLesson, selectLesson+"AND course_id = $2 ORDER BY order_index, id", uuid(tenant), uuid(course))
}

// UpsertLesson writes a lesson. Returns fault.NotFound if its course is not one of its tenant.
func (p *People) UpsertLesson(ctx context.Context, l directory.Lesson) error {
	return p.changeBy(ctx, l.TenantID, upsertLesson, lessonRow(&l)...)
}

// RoleInCourse gives the role that somebody is enrolled with.
func (p *People) RoleInCourse(ctx context.Context, tenant, course, user event.ID) (directory.Role, bool, error) {
	return one(ctx, p.of(tenant), scanRole, selectRoleIn, uuid(tenant), uuid(course), uuid(user))
}

// Enrolments gives everybody in a course, by user id.
func (p *People) Enrolments(ctx context.Context, tenant, course event.ID) ([]directory.Enrolment, error) {
	return list(ctx, p.of(tenant), scanEnrolment, selectEnrolment+"AND course_id = $2 ORDER BY user_id", uuid(tenant), uuid(course))
}

// Enrol gives somebody a role in a course, in place of an earlier one. Returns fault.NotFound if the course or the person
// is not one of the tenant.
func (p *People) Enrol(ctx context.Context, e directory.Enrolment) error {
	return p.changeBy(ctx, e.TenantID, upsertEnrolment, enrolmentRow(&e)...)
}

// Unenrol takes somebody out of a course; who is not in it is no error.
func (p *People) Unenrol(ctx context.Context, tenant, course, user event.ID) error {
	return p.changeBy(ctx, tenant, deleteEnrolment, uuid(tenant), uuid(course), uuid(user))
}

// changeBy changes the directory by one statement.
func (p *People) changeBy(ctx context.Context, tenant event.ID, statement string, args ...any) error {
	return p.in(ctx, tenant, func(q querier) error {
		_, err := q.Exec(ctx, statement, args...)
		return err
	})
}

func scanCourse(row pgx.Row) (c directory.Course, err error) {
	return c, row.Scan(idInto{&c.TenantID}, idInto{&c.ID}, &c.Title, &c.Status)
}

func scanLesson(row pgx.Row) (l directory.Lesson, err error) {
	return l, row.Scan(idInto{&l.TenantID}, idInto{&l.ID}, idInto{&l.CourseID}, &l.Title, &l.OrderIndex)
}

func scanEnrolment(row pgx.Row) (e directory.Enrolment, err error) {
	return e, row.Scan(idInto{&e.TenantID}, idInto{&e.CourseID}, idInto{&e.UserID}, &e.Role)
}
