package edge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"multistream/edge/sqlite"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// Archive is a data folder opened to look at, for operators. Nothing in it is changed, and an edge may be running on it.
type Archive struct{ r *sqlite.Reader }

// OpenArchive opens a data folder to look at. Its error says why that can't be done.
func OpenArchive(ctx context.Context, dir string) (*Archive, error) {
	r, err := sqlite.OpenReader(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	return &Archive{r}, nil
}

// Close closes the folder's files.
func (a *Archive) Close() error { return a.r.Close() }

// Disturbed returns an error if an edge was started on the folder since it was opened, so that what was read may be no
// whole. It is nil for a folder on which one ran all the time.
func (a *Archive) Disturbed() error { return a.r.Disturbed() }

// InUse tells whether an edge ran on the folder when it was opened.
func (a *Archive) InUse() bool { return a.r.InUse() }

// Listed is a class of the folder. Summary has its ids alone where its row in the list of classes is missing or damaged.
type Listed struct {
	eventlog.Summary
	Head eventlog.Head
	Err  error // why Summary or Head can't be told
}

// Sessions lists every class of every school, whatever is left of it.
func (a *Archive) Sessions(ctx context.Context) ([]Listed, error) {
	all, err := a.r.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Listed, len(all))
	for i, s := range all {
		var errs [2]error
		out[i].Summary, errs[0] = a.r.Summary(ctx, s.TenantID, s.SessionID)
		out[i].Head, errs[1] = a.r.Head(ctx, s.TenantID, s.SessionID)
		out[i].TenantID, out[i].ID, out[i].Err = s.TenantID, s.SessionID, errors.Join(errs[:]...)
	}
	return out, nil
}

// Find gives the school of a class, or eventlog.ErrNotFound.
func (a *Archive) Find(ctx context.Context, id event.ID) (tenant event.ID, err error) {
	all, err := a.r.Sessions(ctx)
	if err != nil {
		return tenant, err
	}
	for _, s := range all {
		if s.SessionID == id {
			return s.TenantID, nil
		}
	}
	return tenant, fmt.Errorf("class %s: %w in this data folder; `classctl sessions` lists what is there", id, eventlog.ErrNotFound)
}

// archivePage is how many events are read at a time.
const archivePage = 500

// each gives every event of a class up to a sequence, in order, checked against its hash and its chain.
func (a *Archive) each(ctx context.Context, tenant, id event.ID, upTo int64, f func(*event.Event) error) error {
	for after := int64(0); after < upTo; {
		events, err := a.r.Read(ctx, tenant, id, after, int(min(archivePage, upTo-after)))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return fmt.Errorf("class %s sequence %d: the row that belongs here is missing: %w", id, after+1, eventlog.ErrDamaged)
		}
		for i := range events {
			if err := f(&events[i]); err != nil {
				return err
			}
		}
		after = events[len(events)-1].Sequence
	}
	return nil
}

// State folds a class up to a sequence (0: its end) from its first event on: no snapshot is trusted. It returns
// fs.ErrInvalid if the class has no such sequence.
func (a *Archive) State(ctx context.Context, tenant, id event.ID, at int64) (*session.State, error) {
	head, err := a.r.Head(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	if at == 0 {
		at = head.Sequence
	}
	if at < 0 || at > head.Sequence {
		return nil, fmt.Errorf("class %s has the sequences 1 to %d, not %d: %w", id, head.Sequence, at, fs.ErrInvalid)
	}
	keys, err := a.r.PersonKeys()
	if err != nil {
		return nil, err
	}
	s := session.New(id)
	err = a.each(ctx, tenant, id, at, func(e *event.Event) error {
		opened, err := event.OpenEvent(e, keys)
		if err != nil {
			return fmt.Errorf("class %s sequence %d can't be opened: %w", id, e.Sequence, err)
		}
		session.Apply(s, opened)
		return nil
	})
	return s, err
}

// Person finds the id of somebody of a school by id, e-mail address or user name. An id need not be in the directory.
func (a *Archive) Person(ctx context.Context, tenant event.ID, name string) (event.ID, error) {
	u, ok, err := a.r.Person(ctx, tenant, name)
	if err != nil || ok {
		return u.ID, err
	}
	if id, err := event.ParseID(name); err == nil {
		return id, nil
	}
	return event.ID{}, fmt.Errorf("there is nobody %q in the directory of this class's school: give an id, e-mail address or user name", name)
}
