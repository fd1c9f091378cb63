package projector

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// memory is a store in memory: logs, and rows as in tablesOf. Its events hold texts in the open.
type memory struct {
	t     testing.TB
	mu    sync.Mutex
	logs  map[Ref][]event.Event
	rows  map[Ref]tablesOf
	wrong func(Ref, []Change) error // of a write, if set
	steps map[Ref]int               // transactions by session
}

func newMemory(t testing.TB) *memory {
	return &memory{t: t, logs: map[Ref][]event.Event{}, rows: map[Ref]tablesOf{}, steps: map[Ref]int{}}
}

// class adds a class of opened events.
func (m *memory) class(opened []event.Opened) Ref {
	r := Ref{event.NewID(), event.NewID()}
	for i := range opened {
		m.add(r, &opened[i])
	}
	return r
}

func (m *memory) add(r Ref, o *event.Opened) {
	m.mu.Lock()
	defer m.mu.Unlock()
	log, prev := m.logs[r], event.Genesis(r.TenantID, r.SessionID)
	if len(log) > 0 {
		prev = log[len(log)-1].Hash
	}
	payload, err := json.Marshal(o.Payload)
	if err != nil {
		m.t.Error(err)
	}
	e := event.Event{ID: event.NewID(), TenantID: r.TenantID, SessionID: r.SessionID, Epoch: o.Epoch, Sequence: o.Sequence, Type: o.Type, SchemaVersion: o.Version,
		ActorID: o.ActorID, EdgeID: event.NewID(), CreatedAt: o.CreatedAt, Payload: payload, PrevHash: prev}
	e.Hash = e.ComputeHash()
	m.logs[r] = append(log, e)
}

// at gives where a session is projected to, and why it is parked.
func (m *memory) at(r Ref) (sequence int64, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.position(r, m.rows[r])
	return at.Sequence, at.Parked
}

func (m *memory) position(r Ref, db tablesOf) (at Position) {
	if row := db[Sessions]["null"]; row != nil {
		at.There = true
		n := func(name string) int { n, _ := row[name].(int); return n }
		at.Epoch, at.Sequence, at.Rules = int64(n("epoch")), int64(n("sequence")), n("rules")
		at.Hash, _ = row["hash"].(event.Hash)
		at.Parked, _ = row["parked"].(string)
	}
	if log := m.logs[r]; len(log) > 0 {
		last := &log[len(log)-1]
		at.Head = eventlog.Head{Epoch: last.Epoch, Sequence: last.Sequence, Hash: last.Hash}
	}
	return at
}

func (m *memory) Behind(_ context.Context, rules int, after event.ID, most int) (out []Ref, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for r := range m.logs {
		if at := m.position(r, m.rows[r]); at.Rules <= rules && (at.Hash != at.Head.Hash || at.outdated()) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Ref) int { return slices.Compare(a.SessionID[:], b.SessionID[:]) })
	out = slices.DeleteFunc(out, func(r Ref) bool { return slices.Compare(r.SessionID[:], after[:]) <= 0 })
	return out[:min(len(out), most)], nil
}

func (m *memory) Do(_ context.Context, r Ref, do func(Tx) error) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.steps[r]++
	tx := &memoryTx{m, r, tablesOf{}}
	for table, rows := range m.rows[r] {
		tx.db[table] = map[string]Columns{}
		for key, row := range rows {
			tx.db[table][key] = maps.Clone(row)
		}
	}
	err := do(tx)
	if err == nil {
		m.rows[r] = tx.db
	}
	return true, err
}

func (m *memory) Forget(_ context.Context, tenant, session event.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for r, db := range m.rows {
		if (tenant.IsZero() || r.TenantID == tenant) && (session.IsZero() || r.SessionID == session) {
			db[Sessions]["null"]["rules"] = 0
		}
	}
	return nil
}

func (m *memory) SaveSnapshot(context.Context, eventlog.Snapshot) error { return nil }

func (m *memory) Ring(context.Context) event.KeyRing { return nobodysRing{} }

// nobodysRing has no key.
type nobodysRing struct{}

func (nobodysRing) Current(_, _ event.ID) (event.PersonKey, error) {
	return event.PersonKey{}, event.ErrErased
}

func (nobodysRing) Get(_, _ event.ID) (event.PersonKey, error) {
	return event.PersonKey{}, event.ErrNoKey
}

func (nobodysRing) Of(_, _ event.ID) ([]event.PersonKey, bool, error) {
	return nil, false, event.ErrNoKey
}

type memoryTx struct {
	m  *memory
	r  Ref
	db tablesOf
}

func (tx *memoryTx) Position(context.Context) (Position, error) {
	return tx.m.position(tx.r, tx.db), nil
}

func (tx *memoryTx) Read(_ context.Context, after int64, limit int) ([]event.Event, error) {
	log := tx.m.logs[tx.r]
	if after > int64(len(log)) {
		return nil, errors.New("read behind the end")
	}
	return log[after:min(after+int64(limit), int64(len(log)))], nil
}

func (*memoryTx) Snapshot(context.Context, int64, int64) (s eventlog.Snapshot, ok bool, err error) {
	return s, false, nil
}

func (*memoryTx) Keys(context.Context, []event.ID) (event.KeyRing, error) { return nobodysRing{}, nil }

func (tx *memoryTx) Clear(context.Context) error {
	clear(tx.db)
	return nil
}

func (tx *memoryTx) Write(_ context.Context, changes []Change) error {
	if tx.m.wrong != nil {
		if err := tx.m.wrong(tx.r, changes); err != nil {
			return err
		}
	}
	tx.db.write(changes)
	return nil
}
