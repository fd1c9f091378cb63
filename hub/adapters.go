package hub

import (
	"context"
	"fmt"

	"multistream/hub/api"
	"multistream/hub/postgres"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/identity"
)

// directoryStore is the store as identity wants it.
type directoryStore struct{ *postgres.People }

func (d directoryStore) Edit(ctx context.Context, tenant event.ID, f func(identity.Editor) error) error {
	return d.People.Edit(ctx, tenant, func(e *postgres.Edit) error { return f(e) })
}

// schedule is the store as the API wants it.
type schedule struct{ *postgres.People }

func (s schedule) EditPlans(ctx context.Context, tenant event.ID, f func(api.PlanEditor) error) error {
	return s.People.Edit(ctx, tenant, func(e *postgres.Edit) error { return f(e) })
}

func (s schedule) Class(ctx context.Context, tenant, session event.ID) (api.Class, bool, error) {
	c, ok, err := s.People.Class(ctx, tenant, session)
	return api.Class(c), ok, err
}

func (s schedule) Classes(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]api.Class, error) {
	found, err := s.People.Classes(ctx, tenant, f)
	out := make([]api.Class, len(found))
	for i, c := range found {
		out[i] = api.Class(c)
	}
	return out, err
}

// fleet is the store as the API wants it for boxes.
type fleet struct{ *postgres.People }

func (f fleet) Edges(ctx context.Context, tenant event.ID) ([]api.Edge, error) {
	found, err := f.People.Edges(ctx, tenant)
	out := make([]api.Edge, len(found))
	for i, e := range found {
		out[i] = api.Edge{ID: e.ID, Name: e.Name, Region: e.Region, Status: e.Status, Version: e.Version, DiskFree: e.DiskFree, Position: e.Position}
		if e.LastSeenAt != 0 {
			out[i].LastSeenAt = &found[i].LastSeenAt
		}
		if e.MovedAt != 0 {
			out[i].ReceivedAt = &found[i].MovedAt
		}
		if !e.Incarnation.IsZero() {
			out[i].Incarnation = &found[i].Incarnation
		}
	}
	return out, err
}

// logs are the logs that edges sent, with the keys of people.
type logs struct {
	*postgres.Log
	store *postgres.People
	keys  *postgres.Keys
}

func (l logs) Head(ctx context.Context, tenant, session event.ID) (eventlog.Head, error) {
	h, err := l.Log.Head(ctx, tenant, session)
	if err == nil && h.Sequence == 0 {
		err = fmt.Errorf("class %s: %w", session, eventlog.ErrNotFound)
	}
	return h, err
}

func (l logs) Keys(ctx context.Context) event.KeyRing { return ring{ctx, l.keys} }

// source is the store as a bundle is made of it.
type source struct {
	*postgres.Log
	store  *postgres.People
	tenant event.ID
}

func (s source) SignedHeads(ctx context.Context, tenant, session event.ID) ([]event.Head, error) {
	return s.store.SignedHeads(ctx, tenant, session)
}

func (s source) Receipts(ctx context.Context, tenant, session event.ID) ([]event.Receipt, error) {
	return s.store.Receipts(ctx, tenant, session)
}

func (s source) Superseded(ctx context.Context, tenant, session event.ID) ([]event.Event, error) {
	return s.store.Superseded(ctx, tenant, session)
}

func (s source) Signers(ctx context.Context) ([]event.SigningKey, error) {
	return s.store.Signers(ctx, s.tenant)
}
