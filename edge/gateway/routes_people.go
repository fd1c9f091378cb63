package gateway

import (
	"multistream/shared/event"
	"multistream/shared/people"
)

// peopleRoutes are the local admin API: until a hub rules a school, its administrators say here who is in it and what is
// taught.
func peopleRoutes() []route {
	const course, lesson, user = "/courses/{courseId}", "/lessons/{lessonId}", "/users/{userId}"
	after := parameter{name: "after", about: "the next of the page before", schema: event.ID{}}
	limit := pageParameter()
	return []route{
		get("/users", "listUsers", "People, by name. For administrators.", people.UserPage{}, (*Gateway).listUsers,
			parameter{name: "search", about: "part of a name, an e-mail address or a user name", schema: "", limit: "search"},
			parameter{name: "role", about: "only with this role", enum: []string{"teacher", "student", "assistant", "admin"}},
			parameter{name: "status", about: "only of this status", enum: []string{"active", "disabled"}}, after, limit),
		get(user, "getUser", "One person.", people.User{}, (*Gateway).getUser),
		admin(post, "/users", "createUser", "Add a person, with a one-time password; without e-mail and user name, a user name is made.", people.CreateUser{}, people.User{}, created),
		admin(patch, user, "changeUser", "Change names, roles and status; what is absent stays. Disabling ends all sign-ins of the person; other roles want their tokens refreshed.", people.ChangeUser{}, people.User{}, 0),
		admin(post, "/users/cards", "makeCards", "One-time passwords for many, to be printed and handed out.", people.MakeCards{}, people.Cards{}, 0),
		{method: post, path: "/users/import", id: "importUsers", about: "Add the people of a CSV file (text/csv): displayName, username, email, role, course. With preview, only tell what would happen.",
			request: people.Import{}, answer: people.Imported{}, raw: true, handle: (*Gateway).importUsers,
			query: []parameter{{name: "preview", about: "true: change nothing", enum: []string{"true", "false"}}}},
		get("/courses", "listCourses", "Courses: administrators see all, others those they are in.", people.CoursePage{}, (*Gateway).listCourses, after, limit),
		get(course, "getCourse", "One course.", people.Course{}, (*Gateway).getCourse),
		admin(post, "/courses", "createCourse", "Add a course.", people.CreateCourse{}, people.Course{}, created),
		admin(patch, course, "changeCourse", "Change a course; what is absent stays.", people.ChangeCourse{}, people.Course{}, 0),
		admin(del, course, "deleteCourse", "Delete a course with its lessons and enrolments.", people.DeleteCourse{}, people.Gone{}, 0),
		get(course+"/lessons", "listLessons", "A course's lessons in their order.", people.LessonList{}, (*Gateway).listLessons),
		admin(post, course+"/lessons", "createLesson", "Add a lesson.", people.CreateLesson{}, people.Lesson{}, created),
		admin(patch, lesson, "changeLesson", "Change a lesson; what is absent stays.", people.ChangeLesson{}, people.Lesson{}, 0),
		admin(del, lesson, "deleteLesson", "Delete a lesson.", people.DeleteLesson{}, people.Gone{}, 0),
		get(course+"/enrolments", "listEnrolments", "Everybody in a course. For administrators.", people.EnrolmentList{}, (*Gateway).listEnrolments),
		admin(post, course+"/enrolments", "enrol", "Give somebody a role in a course.", people.Enrol{}, people.Enrolment{}, 0),
		admin(del, course+"/enrolments/{userId}", "unenrol", "Take somebody out of a course.", people.Unenrol{}, people.Gone{}, 0),
		get("/audit", "listAudit", "What was done to the school's people and by whom, newest first. For administrators.", people.AuditPage{}, (*Gateway).listAudit,
			parameter{name: "before", about: "the next of the page before", schema: 0, limit: "audit_number"}, limit),
	}
}

// admin is a route that changes the directory, once for each key.
func admin(method, path, id, about string, request, answer any, status int) route {
	return route{method: method, path: path, id: id, about: about, request: request, answer: answer, status: status, handle: (*Gateway).write}
}
