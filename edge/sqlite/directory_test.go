package sqlite

import (
	"context"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/identity"
	"multistream/shared/identity/identitytest"
)

// contract is the store as identity wants it.
type contract struct{ *Store }

func (c contract) Edit(ctx context.Context, tenant event.ID, f func(identity.Editor) error) error {
	return c.Store.Edit(ctx, tenant, func(e *Edit) error { return f(e) })
}

func TestIdentity(t *testing.T) {
	identitytest.Run(t, func(t *testing.T) identitytest.Store { return contract{open(t, t.TempDir())} })
}

// TestDirectoryIsKept reads a store that was closed and opened again.
func TestDirectoryIsKept(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	first := open(t, dir)
	x := identitytest.AddSchool(t, contract{first}, 1)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	tenants, err := s.Tenants(ctx, 5)
	identitytest.Listed(t, "tenants", []directory.Tenant{x.Tenant}, tenants, err)
	users, err := s.Users(ctx, x.Tenant.ID, directory.UserFilter{Limit: 10})
	identitytest.Listed(t, "users", []directory.User{x.User, x.Other}, users, err)
	lessons, err := s.Lessons(ctx, x.Tenant.ID, x.Course.ID)
	identitytest.Listed(t, "lessons", []directory.Lesson{x.Lesson}, lessons, err)
	link, ok, err := s.RefreshToken(ctx, x.Tenant.ID, x.Link.Hash)
	identitytest.Found(t, "link", x.Link, link, ok, err)
}
