package identity_test

import (
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

func (s *school) principal(t testing.TB, u directory.User) identity.Principal {
	t.Helper()
	p, err := s.Authenticate(s.login(t, u.Email).AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoleIn(t *testing.T) {
	s := open(t)
	d, course, none, elsewhere := s.demo, s.demo.Course.ID, event.ID{}, event.NewID()
	outsider := s.addTenant(t, tenantNamed("other", "other.school"), "kim")
	for name, c := range map[string]struct {
		who    directory.User
		course event.ID
		hosts  []event.ID
		want   directory.Role
	}{
		"host":                     {d.Teacher, course, []event.ID{d.Teacher.ID}, directory.Teacher},
		"second host":              {d.Assistant, course, []event.ID{d.Teacher.ID, d.Assistant.ID}, directory.Teacher},
		"host without a course":    {d.Students[0], none, []event.ID{d.Students[0].ID}, directory.Teacher},
		"admin who is a host":      {d.Admin, course, []event.ID{d.Admin.ID}, directory.Teacher},
		"enrolled teacher":         {d.Teacher, course, nil, directory.Teacher},
		"enrolled assistant":       {d.Assistant, course, []event.ID{d.Teacher.ID}, directory.Assistant},
		"enrolled student":         {d.Students[29], course, []event.ID{d.Teacher.ID}, directory.Student},
		"admin":                    {d.Admin, course, []event.ID{d.Teacher.ID}, directory.Admin},
		"admin without a course":   {d.Admin, none, nil, directory.Admin},
		"teacher of other courses": {d.Teacher, elsewhere, nil, ""},
		"student of other courses": {d.Students[0], elsewhere, nil, ""},
		"nobody's class":           {d.Students[0], none, nil, ""},
		"other tenant":             {outsider, course, []event.ID{d.Teacher.ID}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.RoleIn(t.Context(), s.principal(t, c.who), c.course, c.hosts)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// TestDirectoryBeatsToken: a role or an account that was taken away is gone at once, not when the token runs out.
func TestDirectoryBeatsToken(t *testing.T) {
	s := open(t)
	admin := s.principal(t, s.demo.Admin)
	demoted := s.demo.Admin
	demoted.Roles = nil
	if err := s.store.UpsertUser(t.Context(), demoted); err != nil {
		t.Fatal(err)
	}
	if got, err := s.RoleIn(t.Context(), admin, s.demo.Course.ID, nil); err != nil || got != "" {
		t.Errorf("demoted: %q, %v", got, err)
	}
	demoted.Status = "disabled"
	if err := s.store.UpsertUser(t.Context(), demoted); err != nil {
		t.Fatal(err)
	}
	_, err := s.RoleIn(t.Context(), admin, s.demo.Course.ID, []event.ID{admin.UserID})
	wantCode(t, err, fault.Unauthenticated)
	_, err = s.Me(t.Context(), admin)
	wantCode(t, err, fault.Unauthenticated)
}

func TestMe(t *testing.T) {
	s := open(t)
	me, err := s.Me(t.Context(), s.principal(t, s.demo.Students[4]))
	if err != nil || me.Email != "student05@demo.school" || me.Username != "student05" || me.DisplayName != "Student 05" ||
		me.ID != s.demo.Students[4].ID || me.TenantID != s.demo.Tenant.ID || len(me.Roles) != 1 || me.Roles[0] != directory.Student {
		t.Errorf("got %+v, %v", me, err)
	}
}

func TestMayStart(t *testing.T) {
	s := open(t)
	wantCode(t, s.MayStart(t.Context(), s.demo.Tenant.ID), "")
	wantCode(t, s.MayStart(t.Context(), event.NewID()), fault.NotFound)
	closed := s.demo.Tenant
	closed.Status = "suspended"
	if err := s.store.UpsertTenant(t.Context(), closed); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.MayStart(t.Context(), closed.ID), fault.Forbidden)
}
