package identity_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"multistream/shared/fault"
	"multistream/shared/identity"
)

func TestDemo(t *testing.T) {
	s := open(t)
	names := []string{"admin", "teacher", "assistant"}
	for n := 1; n <= 30; n++ {
		names = append(names, fmt.Sprintf("student%02d", n))
	}
	for _, name := range names {
		if got := s.login(t, name+"@demo.school").User; got.Username != name {
			t.Errorf("%s@ is %q", name, got.Username)
		}
	}
	if len(s.store.users) != 33 || len(s.store.courses) != 1 || len(s.store.lessons) != 2 || len(s.store.roles) != 32 {
		t.Errorf("%d users, %d courses, %d lessons, %d enrolments", len(s.store.users), len(s.store.courses), len(s.store.lessons), len(s.store.roles))
	}
	if id := s.demo.Teacher.ID.String(); id != "de300000-0002-7000-8000-000000000102" {
		t.Errorf("the teacher's id changed to %s", id)
	}
}

// TestSeedAgain with a hasher that salts: nothing changes, changed passwords included.
func TestSeedAgain(t *testing.T) {
	s := open(t)
	changed := s.demo.Teacher
	changed.PasswordHash = "cheap:her own"
	if err := s.store.UpsertUser(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	hashes := func() map[string]string {
		all := map[string]string{}
		for _, u := range s.store.users {
			all[u.Email] = u.PasswordHash
		}
		return all
	}
	before := hashes()
	if _, err := identity.SeedDemo(t.Context(), s.store, identity.DemoHasher()); err != nil {
		t.Fatal(err)
	}
	if after := hashes(); !maps.Equal(before, after) {
		t.Errorf("hashes changed: %v", after)
	}
	if len(s.store.tenants) != 1 || len(s.store.users) != 33 {
		t.Errorf("%d tenants, %d users", len(s.store.tenants), len(s.store.users))
	}
}

func TestDemoHashesDiffer(t *testing.T) {
	s := open(t)
	s.store.users = nil
	if _, err := identity.SeedDemo(t.Context(), s.store, identity.DemoHasher()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, u := range s.store.users {
		seen[u.PasswordHash] = true
	}
	if len(seen) != 33 {
		t.Errorf("%d different hashes of 33", len(seen))
	}
	s.restart(t, func(c *identity.Config) { c.Hasher = identity.DefaultArgon2() })
	s.login(t, "student17@demo.school")
}

func TestNoDemoBesideARealSchool(t *testing.T) {
	s := open(t)
	s.store.users, s.store.tenants = nil, nil
	s.addTenant(t, tenantNamed("Real School", "real.school"), "kim")
	before := slices.Clone(s.store.users)
	_, err := identity.SeedDemo(t.Context(), s.store, cheap{})
	wantCode(t, err, fault.WrongState)
	if len(s.store.users) != len(before) || len(s.store.tenants) != 1 {
		t.Error("something was written")
	}
}
