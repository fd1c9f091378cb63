package sqlite

import (
	"sync"
	"sync/atomic"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
	"multistream/shared/fault"
	"multistream/shared/identity/identitytest"
)

func TestGuestLinks(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	x := identitytest.AddSchool(t, contract{s}, 1)
	first := directory.GuestLink{Hash: event.Hash{1}, TenantID: x.Tenant.ID, SessionID: event.NewID(), GuestID: event.NewID(), SignInID: event.NewID(), IssuedAt: 1000, ExpiresAt: 9000}
	if err := s.SaveGuestLink(ctx, first); err != nil {
		t.Fatal(err)
	}
	var wins atomic.Int64
	var all sync.WaitGroup
	for n := range byte(20) {
		all.Go(func() {
			next := first
			next.Hash, next.IssuedAt = event.Hash{n, 7}, 2000
			won, err := s.RotateGuestLink(ctx, first.Hash, next)
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
	used := first
	used.UsedAt = 2000
	link, ok, err := s.GuestLink(ctx, x.Tenant.ID, first.Hash)
	identitytest.Found(t, "the used link", used, link, ok, err)
	stranger := first
	stranger.Hash, stranger.GuestID = event.Hash{99}, event.NewID()
	if won, err := s.RotateGuestLink(ctx, event.Hash{byte(0), 7}, stranger); won || err != nil {
		t.Errorf("a link was exchanged for one of somebody else: %v, %v", won, err)
	}
	if _, ok, err := s.GuestLink(ctx, event.NewID(), first.Hash); ok || err != nil {
		t.Errorf("another tenant reads the link: %v, %v", ok, err)
	}
	if err := s.RevokeGuest(ctx, x.Tenant.ID, first.SignInID, 3000); err != nil {
		t.Fatal(err)
	}
	if link, _, _ := s.GuestLink(ctx, x.Tenant.ID, first.Hash); link.RevokedAt != 3000 {
		t.Errorf("revoked: %+v", link)
	}
	nowhere := first
	nowhere.Hash, nowhere.TenantID = event.Hash{5}, event.NewID()
	if err := s.SaveGuestLink(ctx, nowhere); fault.Of(err).Code != fault.NotFound {
		t.Errorf("a link of no tenant: %v", err)
	}
	if n, err := s.PruneGuestLinks(ctx, 9001); n != 2 || err != nil {
		t.Errorf("%d links were forgotten, %v; want both", n, err)
	}
}

// TestOpenByCode: a code is found in every tenant while its class is to come or runs, running classes first.
func TestOpenByCode(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	schools := []event.ID{identitytest.AddSchool(t, contract{s}, 1).Tenant.ID, identitytest.AddSchool(t, contract{s}, 2).Tenant.ID}
	ids := map[string]event.ID{}
	for i, status := range []string{"scheduled", "live", "halted", "ended", "cancelled", "archived"} {
		c := eventlogtest.NewChain(schools[i%2])
		events := c.Several(1)
		code := "K7P2QX3M"
		if status == "halted" {
			code = "OTHER234"
		}
		ids[status] = c.Session
		err := s.Append(ctx, eventlog.Batch{TenantID: c.Tenant, SessionID: c.Session, Events: events,
			Summary: &eventlog.Summary{TenantID: c.Tenant, ID: c.Session, Status: status, JoinCode: code, EndedAt: 7, Epoch: 1, Sequence: 1}})
		if err != nil {
			t.Fatal(err)
		}
		over, since, err := s.ClassOver(ctx, c.Tenant, c.Session)
		if wantOver := i > 2; err != nil || over != wantOver || wantOver && since != 7 {
			t.Errorf("%s: over %v since %d, %v", status, over, since, err)
		}
	}
	got, err := s.OpenByCode(ctx, "K7P2QX3M")
	if err != nil || len(got) != 2 || got[0].ID != ids["live"] || got[1].ID != ids["scheduled"] || got[0].TenantID != schools[1] {
		t.Errorf("found %+v, %v", got, err)
	}
	for _, code := range []string{"", "k7p2qx3m", "K7P2QX3%", "NOSUCH22"} {
		if got, err := s.OpenByCode(ctx, code); err != nil || len(got) != 0 {
			t.Errorf("by %q: %+v, %v", code, got, err)
		}
	}
}
