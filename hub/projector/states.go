package projector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// readPage is how many events are read at once where a state is folded.
const readPage = 500

// Logs is what states are folded from. Who may read the log and its keys can fold: it needs not be the projector.
type Logs interface {
	Read(ctx context.Context, tenant, session event.ID, after int64, limit int) ([]event.Event, error)
	LatestSnapshot(ctx context.Context, tenant, session event.ID, atMost, format int64) (s eventlog.Snapshot, ok bool, err error)
	// SequenceAt gives the sequence of the last event with a time <= by; 0 where there is none.
	SequenceAt(ctx context.Context, tenant, session event.ID, by event.Time) (int64, error)
	// KeysOf gives a ring of the keys with these ids.
	KeysOf(ctx context.Context, tenant event.ID, ids []event.ID) (event.KeyRing, error)
}

// States gives classes as they were at a moment.
type States struct {
	Logs   Logs
	Logger *slog.Logger
}

// StateAt gives the state of a class after the event upTo (0: the last), or after the last one at or before a time (0: any), whichever
// comes first: the fold of its log, whatever is projected of it. keyless tells that the hub lacks keys of texts in it, which are like
// erased ones then. A class of which nothing has come has the state before its first event.
func (s States) StateAt(ctx context.Context, tenant, id event.ID, upTo int64, by event.Time) (state *session.State, keyless bool, err error) {
	if by != 0 {
		last, err := s.Logs.SequenceAt(ctx, tenant, id, by)
		if err != nil {
			return nil, false, err
		}
		if last == 0 {
			return session.New(id), false, nil
		}
		if upTo == 0 || last < upTo {
			upTo = last
		}
	}
	f := folding{log: s.Logger, r: Ref{tenant, id},
		read: func(ctx context.Context, after int64, limit int) ([]event.Event, error) {
			return s.Logs.Read(ctx, tenant, id, after, limit)
		},
		snapshot: func(ctx context.Context, atMost, format int64) (eventlog.Snapshot, bool, error) {
			return s.Logs.LatestSnapshot(ctx, tenant, id, atMost, format)
		},
		keys: func(ctx context.Context, ids []event.ID) (event.KeyRing, error) {
			ring, err := s.Logs.KeysOf(ctx, tenant, ids)
			return &lenient{ring, &keyless}, err
		}}
	if upTo == 0 {
		upTo = 1<<63 - 1
	}
	state, _, err = f.upTo(ctx, upTo)
	return state, keyless, err
}

// lenient is a ring in which a key that never came is like one that was destroyed: what it sealed can't be read here.
type lenient struct {
	event.KeyRing
	missing *bool
}

// Get gives the key with this id.
func (l *lenient) Get(tenant, id event.ID) (event.PersonKey, error) {
	k, err := l.KeyRing.Get(tenant, id)
	if errors.Is(err, event.ErrNoKey) {
		*l.missing = true
		return k, event.ErrErased
	}
	return k, err
}

// folding makes the state of a session of its newest usable snapshot and the events after it.
type folding struct {
	log      *slog.Logger
	r        Ref
	read     func(ctx context.Context, after int64, limit int) ([]event.Event, error)
	snapshot func(ctx context.Context, atMost, format int64) (eventlog.Snapshot, bool, error)
	keys     func(ctx context.Context, ids []event.ID) (event.KeyRing, error)
}

// upTo gives the state after an event, or after the last one where the log ends before it, and the sequence of the snapshot that it
// began with. Events of unknown types move the position alone. It returns an error wrapping eventlog.ErrDamaged for what can't be read.
func (f *folding) upTo(ctx context.Context, sequence int64) (*session.State, int64, error) {
	s, err := f.begin(ctx, sequence)
	if err != nil {
		return nil, 0, err
	}
	snapped := s.Sequence
	for s.Sequence < sequence {
		limit := int(min(readPage, sequence-s.Sequence))
		events, err := f.read(ctx, s.Sequence, limit)
		if err != nil {
			return nil, 0, err
		}
		keys, err := f.keys(ctx, keyIDs(events))
		if err != nil {
			return nil, 0, err
		}
		opened, err := event.OpenEvents(events, keys)
		if err != nil {
			return nil, 0, fmt.Errorf("%w: session %s: %w", eventlog.ErrDamaged, f.r.SessionID, err)
		}
		session.Fold(s, opened)
		if len(events) < limit {
			break
		}
	}
	return s, snapped, nil
}

// begin stands on the newest snapshot at or before a sequence, or before the first event.
func (f *folding) begin(ctx context.Context, atMost int64) (*session.State, error) {
	if atMost <= 0 {
		return session.New(f.r.SessionID), nil
	}
	snap, ok, err := f.snapshot(ctx, atMost, session.Format)
	if err != nil || !ok {
		return session.New(f.r.SessionID), err
	}
	keys, err := f.keys(ctx, event.KeyIDs(snap.State))
	if err != nil {
		return nil, err
	}
	s := session.New(f.r.SessionID)
	err = json.Unmarshal(snap.State, s)
	if err == nil {
		err = event.Open(s, event.SnapshotContext(f.r.TenantID, f.r.SessionID, event.Position{Epoch: snap.Epoch, Sequence: snap.Sequence}), keys)
	}
	if err != nil || s.Sequence != snap.Sequence {
		f.log.Error("snapshot not usable; folding from the start", "session", f.r.SessionID, "sequence", snap.Sequence, "error", err)
		return session.New(f.r.SessionID), nil
	}
	return s, nil
}
