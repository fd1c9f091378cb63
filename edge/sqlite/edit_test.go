package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
)

// TestEditCrossing tries every function of an edit with the ids of one school in the name of another: nothing is found,
// nothing is changed.
func TestEditCrossing(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := addSchool(t, s, 1), addSchool(t, s, 2)
	me := y.tenant.ID // asks for x's
	err := s.Edit(ctx, me, func(e *Edit) error {
		tenant, ok, err := e.Tenant()
		tenant.Domains = y.tenant.Domains
		found(t, "tenant", y.tenant, tenant, ok, err)
		user, ok, err := e.User(x.user.ID)
		found(t, "user", nil, user, ok, err)
		user, ok, err = e.UserByEmail(x.user.Email)
		found(t, "user by e-mail", y.user, user, ok, err)
		user, ok, err = e.UserByUsername("KIM")
		found(t, "user by name", y.user, user, ok, err)
		course, ok, err := e.Course(x.course.ID)
		found(t, "course", nil, course, ok, err)
		courses, err := e.CoursesTitled("Physics")
		listed(t, "courses", []directory.Course{y.course}, courses, err)
		lesson, ok, err := e.Lesson(x.lesson.ID)
		found(t, "lesson", nil, lesson, ok, err)
		role, ok, err := e.RoleInCourse(x.course.ID, x.user.ID)
		found(t, "role", nil, role, ok, err)
		if n, err := e.OtherAdmins(y.user.ID); n != 0 || err != nil {
			t.Errorf("%d other admins, %v", n, err)
		}
		ended, err := e.EndSignIns(x.user.ID, event.ID{}, 5)
		listed(t, "ended", nil, ended, err)
		for name, err := range map[string]error{
			"delete course": e.DeleteCourse(x.course.ID), "delete lesson": e.DeleteLesson(x.lesson.ID),
			"unenrol": e.Unenrol(x.course.ID, x.user.ID), "stale": e.MarkStale(x.user.ID, 99),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, err := range map[string]error{
			"user": e.PutUser(x.user), "course": e.PutCourse(x.course), "lesson": e.PutLesson(x.lesson), "link": e.SaveRefreshToken(x.next(9, 1)),
			"enrolment": e.Enrol(directory.Enrolment{TenantID: x.tenant.ID, CourseID: x.course.ID, UserID: x.other.ID, Role: directory.Admin}),
		} {
			if err == nil {
				t.Errorf("%s of another school was written", name)
			}
		}
		if _, _, ok, err := e.Answered(x.user.ID, "k"); ok || err != nil {
			t.Errorf("answered: %v, %v", ok, err)
		}
		return e.Audit(directory.AuditEntry{TenantID: x.tenant.ID, Action: "tried", Details: "{}"})
	})
	if err != nil {
		t.Fatal(err)
	}
	// What can't be told apart by the tenant of a row is refused by the schema.
	for name, f := range map[string]func(e *Edit) error{
		"a lesson in a foreign course": func(e *Edit) error {
			return e.PutLesson(directory.Lesson{ID: event.NewID(), TenantID: me, CourseID: x.course.ID, Title: "L"})
		},
		"a foreign person": func(e *Edit) error {
			return e.Enrol(directory.Enrolment{TenantID: me, CourseID: y.course.ID, UserID: x.user.ID, Role: directory.Student})
		},
	} {
		wantFault(t, name, s.Edit(ctx, me, f), fault.NotFound, "")
	}
	user, ok, err := s.UserByID(ctx, x.tenant.ID, x.user.ID)
	found(t, "x's user after all", x.user, user, ok, err)
	course, ok, err := s.CourseByID(ctx, x.tenant.ID, x.course.ID)
	found(t, "x's course after all", x.course, course, ok, err)
	lesson, ok, err := s.LessonByID(ctx, x.tenant.ID, x.lesson.ID)
	found(t, "x's lesson after all", x.lesson, lesson, ok, err)
	role, ok, err := s.RoleInCourse(ctx, x.tenant.ID, x.course.ID, x.user.ID)
	found(t, "x's role after all", directory.Assistant, role, ok, err)
	link, ok, err := s.RefreshToken(ctx, x.tenant.ID, x.link.Hash)
	found(t, "x's link after all", x.link, link, ok, err)
	if stale, err := s.StaleUsers(ctx, 0); len(stale) != 0 || err != nil {
		t.Errorf("stale: %v, %v", stale, err)
	}
	entries, err := s.Audit(ctx, x.tenant.ID, 0, 10)
	listed(t, "x's audit", nil, entries, err)
	if entries, err = s.Audit(ctx, me, 0, 10); len(entries) != 1 || entries[0].TenantID != me || err != nil {
		t.Errorf("y's audit: %+v, %v", entries, err)
	}
	users, err := s.Users(ctx, me, directory.UserFilter{Search: "kim", Role: directory.Admin, Status: "active", Limit: 10})
	listed(t, "users found", []directory.User{y.user}, users, err)
	users, err = s.Users(ctx, me, directory.UserFilter{After: x.user.ID, Limit: 10})
	listed(t, "users after a foreign one", nil, users, err)
}

// TestEditIsAllOrNothing: what an edit wrote before its error is gone, and its neighbours' work is not.
func TestEditIsAllOrNothing(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := addSchool(t, s, 1)
	refused := errors.New("no")
	err := s.Edit(ctx, x.tenant.ID, func(e *Edit) error {
		changed := x.user
		changed.DisplayName = "changed"
		if err := errors.Join(e.PutUser(changed), e.DeleteCourse(x.course.ID), e.Audit(directory.AuditEntry{Action: "a", Details: "{}"})); err != nil {
			t.Error(err)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	user, ok, err := s.UserByID(ctx, x.tenant.ID, x.user.ID)
	found(t, "user", x.user, user, ok, err)
	course, ok, err := s.CourseByID(ctx, x.tenant.ID, x.course.ID)
	found(t, "course", x.course, course, ok, err)
	if n, err := s.VerifyAudit(ctx, x.tenant.ID); n != 0 || err != nil {
		t.Errorf("audit: %d, %v", n, err)
	}
}

// TestEndSignIns ends all sign-ins of one person but one, and tells which; what comes late for an ended one is refused.
func TestEndSignIns(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := addSchool(t, s, 1)
	signIn := func(user event.ID, n byte) directory.RefreshToken {
		l := x.next(n, 2000)
		l.UserID, l.SignInID = user, event.ID{n}
		if err := s.SaveRefreshToken(ctx, l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	stays, goes, others := signIn(x.user.ID, 10), signIn(x.user.ID, 11), signIn(x.other.ID, 12)
	var ended []event.ID
	err := s.Edit(ctx, x.tenant.ID, func(e *Edit) (err error) {
		ended, err = e.EndSignIns(x.user.ID, stays.SignInID, 3000)
		return err
	})
	slices.SortFunc(ended, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) })
	want := []event.ID{x.link.SignInID, goes.SignInID}
	slices.SortFunc(want, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) })
	listed(t, "ended", want, ended, err)
	for _, kept := range []directory.RefreshToken{stays, others} {
		link, ok, err := s.RefreshToken(ctx, x.tenant.ID, kept.Hash)
		found(t, "kept", kept, link, ok, err)
	}
	late := goes
	late.Hash = event.Hash{99}
	wantFault(t, "late", s.SaveRefreshToken(ctx, late), fault.Unauthenticated, "")
	for since, n := range map[event.Time]int{3000: 2, 3001: 0, 0: 2} {
		if got, err := s.RevokedSignIns(ctx, since); len(got) != n || err != nil {
			t.Errorf("since %d: %v, %v", since, got, err)
		}
	}
}

// TestRotateSiblings: of two links that came from one, one can be exchanged.
func TestRotateSiblings(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := addSchool(t, s, 1)
	first, second := x.next(1, 2000), x.next(2, 2000)
	first.Parent, second.Parent = x.link.Hash, x.link.Hash
	if won, err := s.RotateRefreshToken(ctx, x.tenant.ID, x.link.Hash, first); !won || err != nil {
		t.Fatal(won, err)
	}
	if err := s.SaveRefreshToken(ctx, second); err != nil {
		t.Fatal(err)
	}
	link, ok, err := s.RefreshToken(ctx, x.tenant.ID, second.Hash)
	found(t, "second", second, link, ok, err)
	for n, c := range []struct {
		hash event.Hash
		won  bool
	}{{second.Hash, true}, {first.Hash, false}, {second.Hash, false}} {
		if won, err := s.RotateRefreshToken(ctx, x.tenant.ID, c.hash, x.next(byte(20+n), 3000)); won != c.won || err != nil {
			t.Errorf("%d: %v, %v", n, won, err)
		}
	}
}

// TestAuditIsKept by the schema itself: rows follow one another, and are neither changed nor deleted.
func TestAuditIsKept(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := addSchool(t, s, 1), addSchool(t, s, 2)
	for n := range 3 {
		for _, z := range []townSchool{x, y} {
			err := s.Edit(ctx, z.tenant.ID, func(e *Edit) error {
				return errors.Join(e.Audit(directory.AuditEntry{At: event.Time(n), ActorID: z.user.ID, Action: "a", Details: "{}"}),
					e.Audit(directory.AuditEntry{At: event.Time(n), Action: "b", TargetID: z.other.ID, Details: `{"n":1}`}))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	page, err := s.Audit(ctx, x.tenant.ID, 5, 3)
	if err != nil || len(page) != 3 || page[0].Number != 4 || page[2].Number != 2 || page[0].PrevHash != page[1].Hash || page[0].TargetID != x.other.ID {
		t.Errorf("page %+v, %v", page, err)
	}
	run := func(statement string, args ...any) error {
		return s.writer.do(ctx, func(ctx context.Context, q querier) error {
			_, err := q.ExecContext(ctx, statement, args...)
			return err
		}, nil)
	}
	const insert = " INTO audit (tenant_id, number, at, actor_id, action, target_id, details, prev_hash, hash) VALUES (?, ?, 1, X'', 'x', X'', '{}', ?, zeroblob(32))"
	id, last := x.tenant.ID, page[0]
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"update":        {run("UPDATE audit SET details = '{}'"), "never changed"},
		"delete":        {run("DELETE FROM audit"), "never deleted"},
		"delete a last": {run("DELETE FROM audit WHERE tenant_id = ? AND number = 6", id[:]), "never deleted"},
		"replace":       {run("INSERT OR REPLACE"+insert, id[:], 6, last.PrevHash[:]), "does not follow"},
		"a gap":         {run("INSERT"+insert, id[:], 8, last.Hash[:]), "does not follow"},
		"another chain": {run("INSERT"+insert, id[:], 7, last.Hash[:]), "does not follow"},
		"tenant gone":   {run("DELETE FROM tenants WHERE id = ?", id[:]), "FOREIGN KEY"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, c.err, c.want)
		}
	}
	if n, err := s.VerifyAudit(ctx, id); n != 6 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	// Somebody with the file and without the triggers.
	if err := run("DROP TRIGGER audit_unchanged"); err != nil {
		t.Fatal(err)
	}
	if err := run("UPDATE audit SET actor_id = X'' WHERE tenant_id = ? AND number = 3", id[:]); err != nil {
		t.Fatal(err)
	}
	if n, err := s.VerifyAudit(ctx, id); n != 2 || !errors.Is(err, eventlog.ErrDamaged) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := s.VerifyAudit(ctx, y.tenant.ID); n != 6 || err != nil {
		t.Errorf("the other school's: %d, %v", n, err)
	}
}
