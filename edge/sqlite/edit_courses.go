package sqlite

import (
	"multistream/shared/directory"
	"multistream/shared/event"
)

// Course gives a course of any status.
func (e *Edit) Course(id event.ID) (directory.Course, bool, error) {
	return one(e.ctx, e.q, scanCourse, selectCourse+"AND id = ?", e.tenant[:], id[:])
}

// CoursesTitled gives the courses of a title, at most two.
func (e *Edit) CoursesTitled(title string) ([]directory.Course, error) {
	return list(e.ctx, e.q, scanCourse, selectCourse+"AND title = ? ORDER BY id LIMIT 2", e.tenant[:], title)
}

// PutCourse writes a course.
func (e *Edit) PutCourse(c directory.Course) error {
	if err := e.own(c.TenantID); err != nil {
		return err
	}
	return e.exec(upsertCourse, courseRow(&c)...)
}

// DeleteCourse deletes a course with its lessons and enrolments.
func (e *Edit) DeleteCourse(id event.ID) error {
	return e.exec("DELETE FROM courses WHERE tenant_id = ? AND id = ?", e.tenant[:], id[:])
}

// OpenClasses counts the classes of a course, or of a lesson, that are planned or run.
func (e *Edit) OpenClasses(courseOrLesson event.ID) (int, error) {
	n, _, err := one(e.ctx, e.q, scanNumber, `SELECT count(*) FROM sessions WHERE tenant_id = ? AND (course_id = ? OR lesson_id = ?)
		AND status IN ('scheduled', 'live', 'halted')`, e.tenant[:], courseOrLesson[:], courseOrLesson[:])
	return int(n), err
}

// Lesson gives a lesson.
func (e *Edit) Lesson(id event.ID) (directory.Lesson, bool, error) {
	return one(e.ctx, e.q, scanLesson, selectLesson+"AND id = ?", e.tenant[:], id[:])
}

// PutLesson writes a lesson.
func (e *Edit) PutLesson(l directory.Lesson) error {
	if err := e.own(l.TenantID); err != nil {
		return err
	}
	return e.exec(upsertLesson, lessonRow(&l)...)
}

// DeleteLesson deletes a lesson.
func (e *Edit) DeleteLesson(id event.ID) error {
	return e.exec("DELETE FROM lessons WHERE tenant_id = ? AND id = ?", e.tenant[:], id[:])
}

// RoleInCourse gives the role that somebody is enrolled with.
func (e *Edit) RoleInCourse(course, user event.ID) (directory.Role, bool, error) {
	return one(e.ctx, e.q, scanRole, selectRoleIn, e.tenant[:], course[:], user[:])
}

// Enrol gives somebody a role in a course, in place of an earlier one.
func (e *Edit) Enrol(c directory.Enrolment) error {
	if err := e.own(c.TenantID); err != nil {
		return err
	}
	return e.exec(upsertEnrolment, enrolmentRow(&c)...)
}

// Unenrol takes somebody out of a course.
func (e *Edit) Unenrol(course, user event.ID) error {
	return e.exec(deleteEnrolment, e.tenant[:], course[:], user[:])
}
