package projector

import (
	"context"
	"errors"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// Ref names a session.
type Ref struct{ TenantID, SessionID event.ID }

// Store keeps projections beside the log that they are made of.
type Store interface {
	// Behind lists sessions with an id above after whose rows are not those of their log, in order of id, most at most: it went on or
	// back, the rows were made by older rules, or with a key that was destroyed since. Those of newer rules are left out.
	Behind(ctx context.Context, rules int, after event.ID, most int) ([]Ref, error)
	// Do runs do in one transaction in the name of the tenant, while nobody else, of this process or another, projects the session. free
	// is false if somebody else does: then do was not run. What do writes becomes durable together, or nothing if it returns an error,
	// which comes back as it is, or wrapped.
	Do(ctx context.Context, r Ref, do func(Tx) error) (free bool, err error)
	// Forget marks what is projected of a session, of a tenant (session absent) or of all (tenant absent too) as made by no rules: all of
	// it is behind then.
	Forget(ctx context.Context, tenant, session event.ID) error
	// SaveSnapshot stores a snapshot, unless it is not of the log any more.
	SaveSnapshot(ctx context.Context, s eventlog.Snapshot) error
	// Ring gives a ring that asks for a person's newest key when it is needed; it makes none.
	Ring(ctx context.Context) event.KeyRing
}

// ErrRefused says that the database would not take rows for what is in them. Doing it again helps nobody.
var ErrRefused = errors.New("the database does not take these rows")

// Tx is one transaction of one session.
type Tx interface {
	Position(ctx context.Context) (Position, error)
	// Read gives events with sequence > after, in order, limit at most, each checked against its hash and the one before it. It returns
	// an error wrapping eventlog.ErrDamaged.
	Read(ctx context.Context, after int64, limit int) ([]event.Event, error)
	// Snapshot gives the newest usable one with Sequence <= atMost; ok is false where there is none.
	Snapshot(ctx context.Context, atMost, format int64) (s eventlog.Snapshot, ok bool, err error)
	// Keys gives a ring of the keys with these ids: one that is not there is ErrErased or ErrNoKey by then.
	Keys(ctx context.Context, ids []event.ID) (event.KeyRing, error)
	// Clear removes all rows of the session but its own, which falls back to sequence 0, and its snapshots.
	Clear(ctx context.Context) error
	// Write makes changes, at most one of each row, in their order. It returns an error wrapping ErrRefused.
	Write(ctx context.Context, changes []Change) error
}

// Position is how far a session is projected.
type Position struct {
	There    bool // it has a row
	Epoch    int64
	Sequence int64
	Hash     event.Hash // of the event at Sequence
	Rules    int        // that made its rows
	Parked   string     // why it waits there; "" if it does not
	Gone     int        // keys that were destroyed when its rows were made
	Stale    bool       // another key of its rows was destroyed since
	Head     eventlog.Head
}
