package accounts

import (
	"net/http"

	"multistream/shared/event"
	"multistream/shared/people"
	"multistream/shared/rest"
)

// SignInRoutes are those of who one is.
func (a *API) SignInRoutes() []rest.Route {
	const post = http.MethodPost
	return []rest.Route{
		{Method: post, Path: "/auth/login", ID: "login", About: "Sign in by password; sets the cookies too.", Open: true, Keyless: true, Request: loginBody{}, Answer: TokenPair{}, Handle: a.login},
		{Method: post, Path: "/auth/refresh", ID: "refresh", About: "Exchange a refresh token, once, for a new pair.", Open: true, Keyless: true, Request: refreshBody{}, Answer: TokenPair{}, Handle: a.refresh},
		{Method: post, Path: "/auth/logout", ID: "logout", About: "End a sign-in, or all sign-ins of the person: their access tokens are refused and their sockets closed at once.", Open: true, Keyless: true, Request: logoutBody{}, Answer: Empty{}, Handle: a.logout},
		{Method: post, Path: "/auth/password", ID: "changePassword", About: "Change one's own password, which ends one's other sign-ins; or, as an admin, reset somebody's, which ends all of theirs.", Open: true, Keyless: true, Request: passwordBody{}, Answer: PasswordAnswer{}, Handle: a.password},
		{Method: http.MethodGet, Path: "/me", ID: "me", About: "Who is signed in.", Guests: true, Answer: Me{}, Handle: a.me},
	}
}

// PeopleRoutes are the admin API: here a school's administrators say who is in it and what is taught, at the hub, or at the
// box until a hub rules the school.
func (a *API) PeopleRoutes() []rest.Route {
	const post, patch, del, created = http.MethodPost, http.MethodPatch, http.MethodDelete, http.StatusCreated
	const course, lesson, user = "/courses/{courseId}", "/lessons/{lessonId}", "/users/{userId}"
	after := rest.Parameter{Name: "after", About: "the next of the page before", Schema: event.ID{}}
	limit := rest.PageParameter()
	return []rest.Route{
		rest.Get("/users", "listUsers", "People, by name. For administrators.", people.UserPage{}, a.listUsers,
			rest.Parameter{Name: "search", About: "part of a name, an e-mail address or a user name", Schema: "", Limit: "search"},
			rest.Parameter{Name: "role", About: "only with this role", Enum: []string{"teacher", "student", "assistant", "admin"}},
			rest.Parameter{Name: "status", About: "only of this status", Enum: []string{"active", "disabled"}}, after, limit),
		rest.Get(user, "getUser", "One person.", people.User{}, a.getUser),
		a.admin(post, "/users", "createUser", "Add a person, with a one-time password; without e-mail and user name, a user name is made.", people.CreateUser{}, people.User{}, created),
		a.admin(patch, user, "changeUser", "Change names, roles and status; what is absent stays. Disabling ends all sign-ins of the person; other roles want their tokens refreshed.", people.ChangeUser{}, people.User{}, 0),
		a.admin(post, "/users/cards", "makeCards", "One-time passwords for many, to be printed and handed out.", people.MakeCards{}, people.Cards{}, 0),
		{Method: post, Path: "/users/import", ID: "importUsers", About: "Add the people of a CSV file (text/csv): displayName, username, email, role, course. With preview, only tell what would happen.",
			Request: people.Import{}, Answer: people.Imported{}, Raw: true, Accepts: []string{"text/csv"}, Upload: true, Handle: a.importUsers,
			Query: []rest.Parameter{{Name: "preview", About: "true: change nothing", Enum: []string{"true", "false"}}}},
		rest.Get("/courses", "listCourses", "Courses: administrators see all, others those they are in.", people.CoursePage{}, a.listCourses, after, limit),
		rest.Get(course, "getCourse", "One course.", people.Course{}, a.getCourse),
		a.admin(post, "/courses", "createCourse", "Add a course.", people.CreateCourse{}, people.Course{}, created),
		a.admin(patch, course, "changeCourse", "Change a course; what is absent stays.", people.ChangeCourse{}, people.Course{}, 0),
		a.admin(del, course, "deleteCourse", "Delete a course with its lessons and enrolments.", people.DeleteCourse{}, people.Gone{}, 0),
		rest.Get(course+"/lessons", "listLessons", "A course's lessons in their order.", people.LessonList{}, a.listLessons),
		a.admin(post, course+"/lessons", "createLesson", "Add a lesson.", people.CreateLesson{}, people.Lesson{}, created),
		a.admin(patch, lesson, "changeLesson", "Change a lesson; what is absent stays.", people.ChangeLesson{}, people.Lesson{}, 0),
		a.admin(del, lesson, "deleteLesson", "Delete a lesson.", people.DeleteLesson{}, people.Gone{}, 0),
		rest.Get(course+"/enrolments", "listEnrolments", "Everybody in a course. For administrators.", people.EnrolmentList{}, a.listEnrolments),
		a.admin(post, course+"/enrolments", "enrol", "Give somebody a role in a course.", people.Enrol{}, people.Enrolment{}, 0),
		a.admin(del, course+"/enrolments/{userId}", "unenrol", "Take somebody out of a course.", people.Unenrol{}, people.Gone{}, 0),
		rest.Get("/audit", "listAudit", "What was done to the school's people and by whom, newest first. For administrators.", people.AuditPage{}, a.listAudit,
			rest.Parameter{Name: "before", About: "the next of the page before", Schema: 0, Limit: "audit_number"}, limit),
	}
}

// admin is a route that changes the directory, once for each key.
func (a *API) admin(method, path, id, about string, request, answer any, status int) rest.Route {
	return rest.Route{Method: method, Path: path, ID: id, About: about, Request: request, Answer: answer, Status: status, Handle: a.write}
}
