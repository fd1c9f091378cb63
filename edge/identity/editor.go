package identity

import (
	"context"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// Editor is a change of one tenant's directory while it is made: all that it wrote becomes durable together, or nothing.
// What it reads is the present, and nobody else writes meanwhile. Errors of a broken rule are faults.
type Editor interface {
	Tenant() (t directory.Tenant, ok bool, err error)
	User(id event.ID) (u directory.User, ok bool, err error)
	PutUser(u directory.User) error

	// SaveRefreshToken stores the first link of a sign-in.
	SaveRefreshToken(token directory.RefreshToken) error
	// EndSignIns ends all sign-ins of a person but one, which may be absent, and gives those that it ended.
	EndSignIns(user, but event.ID, at event.Time) ([]event.ID, error)
	// Audit appends an entry; number, hashes and tenant are set by the store.
	Audit(a directory.AuditEntry) error
}

// edit changes a tenant's directory. f may be run twice, so it must not keep what it did the first time.
func (s *Service) edit(ctx context.Context, tenant event.ID, f func(Editor) error) error {
	return s.ask(ctx, func(ctx context.Context) error { return s.store.Edit(ctx, tenant, f) })
}

// presentIn gives an active person as the directory has them at the time of the edit, or fault.Unauthenticated.
func presentIn(e Editor, user event.ID) (directory.User, error) {
	u, ok, err := e.User(user)
	if err == nil && (!ok || u.Status != statusActive) {
		err = refused(errNoAccount)
	}
	return u, err
}

// localOnly refuses a change of a directory that a hub rules.
func localOnly(e Editor) error {
	t, ok, err := e.Tenant()
	switch {
	case err != nil:
		return err
	case !ok:
		return fault.New(fault.NotFound, "There is no such school here. Nothing was changed.")
	case t.HubRules:
		return fault.New(fault.HubRules, "A hub rules who is in this school and what is taught, so this box changes none of it. Nothing was changed; please do it at the hub.")
	}
	return nil
}
