// Package identitytest is the contract of an identity store as a suite: the directory of the box and that of the hub pass it.
package identitytest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

// Store is what the suite is run over: what identity wants, and what fills and reads it besides.
type Store interface {
	identity.Store
	identity.DemoStore
	LessonByID(ctx context.Context, tenant, lesson event.ID) (l directory.Lesson, ok bool, err error)
	Unenrol(ctx context.Context, tenant, course, user event.ID) error
	PruneRefreshTokens(ctx context.Context, before event.Time) (int64, error)
	VerifyAudit(ctx context.Context, tenant event.ID) (int64, error)
}

// Run runs the suite; open gives a store that nothing is in yet.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"look-ups": lookUps, "changes": changes, "refusals": refusals, "context": asksWithinItsContext, "crossing": crossing, "first school": firstSchool,
		"rotate": rotate, "rotate siblings": rotateSiblings, "prune": prune, "end sign-ins": endSignIns,
		"edit crossing": editCrossing, "all or nothing": allOrNothing, "audit": audit, "together": together, "answers": answers,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// A School is a tenant with one of everything, all names the same in every school.
type School struct {
	Tenant directory.Tenant
	User   directory.User
	Course directory.Course
	Lesson directory.Lesson
	Link   directory.RefreshToken
	Other  directory.User // not enrolled
}

// AddSchool writes a school; its ids follow from n.
func AddSchool(t testing.TB, s Store, n byte) School {
	t.Helper()
	id := func(kind byte) event.ID { return event.ID{0: n, 1: kind, 15: 1} }
	x := School{
		Tenant: directory.Tenant{ID: id(1), Name: "School", Status: "active", Domains: []string{fmt.Sprintf("a%d.school", n), fmt.Sprintf("b%d.school", n)}},
		Course: directory.Course{ID: id(4), TenantID: id(1), Title: "Physics", Status: "published"},
		Lesson: directory.Lesson{ID: id(5), TenantID: id(1), CourseID: id(4), Title: "Light", OrderIndex: 2},
		User: directory.User{
			ID: id(2), TenantID: id(1), Email: "Kim@Mail.example", Username: "Kim", DisplayName: "Kim K.", Status: "active",
			PasswordHash: fmt.Sprint("hash", n), Roles: []directory.Role{directory.Admin, directory.Teacher},
		},
		Other: directory.User{ID: id(3), TenantID: id(1), Username: "lee", DisplayName: "Lee", Status: "disabled"},
		Link:  directory.RefreshToken{Hash: event.Hash{9, 9}, TenantID: id(1), UserID: id(2), SignInID: id(6), IssuedAt: 1000, ExpiresAt: 9000},
	}
	ctx := t.Context()
	for _, err := range []error{
		s.UpsertTenant(ctx, x.Tenant), s.UpsertUser(ctx, x.User), s.UpsertUser(ctx, x.Other), s.UpsertCourse(ctx, x.Course),
		s.UpsertLesson(ctx, x.Lesson), s.SaveRefreshToken(ctx, x.Link),
		s.Enrol(ctx, directory.Enrolment{TenantID: id(1), CourseID: id(4), UserID: id(2), Role: directory.Assistant}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// Next is another link of the school's sign-in.
func (x School) Next(n byte, at event.Time) directory.RefreshToken {
	next := x.Link
	next.Hash, next.IssuedAt, next.ExpiresAt = event.Hash{n, 7}, at, at+8000
	return next
}

// Found calls a look-up and fails unless it gives exactly want; a nil want must not be found.
func Found[T any](t testing.TB, what string, want any, got T, ok bool, err error) {
	t.Helper()
	switch {
	case err != nil:
		t.Errorf("%s: %v", what, err)
	case want == nil && (ok || !reflect.ValueOf(got).IsZero()):
		t.Errorf("%s: got %+v, want nothing", what, got)
	case want != nil && (!ok || !reflect.DeepEqual(any(got), want)):
		t.Errorf("%s: got %+v, %v; want %+v", what, got, ok, want)
	}
}

// Listed fails unless a list is exactly want.
func Listed[T any](t testing.TB, what string, want, got []T, err error) {
	t.Helper()
	if err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, %v; want %+v", what, got, err, want)
	}
}

// WantFault fails unless an error is this fault.
func WantFault(t testing.TB, what string, err error, code fault.Code, field string) {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code || f.Field != field {
		t.Errorf("%s: got %v, want %s at %q", what, err, code, field)
	}
}
