package identitytest

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/identity"
)

func rotate(t *testing.T, s Store) {
	ctx := t.Context()
	x := AddSchool(t, s, 1)
	id := x.Tenant.ID
	var wins atomic.Int64
	var all sync.WaitGroup
	for n := range byte(20) {
		all.Go(func() {
			won, err := s.RotateRefreshToken(ctx, id, x.Link.Hash, x.Next(n, 2000))
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
		link, ok, err := s.RefreshToken(ctx, id, x.Next(n, 2000).Hash)
		if ok {
			stored++
			Found(t, "the next link", x.Next(n, 2000), link, ok, err)
		}
	}
	if stored != 1 {
		t.Errorf("%d of 20 are stored", stored)
	}
	used := x.Link
	used.UsedAt = 2000
	link, ok, err := s.RefreshToken(ctx, id, x.Link.Hash)
	Found(t, "the used link", used, link, ok, err)

	if err := s.SaveRefreshToken(ctx, x.Next(100, 3000)); err != nil {
		t.Fatal(err)
	}
	// A successor that can't be stored leaves its predecessor unused.
	if won, err := s.RotateRefreshToken(ctx, id, x.Next(100, 0).Hash, used); won || err == nil {
		t.Errorf("got %v, %v", won, err)
	}
	for what, hash := range map[string]event.Hash{"absent": {8, 8}, "used": used.Hash} {
		if won, err := s.RotateRefreshToken(ctx, id, hash, x.Next(101, 3000)); won || err != nil {
			t.Errorf("%s: %v, %v", what, won, err)
		}
	}
	for _, at := range []event.Time{4000, 5000} {
		if err := s.RevokeSignIn(ctx, id, x.Link.SignInID, at); err != nil {
			t.Fatal(err)
		}
	}
	revoked := x.Next(100, 3000)
	revoked.RevokedAt = 4000
	link, ok, err = s.RefreshToken(ctx, id, revoked.Hash)
	Found(t, "a revoked link", revoked, link, ok, err)
	if won, err := s.RotateRefreshToken(ctx, id, revoked.Hash, x.Next(102, 6000)); won || err != nil {
		t.Errorf("revoked: %v, %v", won, err)
	}
}

// rotateSiblings: of two links that came from one, one can be exchanged.
func rotateSiblings(t *testing.T, s Store) {
	ctx := t.Context()
	x := AddSchool(t, s, 1)
	first, second := x.Next(1, 2000), x.Next(2, 2000)
	first.Parent, second.Parent = x.Link.Hash, x.Link.Hash
	if won, err := s.RotateRefreshToken(ctx, x.Tenant.ID, x.Link.Hash, first); !won || err != nil {
		t.Fatal(won, err)
	}
	if err := s.SaveRefreshToken(ctx, second); err != nil {
		t.Fatal(err)
	}
	link, ok, err := s.RefreshToken(ctx, x.Tenant.ID, second.Hash)
	Found(t, "second", second, link, ok, err)
	for n, c := range []struct {
		hash event.Hash
		won  bool
	}{{second.Hash, true}, {first.Hash, false}, {second.Hash, false}} {
		if won, err := s.RotateRefreshToken(ctx, x.Tenant.ID, c.hash, x.Next(byte(20+n), 3000)); won != c.won || err != nil {
			t.Errorf("%d: %v, %v", n, won, err)
		}
	}
}

func prune(t *testing.T, s Store) {
	ctx := t.Context()
	x := AddSchool(t, s, 1) // its link runs out at 9000
	for n := range byte(3) {
		if err := s.SaveRefreshToken(ctx, x.Next(n, event.Time(1000*int(n)+2000))); err != nil { // 10000, 11000, 12000
			t.Fatal(err)
		}
	}
	for _, c := range [][2]int64{{9000, 0}, {11000, 2}, {11000, 0}, {99999, 2}} {
		if n, err := s.PruneRefreshTokens(ctx, event.Time(c[0])); err != nil || n != c[1] {
			t.Errorf("before %d: %d, %v; want %d", c[0], n, err, c[1])
		}
	}
}

// endSignIns ends all sign-ins of one person but one, and tells which; what comes late for an ended one is refused.
func endSignIns(t *testing.T, s Store) {
	ctx := t.Context()
	x := AddSchool(t, s, 1)
	signIn := func(user event.ID, n byte) directory.RefreshToken {
		l := x.Next(n, 2000)
		l.UserID, l.SignInID = user, event.ID{n}
		if err := s.SaveRefreshToken(ctx, l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	stays, goes, others := signIn(x.User.ID, 10), signIn(x.User.ID, 11), signIn(x.Other.ID, 12)
	var ended []event.ID
	err := s.Edit(ctx, x.Tenant.ID, func(e identity.Editor) (err error) {
		ended, err = e.EndSignIns(x.User.ID, stays.SignInID, 3000)
		return err
	})
	slices.SortFunc(ended, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) })
	want := []event.ID{x.Link.SignInID, goes.SignInID}
	slices.SortFunc(want, func(a, b event.ID) int { return slices.Compare(a[:], b[:]) })
	Listed(t, "ended", want, ended, err)
	for _, kept := range []directory.RefreshToken{stays, others} {
		link, ok, err := s.RefreshToken(ctx, x.Tenant.ID, kept.Hash)
		Found(t, "kept", kept, link, ok, err)
	}
	late := goes
	late.Hash = event.Hash{99}
	WantFault(t, "late", s.SaveRefreshToken(ctx, late), fault.Unauthenticated, "")
	for since, n := range map[event.Time]int{3000: 2, 3001: 0, 0: 2} {
		if got, err := s.RevokedSignIns(ctx, since); len(got) != n || err != nil {
			t.Errorf("since %d: %v, %v", since, got, err)
		}
	}
}
