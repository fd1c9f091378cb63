package postgres_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"multistream/hub/postgres"
	"multistream/hub/projector"
	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// class is a class as an edge sends it: sealed and chained, with the keys of its people.
type class struct {
	tenant, session, edge, incarnation event.ID
	opened                             []event.Opened
	events                             []wire.Positioned
	keys                               *memoryRing
}

func (c *class) ref() projector.Ref { return projector.Ref{TenantID: c.tenant, SessionID: c.session} }

// sealed makes a class of what the rules decided.
func sealed(t testing.TB, id event.ID, opened []event.Opened) *class {
	t.Helper()
	c := &class{tenant: event.NewID(), session: id, edge: event.NewID(), incarnation: event.NewID(), opened: opened, keys: newMemoryRing()}
	for i := range opened {
		c.add(t, &opened[i])
	}
	return c
}

// add puts an event behind the others.
func (c *class) add(t testing.TB, o *event.Opened) {
	t.Helper()
	prev, position := event.Genesis(c.tenant, c.session), int64(1)
	if n := len(c.events); n > 0 {
		prev, position = c.events[n-1].Event.Hash, c.events[n-1].Position+1
	}
	e := event.Event{ID: event.NewID(), TenantID: c.tenant, SessionID: c.session, Epoch: o.Epoch, Sequence: o.Sequence, Type: o.Type, SchemaVersion: o.Version,
		ActorID: o.ActorID, EdgeID: c.edge, CreatedAt: o.CreatedAt, IdempotencyKey: fmt.Sprintf("k%d#1", o.Sequence), CommandDigest: prev[:], PrevHash: prev}
	rand.Read(e.Salt[:])
	payload, err := event.SealCopy(o.Payload, e.Context(), c.keys)
	if err != nil {
		t.Fatal(err)
	}
	if e.Payload, err = event.Encode(payload); err != nil {
		t.Fatal(err)
	}
	e.Hash = e.ComputeHash()
	c.events = append(c.events, wire.Positioned{Position: position, Event: e})
}

// memoryRing keeps keys of people in memory, one each.
type memoryRing struct {
	mu sync.Mutex
	of map[event.ID]event.PersonKey // by person
}

func newMemoryRing() *memoryRing { return &memoryRing{of: map[event.ID]event.PersonKey{}} }

func (r *memoryRing) Current(tenant, person event.ID) (event.PersonKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.of[person]
	if !ok {
		k = event.PersonKey{ID: event.NewID(), TenantID: tenant, PersonID: person, CreatedAt: 1}
		rand.Read(k.Secret[:])
		r.of[person] = k
	}
	return k, nil
}

func (r *memoryRing) Get(_, id event.ID) (event.PersonKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range r.of {
		if k.ID == id {
			return k, nil
		}
	}
	return event.PersonKey{}, event.ErrNoKey
}

func (r *memoryRing) Of(_, _ event.ID) ([]event.PersonKey, bool, error) { return nil, false, nil }

func (r *memoryRing) all() (out []event.PersonKey) {
	for _, k := range r.of {
		out = append(out, k)
	}
	return out
}

// hub is a database with the stores of ingest and the projector.
type hub struct {
	t      testing.TB
	url    string
	ingest *postgres.IngestStore
	nudges func(tenant, session event.ID) // if set, told of what was sent
	store  *postgres.Projections
	states projector.States
}

func openHub(t testing.TB, url string) *hub {
	t.Helper()
	h := &hub{t: t, url: url}
	var err error
	if h.ingest, err = open(t, url, postgres.Ingest).IngestStore(kek(t)); err != nil {
		t.Fatal(err)
	}
	if h.store, err = open(t, url, postgres.Projector).Projections(context.Background(), kek(t)); err != nil {
		t.Fatal(err)
	}
	h.states = projector.States{Logs: open(t, url, postgres.App).ClassLogs(kek(t)), Logger: slog.New(slog.DiscardHandler)}
	return h
}

// projector makes one that has no memory of what others did.
func (h *hub) projector() *projector.Projector { return projectorOf(h.store) }

func projectorOf(s projector.Store) *projector.Projector {
	return projector.New(projector.Options{Store: s, Logger: slog.New(slog.DiscardHandler), SnapshotEvery: 50})
}

