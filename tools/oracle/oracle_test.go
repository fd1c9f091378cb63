package main

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A school is a small log with keys and acknowledgements, made by hand, that each test damages in its own way.
type school struct {
	rows []row
	keys [][]byte
	acks []ack
}

func id(n byte) []byte { return append(make([]byte, 15), n) }

// newSchool makes two sessions of four events each, all acknowledged, by one person with one key.
func newSchool() *school {
	s := &school{keys: [][]byte{id(200)}}
	for session := byte(1); session <= 2; session++ {
		previous := genesis(id(9), id(session))
		for n := int64(1); n <= 4; n++ {
			r := row{
				place: 1<<40 + int64(len(s.rows)) + 1, id: id(byte(10*session) + byte(n)), tenant: id(9), session: id(session), epoch: 1, sequence: n,
				eventType: "chat.message", schemaVersion: 1, actor: id(7), edge: id(8), createdAt: 1000 + n, key: fmt.Sprintf("k-%d#1", n),
				payload: fmt.Appendf(nil, `{"content":{"keyId":%q,"nonce":"AA==","ciphertext":"AA=="}}`, uuid(id(200))),
				digest:  make([]byte, 32), salt: make([]byte, 16), previous: append([]byte{}, previous[:]...),
			}
			s.rows = append(s.rows, r)
			previous = s.seal(len(s.rows) - 1)
			s.acks = append(s.acks, ack{Tenant: uuid(r.tenant), Session: uuid(r.session), Sequence: n, Actor: uuid(r.actor),
				Key: fmt.Sprintf("k-%d", n), Hash: hex.EncodeToString(previous[:])})
		}
	}
	return s
}

func (s *school) seal(i int) [32]byte {
	sum := s.rows[i].sum()
	s.rows[i].hash = sum[:]
	return sum
}

