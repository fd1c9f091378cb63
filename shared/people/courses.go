package people

import (
	"multistream/shared/directory"
	"multistream/shared/event"
)

// Course is a set of lessons with its people.
type Course struct {
	ID      event.ID `json:"id"`
	Title   string   `json:"title"`
	Status  string   `json:"status" enum:"draft,published"`
	Version string   `json:"version"` // of all above; give it with a change
}

// CoursePage is a page of courses, by id.
type CoursePage struct {
	Courses []Course  `json:"courses"`
	Next    *event.ID `json:"next"`
}

// ListCourses asks for the courses that one may see: administrators all, everybody else those they are enrolled in.
type ListCourses struct {
	After event.ID
	Limit int
}

// GetCourse asks for a course.
type GetCourse struct{ CourseID event.ID }

// CreateCourse adds a course.
type CreateCourse struct {
	Title  string `json:"title" limit:"course_title"`
	Status string `json:"status,omitzero" optional:"true" enum:"draft,published"` // published if not given
}

// ChangeCourse changes what is given of a course.
type ChangeCourse struct {
	CourseID event.ID `json:"courseId"`
	Version  string   `json:"version" limit:"version"`
	Title    *string  `json:"title,omitzero" optional:"true" limit:"course_title"`
	Status   *string  `json:"status,omitzero" optional:"true" enum:"draft,published"`
}

// DeleteCourse deletes a course with its lessons and enrolments, unless a class of it is planned or runs.
type DeleteCourse struct {
	CourseID event.ID `json:"courseId"`
}

// Lesson belongs to a course.
type Lesson struct {
	ID       event.ID `json:"id"`
	CourseID event.ID `json:"courseId"`
	Title    string   `json:"title"`
	Order    int      `json:"order"`
	Version  string   `json:"version"` // of all above; give it with a change
}

// LessonList is a course's lessons in their order.
type LessonList struct {
	Lessons []Lesson `json:"lessons"`
}

// ListLessons asks for a course's lessons.
type ListLessons struct{ CourseID event.ID }

// CreateLesson adds a lesson.
type CreateLesson struct {
	CourseID event.ID `json:"courseId"`
	Title    string   `json:"title" limit:"course_title"`
	Order    int      `json:"order" limit:"order"`
}

// ChangeLesson changes what is given of a lesson.
type ChangeLesson struct {
	LessonID event.ID `json:"lessonId"`
	Version  string   `json:"version" limit:"version"`
	Title    *string  `json:"title,omitzero" optional:"true" limit:"course_title"`
	Order    *int     `json:"order,omitzero" optional:"true" limit:"order"`
}

// DeleteLesson deletes a lesson, unless a class of it is planned or runs.
type DeleteLesson struct {
	LessonID event.ID `json:"lessonId"`
}

// Enrolment is somebody's place in a course.
type Enrolment struct {
	CourseID event.ID       `json:"courseId"`
	UserID   event.ID       `json:"userId"`
	Role     directory.Role `json:"role"`
}

// EnrolmentList is everybody in a course.
type EnrolmentList struct {
	Enrolments []Enrolment `json:"enrolments"`
}

// ListEnrolments asks for everybody in a course.
type ListEnrolments struct{ CourseID event.ID }

// Enrol gives somebody a role in a course, in place of an earlier one.
type Enrol struct {
	CourseID event.ID       `json:"courseId"`
	UserID   event.ID       `json:"userId"`
	Role     directory.Role `json:"role" enum:"teacher,student,assistant"`
}

// Unenrol takes somebody out of a course; who is not in it is no error.
type Unenrol struct {
	CourseID event.ID `json:"courseId"`
	UserID   event.ID `json:"userId"`
}

// Gone answers what leaves nothing behind.
type Gone struct{}

// Write is a change of a school's people or courses, and how often it may happen: once for each key.
type Write struct {
	Key    string
	Digest event.Hash // of the whole request: the same key with another digest is a conflict
	Status int        // of its answer, to be stored with it
	Change any        // one of the requests above
}
