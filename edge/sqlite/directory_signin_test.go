package sqlite

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

func (x townSchool) next(n byte, at event.Time) directory.RefreshToken {
	next := x.link
	next.Hash, next.IssuedAt, next.ExpiresAt = event.Hash{n, 7}, at, at+8000
	return next
}

func TestRotateRefreshToken(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := addSchool(t, s, 1)
	id := x.tenant.ID
	var wins atomic.Int64
	var all sync.WaitGroup
	for n := range byte(20) {
		all.Go(func() {
			won, err := s.RotateRefreshToken(ctx, id, x.link.Hash, x.next(n, 2000))
			if err != nil {
				t.Error(err)
			}
			if won {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 {
		t.Errorf("%d of 20 won", wins.Load())
	}
	stored := 0
	for n := range byte(20) {
		link, ok, err := s.RefreshToken(ctx, id, x.next(n, 2000).Hash)
		if ok {
			stored++
			found(t, "the next link", x.next(n, 2000), link, ok, err)
		}
	}
	if stored != 1 {
		t.Errorf("%d of 20 are stored", stored)
	}
	used := x.link
	used.UsedAt = 2000
	link, ok, err := s.RefreshToken(ctx, id, x.link.Hash)
	found(t, "the used link", used, link, ok, err)

	if err := s.SaveRefreshToken(ctx, x.next(100, 3000)); err != nil {
		t.Fatal(err)
	}
	// A successor that can't be stored leaves its predecessor unused.
	if won, err := s.RotateRefreshToken(ctx, id, x.next(100, 0).Hash, used); won || err == nil {
		t.Errorf("got %v, %v", won, err)
	}
	for what, hash := range map[string]event.Hash{"absent": {8, 8}, "used": used.Hash} {
		if won, err := s.RotateRefreshToken(ctx, id, hash, x.next(101, 3000)); won || err != nil {
			t.Errorf("%s: %v, %v", what, won, err)
		}
	}
	for _, at := range []event.Time{4000, 5000} {
		if err := s.RevokeSignIn(ctx, id, x.link.SignInID, at); err != nil {
			t.Fatal(err)
		}
	}
	revoked := x.next(100, 3000)
	revoked.RevokedAt = 4000
	link, ok, err = s.RefreshToken(ctx, id, revoked.Hash)
	found(t, "a revoked link", revoked, link, ok, err)
	if won, err := s.RotateRefreshToken(ctx, id, revoked.Hash, x.next(102, 6000)); won || err != nil {
		t.Errorf("revoked: %v, %v", won, err)
	}
}

func TestPruneRefreshTokens(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := addSchool(t, s, 1) // its link runs out at 9000
	for n := range byte(3) {
		if err := s.SaveRefreshToken(ctx, x.next(n, event.Time(1000*int(n)+2000))); err != nil { // 10000, 11000, 12000
			t.Fatal(err)
		}
	}
	for _, c := range [][2]int64{{9000, 0}, {11000, 2}, {11000, 0}, {99999, 2}} {
		if n, err := s.PruneRefreshTokens(ctx, event.Time(c[0])); err != nil || n != c[1] {
			t.Errorf("before %d: %d, %v; want %d", c[0], n, err, c[1])
		}
	}
}

func TestAnsweredRequests(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x, y := addSchool(t, s, 1), addSchool(t, s, 2)
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
	save(x.tenant.ID, x.user.ID, "k", digest, []byte(`{"id":1}`), true)
	save(x.tenant.ID, x.user.ID, "k", other, []byte(`{"id":2}`), false)
	save(x.tenant.ID, x.user.ID, "empty", digest, nil, true)
	save(y.tenant.ID, x.user.ID, "k", digest, []byte(`of y`), true) // other tenant, same actor and key
	read(x.tenant.ID, x.user.ID, "k", []byte(`{"id":1}`))
	read(x.tenant.ID, x.user.ID, "empty", []byte{})
	read(x.tenant.ID, x.user.ID, "K", nil)
	read(x.tenant.ID, x.other.ID, "k", nil)
	read(y.tenant.ID, x.user.ID, "k", []byte(`of y`))
	read(y.tenant.ID, x.user.ID, "empty", nil)
	_, err := s.SaveAnsweredRequest(ctx, event.NewID(), x.user.ID, "k", digest, 200, nil, 1)
	wantFault(t, "no such tenant", err, fault.NotFound, "")
	_, err = s.SaveAnsweredRequest(ctx, x.tenant.ID, x.user.ID, "short digest", []byte{1}, 200, nil, 1)
	wantFault(t, "short digest", err, fault.InvalidField, "")
}

// TestPruneAnswered takes more than one step, and one answer at the border stays.
func TestPruneAnswered(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := addSchool(t, s, 1)
	digest := make([]byte, 32)
	var all sync.WaitGroup
	const many = 2*pruneStep + 10
	for n := range many {
		all.Go(func() {
			if _, err := s.SaveAnsweredRequest(ctx, x.tenant.ID, x.user.ID, fmt.Sprint(n), digest, 200, nil, event.Time(1000+n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n, err := s.PruneAnswered(ctx, 1000+many-1); err != nil || n != many-1 {
		t.Errorf("%d, %v", n, err)
	}
	if _, _, _, ok, err := s.AnsweredRequest(ctx, x.tenant.ID, x.user.ID, fmt.Sprint(many-1)); !ok || err != nil {
		t.Errorf("the last one: %v, %v", ok, err)
	}
}
