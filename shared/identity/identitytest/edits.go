package identitytest

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
)

// allOrNothing: what an edit wrote before its error is gone, and its neighbours' work is not.
func allOrNothing(t *testing.T, s Store) {
	ctx := t.Context()
	x := AddSchool(t, s, 1)
	refused := errors.New("no")
	err := s.Edit(ctx, x.Tenant.ID, func(e identity.Editor) error {
		changed := x.User
		changed.DisplayName = "changed"
		if err := errors.Join(e.PutUser(changed), e.DeleteCourse(x.Course.ID), e.Audit(directory.AuditEntry{Action: "a", Details: "{}"})); err != nil {
			t.Error(err)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	user, ok, err := s.UserByID(ctx, x.Tenant.ID, x.User.ID)
	Found(t, "user", x.User, user, ok, err)
	course, ok, err := s.CourseByID(ctx, x.Tenant.ID, x.Course.ID)
	Found(t, "course", x.Course, course, ok, err)
	if n, err := s.VerifyAudit(ctx, x.Tenant.ID); n != 0 || err != nil {
		t.Errorf("audit: %d, %v", n, err)
	}
}

// audit: entries follow one another in each school, and are given page by page.
func audit(t *testing.T, s Store) {
	ctx := t.Context()
	x, y := AddSchool(t, s, 1), AddSchool(t, s, 2)
	for n := range 3 {
		for _, z := range []School{x, y} {
			err := s.Edit(ctx, z.Tenant.ID, func(e identity.Editor) error {
				return errors.Join(e.Audit(directory.AuditEntry{At: event.Time(n), ActorID: z.User.ID, Action: "a", Details: "{}"}),
					e.Audit(directory.AuditEntry{At: event.Time(n), Action: "b", TargetID: z.Other.ID, Details: `{"n":1}`}))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	page, err := s.Audit(ctx, x.Tenant.ID, 5, 3)
	if err != nil || len(page) != 3 || page[0].Number != 4 || page[2].Number != 2 || page[0].PrevHash != page[1].Hash || page[0].TargetID != x.Other.ID || page[0].Details != `{"n":1}` {
		t.Errorf("page %+v, %v", page, err)
	}
	for _, z := range []School{x, y} {
		if n, err := s.VerifyAudit(ctx, z.Tenant.ID); n != 6 || err != nil {
			t.Errorf("%d entries verify, %v", n, err)
		}
	}
}

// together: many who change one school at once take turns: each sees what was there before it, and nothing is lost.
func together(t *testing.T, s Store) {
	const many = 16
	ctx, x := t.Context(), AddSchool(t, s, 1)
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			err := s.Edit(ctx, x.Tenant.ID, func(e identity.Editor) error {
				u, _, err := e.User(x.User.ID)
				if err != nil {
					return err
				}
				u.DisplayName += "."
				return errors.Join(e.PutUser(u), e.Audit(directory.AuditEntry{Action: "a", Details: "{}"}))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n, err := s.VerifyAudit(ctx, x.Tenant.ID); n != many || err != nil {
		t.Errorf("%d entries verify, %v", n, err)
	}
	u, ok, err := s.UserByID(ctx, x.Tenant.ID, x.User.ID)
	changed := x.User
	changed.DisplayName += strings.Repeat(".", many)
	Found(t, "after all", changed, u, ok, err)
}

// answers: each key of a person has one answer, and the latest are counted.
func answers(t *testing.T, s Store) {
	ctx := t.Context()
	x, y := AddSchool(t, s, 1), AddSchool(t, s, 2)
	digest := bytes.Repeat([]byte{1}, 32)
	save := func(z School, key string, at event.Time) error {
		return s.Edit(ctx, z.Tenant.ID, func(e identity.Editor) error {
			return e.SaveAnswered(z.User.ID, key, digest, 201, []byte(z.Tenant.Name+" "+key), at)
		})
	}
	if err := errors.Join(save(x, "k", 1000), save(x, "l", 2000), save(x, "m", 3000), save(y, "k", 1000)); err != nil {
		t.Fatal(err)
	}
	if save(x, "k", 4000) == nil {
		t.Error("a key got a second answer")
	}
	err := s.Edit(ctx, x.Tenant.ID, func(e identity.Editor) error {
		for key, want := range map[string]bool{"k": true, "K": false, "": false} {
			got, answer, ok, err := e.Answered(x.User.ID, key)
			if ok != want || err != nil || ok && (!bytes.Equal(got, digest) || string(answer) != "School k") {
				t.Errorf("%q: %x, %q, %v, %v", key, got, answer, ok, err)
			}
		}
		if _, _, ok, err := e.Answered(x.Other.ID, "k"); ok || err != nil {
			t.Errorf("of somebody else: %v, %v", ok, err)
		}
		for since, want := range map[event.Time][2]int64{0: {2, 1000}, 2000: {2, 2000}, 2001: {1, 3000}, 3001: {0, 0}} {
			n, first, err := e.AnsweredSince(x.User.ID, since, 2)
			if int64(n) != want[0] || int64(first) != want[1] || err != nil {
				t.Errorf("since %d: %d from %d, %v", since, n, first, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
