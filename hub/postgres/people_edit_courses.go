package postgres

import (
	"multistream/shared/directory"
	"multistream/shared/event"
)

// Course gives a course of any status.
func (e *Edit) Course(id event.ID) (directory.Course, bool, error) {
	return one(e.ctx, e.asks(), scanCourse, selectCourse+"AND id = $2", uuid(e.tenant), uuid(id))
}

// CoursesTitled gives the courses of a title, at most two.
func (e *Edit) CoursesTitled(title string) ([]directory.Course, error) {
	return list(e.ctx, e.asks(), scanCourse, selectCourse+"AND title = $2 ORDER BY id LIMIT 2", uuid(e.tenant), title)
}

// PutCourse writes a course.
func (e *Edit) PutCourse(c directory.Course) error {
	if err := e.own(c.TenantID); err != nil {
		return err
	}
	return e.exec(upsertCourse, courseRow(&c)...)
}

// DeleteCourse deletes a course with its lessons and enrolments. Plans of classes that are over keep the lesson's id in what
// was asked for, and point to it no more.
func (e *Edit) DeleteCourse(id event.ID) error {
	if err := e.exec(`UPDATE session_plans SET lesson_id = NULL WHERE tenant_id = $1 AND lesson_id IN
		(SELECT l.id FROM lessons l WHERE l.tenant_id = $1 AND l.course_id = $2)`, uuid(e.tenant), uuid(id)); err != nil {
		return err
	}
	return e.exec("DELETE FROM courses WHERE tenant_id = $1 AND id = $2", uuid(e.tenant), uuid(id))
}

// OpenClasses counts the classes of a course, or of a lesson, that are planned or run.
func (e *Edit) OpenClasses(courseOrLesson event.ID) (int, error) {
	n, _, err := one(e.ctx, e.asks(), scanNumber, `SELECT
		(SELECT count(*) FROM sessions WHERE tenant_id = $1 AND (course_id = $2 OR lesson_id = $2) AND status IN ('scheduled', 'live', 'halted'))
		+ (SELECT count(*) FROM session_plans p WHERE p.tenant_id = $1 AND NOT p.withdrawn AND (p.lesson_id = $2 OR p.settings ->> 'courseId' = $2::text)
			AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.tenant_id = $1 AND s.id = p.session_id))`, uuid(e.tenant), uuid(courseOrLesson))
	return int(n), err
}

// Lesson gives a lesson.
func (e *Edit) Lesson(id event.ID) (directory.Lesson, bool, error) {
	return one(e.ctx, e.asks(), scanLesson, selectLesson+"AND id = $2", uuid(e.tenant), uuid(id))
}

// PutLesson writes a lesson.
func (e *Edit) PutLesson(l directory.Lesson) error {
	if err := e.own(l.TenantID); err != nil {
		return err
	}
	return e.exec(upsertLesson, lessonRow(&l)...)
}

// DeleteLesson deletes a lesson; see DeleteCourse for what points to it.
func (e *Edit) DeleteLesson(id event.ID) error {
	if err := e.exec("UPDATE session_plans SET lesson_id = NULL WHERE tenant_id = $1 AND lesson_id = $2", uuid(e.tenant), uuid(id)); err != nil {
		return err
	}
	return e.exec("DELETE FROM lessons WHERE tenant_id = $1 AND id = $2", uuid(e.tenant), uuid(id))
}

// RoleInCourse gives the role that somebody is enrolled with.
func (e *Edit) RoleInCourse(course, user event.ID) (directory.Role, bool, error) {
	return one(e.ctx, e.asks(), scanRole, selectRoleIn, uuid(e.tenant), uuid(course), uuid(user))
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
	return e.exec(deleteEnrolment, uuid(e.tenant), uuid(course), uuid(user))
}