// know makes the edge of a class known, with the keys of its people.
func (h *hub) know(c *class) {
	h.t.Helper()
	s := &subject{IngestStore: h.ingest, t: h.t, url: h.url}
	if err := s.AddEdge(context.Background(), ingest.Edge{ID: c.edge, Tenants: []event.ID{c.tenant}}); err != nil {
		h.t.Fatal(err)
	}
	h.write(c, &ingest.Changes{Keys: c.keys.all()})
}

// send ingests events [from, to) of a class.
func (h *hub) send(c *class, from, to int) {
	h.t.Helper()
	if from < to {
		last := &c.events[to-1]
		h.write(c, &ingest.Changes{Events: c.events[from:to], Cursor: &ingest.Cursor{Position: last.Position, Hash: last.Event.Hash}})
	}
}

func (h *hub) write(c *class, changes *ingest.Changes) {
	h.t.Helper()
	ctx := context.Background()
	var store ingest.Store = h.ingest
	if h.nudges != nil {
		store = postgres.Nudging(store, h.nudges)
	}
	err := store.Do(ctx, ingest.Stream{Edge: c.edge, Incarnation: c.incarnation}, func(tx ingest.Tx) error {
		if _, err := tx.Sessions(ctx, []ingest.Ref{{TenantID: c.tenant, SessionID: c.session}}); err != nil {
			return err
		}
		return tx.Write(ctx, changes)
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// catchUp projects all that is behind.
func (h *hub) catchUp(p *projector.Projector) {
	h.t.Helper()
	if err := p.CatchUp(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// dump gives all projected rows of a tenant as text, in order. The version that a consent has in the directory is not of the log.
func (h *hub) dump(tenant event.ID) string {
	h.t.Helper()
	super := as(h.t, h.url, "")
	defer super.Close(context.Background())
	var b strings.Builder
	for _, table := range projector.Tables {
		for _, row := range list[string](h.t, super, "SELECT (to_jsonb(r) - 'version')::text FROM "+table+" AS r WHERE tenant_id = $1 ORDER BY 1", [16]byte(tenant)) {
			b.WriteString(table + " " + row + "\n")
		}
	}
	return b.String()
}

// drop removes all projected rows of a tenant, as nobody but the server's superuser could.
func (h *hub) drop(tenant event.ID) {
	h.t.Helper()
	super := as(h.t, h.url, "")
	defer super.Close(context.Background())
	exec(h.t, super, "DELETE FROM sessions WHERE tenant_id = $1", [16]byte(tenant))
	exec(h.t, super, "DELETE FROM snapshots WHERE tenant_id = $1", [16]byte(tenant))
	exec(h.t, super, "SET session_replication_role = replica")
	exec(h.t, super, "DELETE FROM consents WHERE tenant_id = $1", [16]byte(tenant))
}

// state gives the encoded state of a class at an event.
func (h *hub) state(c *class, upTo int64) string {
	h.t.Helper()
	s, keyless, err := h.states.StateAt(context.Background(), c.tenant, c.session, upTo, 0)
	if err != nil || keyless {
		h.t.Fatal(keyless, err)
	}
	return encode(h.t, s)
}

func encode(t testing.TB, s *session.State) string {
	t.Helper()
	b, err := event.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// goldenClasses runs the scripts of shared/session by the rules.
func goldenClasses(t testing.TB) map[string][]event.Opened {
	t.Helper()
	files, err := filepath.Glob("../../shared/session/testdata/scripts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	out := map[string][]event.Opened{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script, err := classscript.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		rules := classscript.NewRules(script.People)
		if _, err := classscript.Run(script, rules); err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".txtar")] = rules.Log
	}
	return out
}

// goldenDigests reads what every program must fold a golden class to, after each of its events.
func goldenDigests(t testing.TB, name string) (out []event.Hash) {
	t.Helper()
	var v struct{ Steps []struct{ Digest event.Hash } }
	data, err := os.ReadFile("../../shared/session/testdata/vectors/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil || len(v.Steps) == 0 {
		t.Fatal(name, err)
	}
	for _, s := range v.Steps {
		out = append(out, s.Digest)
	}
	return out
}
