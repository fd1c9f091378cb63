package hub_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/hub/secrets"
	"multistream/shared/event"
	"multistream/shared/eventlog/memlog"
	"multistream/shared/identity"
	"multistream/shared/session"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// box is an edge that holds a class and sends its log.
type box struct {
	t      *testing.T
	demo   identity.Demo
	id     event.ID
	ring   *usedKeys
	state  *session.State
	head   event.Hash
	at     event.Time
	events []wire.Positioned
}

// usedKeys are the keys of people, with those that were used.
type usedKeys struct {
	*memlog.Keys
	used []event.PersonKey
}

func (k *usedKeys) Current(tenant, person event.ID) (event.PersonKey, error) {
	key, err := k.Keys.Current(tenant, person)
	if err == nil && !slices.ContainsFunc(k.used, func(o event.PersonKey) bool { return o.ID == key.ID }) {
		k.used = append(k.used, key)
	}
	return key, err
}

const began = event.Time(1_800_000_000_000)

// hold holds a class of the demo school: it is planned, started, joined and spoken in.
func hold(t *testing.T, edge, id event.ID) *box {
	demo := identity.DemoSchool()
	b := &box{t: t, demo: demo, id: edge, ring: &usedKeys{Keys: memlog.NewKeys()}, state: session.New(id), head: event.Genesis(demo.Tenant.ID, id), at: began}
	tara := session.Actor{UserID: demo.Teacher.ID, Role: "teacher", DisplayName: demo.Teacher.DisplayName}
	sam := session.Actor{UserID: demo.Students[0].ID, Role: "student", DisplayName: demo.Students[0].DisplayName}
	b.give(tara, "session.schedule", &session.SessionSchedule{CourseID: demo.Course.ID, Title: "Light", ScheduledStart: began, ScheduledEnd: began + 3_600_000,
		Staff: []session.PlannedStaff{{UserID: tara.UserID, Role: "teacher"}}})
	b.give(tara, "session.start", &session.SessionStart{})
	b.give(sam, "participant.join", &session.ParticipantJoin{})
	b.give(sam, "chat.send", &session.ChatSend{Content: "hello", To: session.ChatRecipient{Audience: "all"}})
	return b
}

func (b *box) give(actor session.Actor, command string, payload any) {
	b.t.Helper()
	b.at += 1000
	facts, err := session.Decide(b.state, session.Command{Type: command, Key: command, Actor: actor, Now: b.at, Payload: payload})
	if err != nil || len(facts) == 0 {
		b.t.Fatalf("%s: %d facts, %v", command, len(facts), err)
	}
	for i, f := range facts {
		digest := sha256.Sum256([]byte(command))
		e := event.Event{ID: event.NewID(), TenantID: b.demo.Tenant.ID, SessionID: b.state.SessionID, Epoch: 1, Sequence: b.state.Sequence + 1, Type: f.Type, SchemaVersion: 1,
			ActorID: actor.UserID, EdgeID: b.id, CreatedAt: b.at, IdempotencyKey: event.FactKey(command, i+1), CommandDigest: digest[:], PrevHash: b.head}
		copy(e.Salt[:], e.ID[:])
		sealed, err := event.SealCopy(f.Payload, e.Context(), b.ring)
		if err != nil {
			b.t.Fatal(err)
		}
		if e.Payload, err = event.Encode(sealed); err != nil {
			b.t.Fatal(err)
		}
		e.Hash = e.ComputeHash()
		b.head = e.Hash
		b.events = append(b.events, wire.Positioned{Position: int64(len(b.events)) + 1, Event: e})
		session.Apply(b.state, event.Opened{Type: e.Type, Version: 1, Epoch: 1, Sequence: e.Sequence, ActorID: e.ActorID, CreatedAt: e.CreatedAt, Payload: f.Payload})
	}
}

