package sqlite

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity/identitytest"
)

func TestAnsweredRequests(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := identitytest.AddSchool(t, contract{s}, 1), identitytest.AddSchool(t, contract{s}, 2)
	digest, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	save := func(tenant, actor event.ID, key string, digest []byte, answer []byte, want bool) {
		t.Helper()
		if saved, err := s.SaveAnsweredRequest(ctx, tenant, actor, key, digest, 201, answer, 1000); err != nil || saved != want {
			t.Errorf("got %v, %v; want %v", saved, err, want)
		}
	}
	read := func(tenant, actor event.ID, key string, want []byte) {
		t.Helper()
		got, status, answer, ok, err := s.AnsweredRequest(ctx, tenant, actor, key)
		switch {
		case err != nil || ok != (want != nil):
			t.Errorf("%s: %v, %v", key, ok, err)
		case ok && (!bytes.Equal(answer, want) || !bytes.Equal(got, digest) || status != 201):
			t.Errorf("%s: got %x, %d, %q", key, got, status, answer)
		case !ok && (got != nil || status != 0 || answer != nil):
			t.Errorf("%s: nothing was found, and got %x, %d, %q", key, got, status, answer)
		}
	}
	save(x.Tenant.ID, x.User.ID, "k", digest, []byte(`{"id":1}`), true)
	save(x.Tenant.ID, x.User.ID, "k", other, []byte(`{"id":2}`), false)
	save(x.Tenant.ID, x.User.ID, "empty", digest, nil, true)
	save(y.Tenant.ID, x.User.ID, "k", digest, []byte(`of y`), true) // other tenant, same actor and key
	read(x.Tenant.ID, x.User.ID, "k", []byte(`{"id":1}`))
	read(x.Tenant.ID, x.User.ID, "empty", []byte{})
	read(x.Tenant.ID, x.User.ID, "K", nil)
	read(x.Tenant.ID, x.Other.ID, "k", nil)
	read(y.Tenant.ID, x.User.ID, "k", []byte(`of y`))
	read(y.Tenant.ID, x.User.ID, "empty", nil)
	_, err := s.SaveAnsweredRequest(ctx, event.NewID(), x.User.ID, "k", digest, 200, nil, 1)
	identitytest.WantFault(t, "no such tenant", err, fault.NotFound, "")
	_, err = s.SaveAnsweredRequest(ctx, x.Tenant.ID, x.User.ID, "short digest", []byte{1}, 200, nil, 1)
	identitytest.WantFault(t, "short digest", err, fault.InvalidField, "")
}

// TestPruneAnswered takes more than one step, and one answer at the border stays.
func TestPruneAnswered(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := identitytest.AddSchool(t, contract{s}, 1)
	digest := make([]byte, 32)
	var all sync.WaitGroup
	const many = 2*pruneStep + 10
	for n := range many {
		all.Go(func() {
			if _, err := s.SaveAnsweredRequest(ctx, x.Tenant.ID, x.User.ID, fmt.Sprint(n), digest, 200, nil, event.Time(1000+n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n, err := s.PruneAnswered(ctx, 1000+many-1); err != nil || n != many-1 {
		t.Errorf("%d, %v", n, err)
	}
	if _, _, _, ok, err := s.AnsweredRequest(ctx, x.Tenant.ID, x.User.ID, fmt.Sprint(many-1)); !ok || err != nil {
		t.Errorf("the last one: %v, %v", ok, err)
	}
}