// store writes the school as an edge's folder, without the constraints that would refuse its damage, and its
// acknowledgements beside it.
func (s *school) store(t *testing.T) (folder, acks string) {
	t.Helper()
	folder = t.TempDir()
	edge := create(t, folder, "edge.db", `CREATE TABLE session_state_events (place, id, tenant_id, session_id, epoch, sequence, event_type, schema_version,
		event_payload, actor_id, edge_id, created_at, idempotency_key, command_digest, salt, prev_hash, hash)`)
	for _, r := range s.rows {
		if _, err := edge.Exec("INSERT INTO session_state_events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", r.place, r.id, r.tenant, r.session, r.epoch,
			r.sequence, r.eventType, r.schemaVersion, r.payload, r.actor, r.edge, r.createdAt, r.key, r.digest, r.salt, r.previous, r.hash); err != nil {
			t.Fatal(err)
		}
	}
	keys := create(t, folder, "keys.db", "CREATE TABLE person_keys (id); CREATE TABLE destroyed_keys (id)")
	for _, k := range s.keys {
		if _, err := keys.Exec("INSERT INTO person_keys VALUES (?)", k); err != nil {
			t.Fatal(err)
		}
	}
	acks = filepath.Join(folder, "acks")
	var text []byte
	for _, a := range s.acks {
		line, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		text = append(append(text, line...), '\n')
	}
	if err := os.WriteFile(acks, append(text, `{"session":"half a li`...), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder, acks
}

func create(t *testing.T, folder, name, schema string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(schema); err != nil {
		t.Fatal(err)
	}
	return db
}

func (s *school) verdict(t *testing.T) verdict {
	t.Helper()
	folder, acks := s.store(t)
	return answer(request{Data: folder, Acks: []string{acks}, Count: -1})
}

func TestSound(t *testing.T) {
	v := newSchool().verdict(t)
	if !v.clean() || v.Acked != 8 || v.Events != 8 || v.Sessions != 2 || v.Heads[uuid(id(1))] != 4 {
		t.Errorf("%+v", v)
	}
}

// The oracle must see each kind of damage, and call it by its name.
func TestDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(*school)
		found  func(verdict) []string
		want   string
	}{
		{"an acknowledged event is not there", func(s *school) { s.rows = s.rows[:7] }, func(v verdict) []string { return v.Lost }, "sequence 4"},
		{"a session is not there", func(s *school) { s.rows = s.rows[:4] }, func(v verdict) []string { return v.Lost }, "000000000002 sequence 1"},
		{"another event took its place", func(s *school) { s.rows[7].payload = []byte("{}"); s.seal(7) },
			func(v verdict) []string { return v.Lost }, "another event"},
		{"another command took its place", func(s *school) { s.acks[7].Hash, s.rows[7].key = "", "k-5#1"; s.seal(7) },
			func(v verdict) []string { return v.Lost }, "another command"},
		{"a gap", func(s *school) { s.rows = append(s.rows[:5], s.rows[6:]...) }, func(v verdict) []string { return v.Gaps }, "sequence 3 follows a gap"},
		{"a gap at the start", func(s *school) { s.rows = s.rows[1:] }, func(v verdict) []string { return v.Gaps }, "sequence 2 follows a gap"},
		{"a gap in the edge's order", func(s *school) { s.rows[7].place += 5 }, func(v verdict) []string { return v.Gaps }, "edge position 13"},
		{"a sequence twice", func(s *school) { s.rows = append(s.rows, s.rows[7]); s.rows[8].place++ },
			func(v verdict) []string { return v.Doubles }, "sequence 4 is there twice"},
		{"a fact twice", func(s *school) { s.rows[7].key = s.rows[6].key; s.seal(7) }, func(v verdict) []string { return v.Doubles }, `"k-3#1" is at 3`},
		{"a command answered with two places", func(s *school) {
			s.acks[6].Hash, s.acks[7].Hash, s.acks[7].Key, s.rows[7].key = "", "", "k-3", "k-3#2"
			s.seal(7)
		}, func(v verdict) []string { return v.Doubles }, "at 3 and at 4"},
		{"changed content", func(s *school) { s.rows[5].payload = []byte(`{}`) }, func(v verdict) []string { return v.Chain }, "sequence 2: content"},
		{"changed salt", func(s *school) { s.rows[5].salt[3]++ }, func(v verdict) []string { return v.Chain }, "sequence 2: content"},
		{"a chain that was cut", func(s *school) { s.rows[5].payload = []byte(`{}`); s.seal(5) }, func(v verdict) []string { return v.Chain }, "sequence 3: does not follow"},
		{"a key that is not there", func(s *school) { s.keys = nil }, func(v verdict) []string { return v.KeysLost }, "person key"},
		{"a key of an event that nobody was told of", func(s *school) { s.keys, s.acks = nil, s.acks[:1] },
			func(v verdict) []string { return v.KeyOrphan }, "sequence 2: person key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSchool()
			c.damage(s)
			v := s.verdict(t)
			if found := strings.Join(c.found(v), "\n"); v.clean() || !strings.Contains(found, c.want) {
				t.Errorf("want %q, got %+v", c.want, v)
			}
		})
	}
}

func TestCount(t *testing.T) {
	s := newSchool()
	s.rows = s.rows[:7]
	folder, acks := s.store(t)
	for count, lost := range map[int]int{-1: 1, 0: 0, 7: 0, 8: 1, 100: 1} {
		if v := answer(request{Data: folder, Acks: []string{acks}, Count: count}); len(v.Lost) != lost {
			t.Errorf("the first %d lines: %d lost, want %d", count, len(v.Lost), lost)
		}
	}
	if v := answer(request{Data: folder, Acks: []string{acks, acks}, Count: 0}); len(v.Lost) != 1 {
		t.Errorf("the count is of the last file alone: %d lost", len(v.Lost))
	}
	if v := answer(request{Data: folder, Count: -1, Pending: []string{"k-3", "none"}}); v.Pending != 2 {
		t.Errorf("%d commands without an answer are there, want one in each session", v.Pending)
	}
	if v := answer(request{Data: t.TempDir(), Count: -1}); v.Error == "" {
		t.Error("an empty folder passes for a log")
	}
}
