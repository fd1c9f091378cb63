package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/people"
)

// Ask answers a question about a school's people and courses, as package people has them. Administrators may ask all of
// them; others what courses they are in, and of these the lessons. Returns fault.Forbidden, fault.NotFound,
// fault.Unauthenticated, fault.IdentityDown.
func (s *Service) Ask(ctx context.Context, p Principal, question any) (any, error) {
	asker, err := s.present(ctx, p)
	if err != nil {
		return nil, err
	}
	admin := slices.Contains(asker.Roles, directory.Admin)
	var answer any
	err = s.ask(ctx, func(ctx context.Context) (err error) {
		switch q := question.(type) {
		case *people.ListCourses:
			answer, err = s.courses(ctx, asker, admin, q)
			return err
		case *people.GetCourse:
			answer, err = s.courseFor(ctx, asker, admin, q.CourseID)
			return err
		case *people.ListLessons:
			answer, err = s.lessons(ctx, asker, admin, q.CourseID)
			return err
		}
		if err := mustBeAdmin(asker); err != nil {
			return err
		}
		answer, err = s.askAsAdmin(ctx, asker.TenantID, question)
		return err
	})
	return answer, err
}

func (s *Service) askAsAdmin(ctx context.Context, tenant event.ID, question any) (any, error) {
	switch q := question.(type) {
	case *people.ListUsers:
		return s.userPage(ctx, tenant, q.UserFilter)
	case *people.GetUser:
		u, ok, err := s.store.UserByID(ctx, tenant, q.UserID)
		if err == nil && !ok {
			err = fault.New(fault.NotFound, "There is no such person in this school.")
		}
		return userOf(u), err
	case *people.ListEnrolments:
		out := people.EnrolmentList{Enrolments: []people.Enrolment{}}
		if _, err := s.courseFor(ctx, directory.User{TenantID: tenant}, true, q.CourseID); err != nil {
			return nil, err
		}
		all, err := s.store.Enrolments(ctx, tenant, q.CourseID)
		for _, e := range all {
			out.Enrolments = append(out.Enrolments, people.Enrolment{CourseID: e.CourseID, UserID: e.UserID, Role: e.Role})
		}
		return out, err
	case *people.ListAudit:
		return s.auditPage(ctx, tenant, q)
	}
	return nil, fmt.Errorf("identity: no question %T", question)
}

func (s *Service) userPage(ctx context.Context, tenant event.ID, f directory.UserFilter) (people.UserPage, error) {
	out := people.UserPage{Users: []people.User{}}
	limit := f.Limit
	f.Limit++
	found, err := s.store.Users(ctx, tenant, f)
	if len(found) > limit {
		found = found[:limit]
		out.Next = &found[limit-1].ID
	}
	for _, u := range found {
		out.Users = append(out.Users, userOf(u))
	}
	return out, err
}

func (s *Service) courses(ctx context.Context, asker directory.User, admin bool, q *people.ListCourses) (people.CoursePage, error) {
	out := people.CoursePage{Courses: []people.Course{}}
	var found []directory.Course
	var err error
	if admin {
		found, err = s.store.Courses(ctx, asker.TenantID, q.After, q.Limit+1)
	} else {
		found, err = s.store.CoursesOf(ctx, asker.TenantID, asker.ID)
		found = slices.DeleteFunc(found, func(c directory.Course) bool { return slices.Compare(c.ID[:], q.After[:]) <= 0 })
	}
	if len(found) > q.Limit {
		found = found[:q.Limit]
		out.Next = &found[q.Limit-1].ID
	}
	for _, c := range found {
		out.Courses = append(out.Courses, courseOf(c))
	}
	return out, err
}

// courseFor gives a course to an admin or to somebody who is in it; to others it is not there.
func (s *Service) courseFor(ctx context.Context, asker directory.User, admin bool, id event.ID) (people.Course, error) {
	c, ok, err := s.store.CourseByID(ctx, asker.TenantID, id)
	if err == nil && ok && !admin {
		_, ok, err = s.store.RoleInCourse(ctx, asker.TenantID, id, asker.ID)
	}
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no such course.")
	}
	return courseOf(c), err
}

func (s *Service) lessons(ctx context.Context, asker directory.User, admin bool, course event.ID) (people.LessonList, error) {
	out := people.LessonList{Lessons: []people.Lesson{}}
	if _, err := s.courseFor(ctx, asker, admin, course); err != nil {
		return out, err
	}
	found, err := s.store.Lessons(ctx, asker.TenantID, course)
	for _, l := range found {
		out.Lessons = append(out.Lessons, lessonOf(l))
	}
	return out, err
}

func (s *Service) auditPage(ctx context.Context, tenant event.ID, q *people.ListAudit) (people.AuditPage, error) {
	out := people.AuditPage{Entries: []people.AuditEntry{}}
	found, err := s.store.Audit(ctx, tenant, q.Before, q.Limit+1)
	if len(found) > q.Limit {
		found = found[:q.Limit]
		out.Next = &found[q.Limit-1].Number
	}
	for _, a := range found {
		e := people.AuditEntry{Number: a.Number, At: a.At, Action: a.Action, Hash: a.Hash, Details: json.RawMessage(a.Details)}
		if !a.ActorID.IsZero() {
			e.ActorID = &a.ActorID
		}
		if !a.TargetID.IsZero() {
			e.TargetID = &a.TargetID
		}
		out.Entries = append(out.Entries, e)
	}
	return out, err
}
