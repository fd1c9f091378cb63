package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// Questions at once of many give each their own answer, by one statement for each text.
func TestPreparedAnswersEveryoneByOneStatement(t *testing.T) {
	ctx := context.Background()
	s := open(t, t.TempDir())
	p := s.lookups.(*prepared)
	tenant := directory.Tenant{ID: event.NewID(), Name: "School", Status: "active"}
	if err := s.UpsertTenant(ctx, tenant); err != nil {
		t.Fatal(err)
	}
	people := make([]directory.User, 40)
	for i := range people {
		people[i] = directory.User{ID: event.NewID(), TenantID: tenant.ID, Username: fmt.Sprint("pupil", i), DisplayName: fmt.Sprint("Pupil ", i), Status: "active", Roles: []directory.Role{directory.Student}}
		if err := s.UpsertUser(ctx, people[i]); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.UserByID(ctx, tenant.ID, people[0].ID); err != nil {
		t.Fatal(err)
	}
	before := len(p.known)
	var all sync.WaitGroup
	for _, want := range people {
		all.Go(func() {
			got, ok, err := s.UserByID(ctx, tenant.ID, want.ID)
			if err != nil || !ok || got.Username != want.Username || len(got.Roles) != 1 {
				t.Errorf("%s: got %+v, %v, %v", want.Username, got, ok, err)
			}
		})
	}
	all.Wait()
	if len(p.known) != before {
		t.Errorf("%d statements after 40 questions with one text, %d before", len(p.known), before)
	}
}

// What can't be compiled is refused each time, and what is beyond the bound is answered all the same.
func TestPreparedRefusesAndIsBounded(t *testing.T) {
	ctx := context.Background()
	p := newPrepared(open(t, t.TempDir()).readers)
	var n int
	if err := p.QueryRowContext(ctx, "SELECT nonsense").Scan(&n); err == nil {
		t.Error("nonsense was answered")
	}
	if _, err := p.QueryContext(ctx, "SELECT nonsense"); err == nil {
		t.Error("nonsense was answered")
	}
	if _, err := p.ExecContext(ctx, "DELETE FROM nonsense"); err == nil {
		t.Error("nonsense was done")
	}
	for i := range maxPrepared + 5 {
		if err := p.QueryRowContext(ctx, fmt.Sprintf("SELECT %d + ?", i), 1).Scan(&n); err != nil || n != i+1 {
			t.Fatalf("got %d, %v; want %d", n, err, i+1)
		}
	}
	if len(p.known) != maxPrepared {
		t.Errorf("%d statements are kept, want %d", len(p.known), maxPrepared)
	}
	if err := p.close(); err != nil || len(p.known) != 0 {
		t.Errorf("close: %v, %d statements left", err, len(p.known))
	}
}

// A key that was made is remembered from its commit on, but not past a destruction.
func TestMadeKeyIsRememberedUntilDestroyed(t *testing.T) {
	ctx := context.Background()
	k := open(t, t.TempDir()).Keys()
	tenant, person := event.NewID(), event.NewID()
	key, err := k.Current(tenant, person)
	if err != nil {
		t.Fatal(err)
	}
	if known, ok := k.people[personKey{tenant, person}]; !ok || len(known.keys) != 1 || known.keys[0].ID != key.ID {
		t.Errorf("remembered is %+v, %v; want key %s", known, ok, key.ID)
	}
	stale := k.generation
	if err := k.Destroy(ctx, tenant, person); err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	k.remember(stale, personKey{tenant, person}, knownPerson{keys: []event.PersonKey{key}})
	k.mu.Unlock()
	if _, err := k.Current(tenant, person); !errors.Is(err, event.ErrErased) {
		t.Errorf("after Destroy, Current gave %v, want ErrErased", err)
	}
	if _, err := k.Current(tenant, event.ID{}); err == nil {
		t.Error("nobody got a key")
	}
}