// send gives the log to the hub as an edge does.
func (b *box) send(c *center) {
	t := b.t
	tenant := b.demo.Tenant.ID
	postgrestest.Exec(t, c.cfg.DatabaseURL, tenant, "INSERT INTO edges (id, name) VALUES ($1, 'Box')", [16]byte(b.id))
	postgrestest.Exec(t, c.cfg.DatabaseURL, tenant, "INSERT INTO edge_tenants (tenant_id, edge_id) VALUES ($1, $2)", [16]byte(tenant), [16]byte(b.id))
	kept, err := secrets.Open(c.cfg.SecretFile)
	check(t, err)
	secret, err := kept.Derive("keys of schools", 32)
	check(t, err)
	wrapper, err := postgres.NewKEK(secret)
	check(t, err)
	db, err := postgres.Open(t.Context(), c.cfg.DatabaseURL, postgres.Ingest)
	check(t, err)
	defer db.Close()
	store, err := db.IngestStore(wrapper)
	check(t, err)
	seal, err := wire.NewSealingKey(bytes.Repeat([]byte{4}, 32))
	check(t, err)
	in, err := ingest.New(ingest.Options{Store: store, Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32)), Sealing: seal, Lineage: event.NewID()})
	check(t, err)
	incarnation := event.NewID()
	sealed, err := wire.SealKeys(seal.Public(), b.id, incarnation, b.ring.used)
	check(t, err)
	batch := wire.Batch{Incarnation: incarnation, Events: b.events, Keys: sealed}
	frame, err := wire.Frame{Kind: wire.KindBatch, Level: wire.Level, Number: 1, Body: batch.Append(nil)}.Append(nil)
	check(t, err)
	answer, err := wire.ReadFrame(in.Answer(t.Context(), b.id, frame, event.TimeOf(time.Now())))
	check(t, err)
	if answer.Kind != wire.KindAck {
		refusal, err := wire.ReadRefusal(answer.Body)
		t.Fatalf("the log was not taken: %+v, %v", refusal, err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestHeldClass: a class that a box held and sent is looked at, by who may, and exported with a proof that passes its check.
func TestHeldClass(t *testing.T) {
	c := run(t)
	tara, ada, sam, other := c.signIn("teacher"), c.signIn("admin"), c.signIn("student01"), c.signIn("student02")
	planned := c.send(tara, "POST", "/api/sessions", planText()).want(201)
	id := event.MustID(planned.text("id"))
	hold(t, event.NewID(), id).send(c)
	class := "/api/sessions/" + id.String()
	state := c.send(tara, "GET", class+"/state", "").want(200)
	if !bytes.Contains(state.raw, []byte(`"hello"`)) || state.body["keyless"] != false {
		t.Errorf("state %s", state.raw)
	}
	if before := c.send(tara, "GET", class+"/state?at=2027-01-15T08:00:03Z", "").want(200); bytes.Contains(before.raw, []byte(`"hello"`)) {
		t.Errorf("before it was said: %s", before.raw)
	}
	if seen := c.send(sam, "GET", class+"/state", "").want(200); !bytes.Contains(seen.raw, []byte(`"hello"`)) {
		t.Errorf("seen by who was there: %s", seen.raw)
	}
	c.send(other, "GET", class+"/state", "").want(403, "not_joined")
	if events := c.send(sam, "GET", class+"/events", "").want(200); !bytes.Contains(events.raw, []byte(`"chat.message"`)) || events.body["more"] != false {
		t.Errorf("events %s", events.raw)
	}
	c.send(tara, "PATCH", class, `{"title":"x"}`).want(501, "not_built_yet") // its box has it
	c.send(tara, "POST", class+"/start", "{}").want(501, "not_built_yet")
	c.send(tara, "GET", class+"/log", "").want(403, "forbidden")
	archive := c.send(ada, "GET", class+"/log", "").want(200)
	dir := t.TempDir()
	unpack(t, archive.raw, dir)
	report, err := event.CheckBundle(os.DirFS(dir))
	if err != nil || len(report.Failures) > 0 || report.Manifest.SessionID != id || report.Manifest.Count < 5 {
		t.Errorf("report %+v, %v", report, err)
	}
	if _, err := os.Stat(filepath.Join(dir, event.PersonKeysFile)); err == nil {
		t.Error("people's keys are in it")
	}
}

func unpack(t *testing.T, archive []byte, dir string) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	check(t, err)
	for files := tar.NewReader(unzipped); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		check(t, err)
		content, err := io.ReadAll(files)
		check(t, err)
		check(t, os.WriteFile(filepath.Join(dir, h.Name), content, 0o600))
	}
}
