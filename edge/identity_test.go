package edge

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"multistream/edge/gateway"
	"multistream/edge/sqlite"
	"multistream/edge/sqlite/faultvfs"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
)

// registry is the directory as identity reads it, which a test can break.
type registry struct {
	identity.Store
	down   atomic.Bool // it answers nothing
	broken atomic.Bool // who watches it crashes
}

func (r *registry) err() error {
	if r.down.Load() {
		return errors.New("disk I/O error")
	}
	return nil
}

func (r *registry) TenantByID(ctx context.Context, tenant event.ID) (directory.Tenant, bool, error) {
	if err := r.err(); err != nil {
		return directory.Tenant{}, false, err
	}
	return r.Store.TenantByID(ctx, tenant)
}

func (r *registry) Tenants(ctx context.Context, limit int) ([]directory.Tenant, error) {
	if r.broken.Load() {
		panic("a mistake in the code")
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.Store.Tenants(ctx, limit)
}

func (r *registry) UserByID(ctx context.Context, tenant, user event.ID) (directory.User, bool, error) {
	if err := r.err(); err != nil {
		return directory.User{}, false, err
	}
	return r.Store.UserByID(ctx, tenant, user)
}

func (r *registry) UserByEmail(ctx context.Context, tenant event.ID, email string) (directory.User, bool, error) {
	if err := r.err(); err != nil {
		return directory.User{}, false, err
	}
	return r.Store.UserByEmail(ctx, tenant, email)
}

func (r *registry) RoleInCourse(ctx context.Context, tenant, course, user event.ID) (directory.Role, bool, error) {
	if err := r.err(); err != nil {
		return "", false, err
	}
	return r.Store.RoleInCourse(ctx, tenant, course, user)
}

// TestIdentityThatFails: nobody new comes in and nothing is started, those inside go on, everybody is told, and it comes back
// by itself; nobody was halted, so the log has no halt.
func TestIdentityThatFails(t *testing.T) {
	type m = map[string]any
	for name, c := range map[string]struct {
		breaks  func(r *registry, keys *atomic.Bool, is bool)
		refuses string // how a join is refused, "" for not at all
	}{
		"directory can't be read":  {func(r *registry, _ *atomic.Bool, is bool) { r.down.Store(is) }, "identity_unavailable"},
		"keys can't be written":    {func(_ *registry, keys *atomic.Bool, is bool) { keys.Store(is) }, "log_unavailable"},
		"its watch crashes always": {func(r *registry, _ *atomic.Bool, is bool) { r.broken.Store(is) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, keys, dir := &registry{}, &atomic.Bool{}, t.TempDir()
			t.Cleanup(faultvfs.Use(dir, func(op faultvfs.Op) error {
				if op.Kind == faultvfs.Write && op.File == "keys.db-wal" && keys.Load() {
					return faultvfs.ErrFull
				}
				return nil
			}))
			s := newServerOn(t, dir, seams{
				disk:      func(o *sqlite.Options) { o.VFS, o.ReserveBytes = faultvfs.Name, -1 },
				directory: func(of identity.Store) identity.Store { r.Store = of; return r },
			})
			teacher, ada, ben := s.signIn("teacher"), s.signIn("student01"), s.signIn("student02")
			class, planned := s.schedule(teacher, nil), s.schedule(teacher, nil)
			for _, step := range []string{"/join", "/start"} {
				teacher.call("POST", class+step, m{}).want(200)
			}
			ada.call("POST", class+"/join", m{}).want(200)
			screen := ada.follow(class)
			before := len(s.types(class, 0))

			c.breaks(r, keys, true)
			if c.refuses != "" {
				ben.call("POST", class+"/join", m{}).refused(503, c.refuses)
				if a := teacher.call("POST", planned+"/start", m{}); a.status != 503 || a.text("code") != "identity_unavailable" {
					t.Errorf("a start answered %d %s", a.status, a.body)
				}
			}
			s.waitUntil("those inside are told, and not halted", func() bool {
				return screen.says().State == "live" && screen.says().Reason == "identity_unavailable" && screen.says().Since != 0
			})
			if ready, wrong := s.ready(); ready || !slices.Contains(wrong, "identity") {
				t.Errorf("/readyz says %v, %v", ready, wrong)
			}
			ada.call("POST", class+"/chat", m{"content": "hello", "to": m{"audience": "all"}}).want(201)
			teacher.call("POST", class+"/scenes", m{"name": "Next", "layout": m{"name": "board"}}).want(201)

			c.breaks(r, keys, false)
			s.waitUntil("those inside are told that it is over", func() bool { return screen.says() == gateway.Status{State: "live"} })
			s.waitUntil("the box is ready", func() bool { ready, _ := s.ready(); return ready })
			ben.call("POST", class+"/join", m{}).want(200)
			teacher.call("POST", planned+"/start", m{}).want(200)
			if got, want := s.types(class, before), []string{event.TypeChatMessage, event.TypeSceneCreated, event.TypeParticipantJoined}; !slices.Equal(got, want) {
				t.Errorf("the log got %v, want %v", got, want)
			}
		})
	}
}
