package identity

import (
	"fmt"
	"strings"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/people"
)

func courseOf(c directory.Course) people.Course {
	out := people.Course{ID: c.ID, Title: c.Title, Status: c.Status}
	out.Version = versionOf(out)
	return out
}

func lessonOf(l directory.Lesson) people.Lesson {
	out := people.Lesson{ID: l.ID, CourseID: l.CourseID, Title: l.Title, Order: l.OrderIndex}
	out.Version = versionOf(out)
	return out
}

// changeCourses makes a change of courses, lessons and who is in them.
func (d *writing) changeCourses(change any) (any, error) {
	switch c := change.(type) {
	case *people.CreateCourse:
		course := directory.Course{ID: d.id("course"), TenantID: d.admin.TenantID, Title: strings.TrimSpace(c.Title), Status: c.Status}
		if course.Status == "" {
			course.Status = "published"
		}
		if _, used, err := d.e.Course(course.ID); err != nil {
			return nil, err
		} else if used {
			return nil, keyUsed()
		}
		return d.putCourse(course, "course.created")
	case *people.ChangeCourse:
		return d.changeCourse(c)
	case *people.DeleteCourse:
		if _, err := d.course(c.CourseID); err != nil {
			return nil, err
		}
		if err := d.unused(c.CourseID); err != nil {
			return nil, err
		}
		if err := d.e.DeleteCourse(c.CourseID); err != nil {
			return nil, err
		}
		return people.Gone{}, d.audit("course.deleted", c.CourseID)
	case *people.CreateLesson:
		if _, err := d.course(c.CourseID); err != nil {
			return nil, err
		}
		id := d.id("lesson")
		if _, used, err := d.e.Lesson(id); err != nil {
			return nil, err
		} else if used {
			return nil, keyUsed()
		}
		return d.putLesson(directory.Lesson{ID: id, TenantID: d.admin.TenantID, CourseID: c.CourseID, Title: strings.TrimSpace(c.Title), OrderIndex: c.Order}, "lesson.created")
	case *people.ChangeLesson:
		return d.changeLesson(c)
	case *people.DeleteLesson:
		if _, err := d.lesson(c.LessonID); err != nil {
			return nil, err
		}
		if err := d.unused(c.LessonID); err != nil {
			return nil, err
		}
		if err := d.e.DeleteLesson(c.LessonID); err != nil {
			return nil, err
		}
		return people.Gone{}, d.audit("lesson.deleted", c.LessonID)
	case *people.Enrol:
		return d.enrol(c)
	case *people.Unenrol:
		before, was, err := d.e.RoleInCourse(c.CourseID, c.UserID)
		if err != nil || !was {
			return people.Gone{}, err
		}
		if err := d.e.Unenrol(c.CourseID, c.UserID); err != nil {
			return nil, err
		}
		return people.Gone{}, d.audit("course.unenrolled", c.UserID, "course", c.CourseID, "before", before)
	}
	return nil, fault.Of(fmt.Errorf("identity: no change %T", change))
}

// id gives what is created an id that a repeat finds again.
func (d *writing) id(kind string) event.ID {
	return event.DeriveID(d.admin.TenantID, d.admin.ID, kind+" "+d.key, 0)
}

func (d *writing) putCourse(c directory.Course, action string) (any, error) {
	if c.Title == "" {
		return nil, fault.At(fault.InvalidField, "title", "A title is missing. Nothing was changed.")
	}
	if err := d.e.PutCourse(c); err != nil {
		return nil, err
	}
	return courseOf(c), d.audit(action, c.ID, "status", c.Status)
}

func (d *writing) changeCourse(c *people.ChangeCourse) (any, error) {
	course, err := d.course(c.CourseID)
	if err != nil {
		return nil, err
	}
	if shown := courseOf(course); c.Version != shown.Version {
		return nil, sameVersion(c.Version, shown.Version, shown)
	}
	if c.Title != nil {
		course.Title = strings.TrimSpace(*c.Title)
	}
	if c.Status != nil {
		course.Status = *c.Status
	}
	return d.putCourse(course, "course.changed")
}

func (d *writing) putLesson(l directory.Lesson, action string) (any, error) {
	if l.Title == "" {
		return nil, fault.At(fault.InvalidField, "title", "A title is missing. Nothing was changed.")
	}
	if err := d.e.PutLesson(l); err != nil {
		return nil, err
	}
	return lessonOf(l), d.audit(action, l.ID, "course", l.CourseID)
}

func (d *writing) changeLesson(c *people.ChangeLesson) (any, error) {
	l, err := d.lesson(c.LessonID)
	if err != nil {
		return nil, err
	}
	if shown := lessonOf(l); c.Version != shown.Version {
		return nil, sameVersion(c.Version, shown.Version, shown)
	}
	if c.Title != nil {
		l.Title = strings.TrimSpace(*c.Title)
	}
	if c.Order != nil {
		l.OrderIndex = *c.Order
	}
	return d.putLesson(l, "lesson.changed")
}

func (d *writing) enrol(c *people.Enrol) (any, error) {
	if _, err := d.course(c.CourseID); err != nil {
		return nil, err
	}
	if _, err := d.user(c.UserID); err != nil {
		return nil, err
	}
	before, _, err := d.e.RoleInCourse(c.CourseID, c.UserID)
	if err != nil {
		return nil, err
	}
	if before != c.Role {
		if err := d.e.Enrol(directory.Enrolment{TenantID: d.admin.TenantID, CourseID: c.CourseID, UserID: c.UserID, Role: c.Role}); err != nil {
			return nil, err
		}
		if err := d.audit("course.enrolled", c.UserID, "course", c.CourseID, "before", before, "after", c.Role); err != nil {
			return nil, err
		}
	}
	return people.Enrolment(*c), nil
}

func (d *writing) course(id event.ID) (directory.Course, error) {
	c, ok, err := d.e.Course(id)
	if err == nil && !ok {
		err = fault.At(fault.NotFound, "courseId", "There is no such course in this school. Nothing was changed.")
	}
	return c, err
}

func (d *writing) lesson(id event.ID) (directory.Lesson, error) {
	l, ok, err := d.e.Lesson(id)
	if err == nil && !ok {
		err = fault.At(fault.NotFound, "lessonId", "There is no such lesson in this school. Nothing was changed.")
	}
	return l, err
}

// unused refuses to delete what classes are planned for, or run.
func (d *writing) unused(courseOrLesson event.ID) error {
	n, err := d.e.OpenClasses(courseOrLesson)
	if err == nil && n > 0 {
		err = fault.New(fault.WrongState, "%d classes of this are planned or run. Nothing was changed; cancel or end them first.", n)
	}
	return err
}
