package wire

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"multistream/shared/event"
)

func id(n byte) event.ID {
	i := event.MustID("0190a7c8-5e2b-7cc0-8000-000000000000")
	i[15] = n
	return i
}

func sampleEvent(position int64) Positioned {
	e := event.Event{ID: id(byte(position)), TenantID: id(100), SessionID: id(101), Epoch: 1, Sequence: position, Type: event.TypeChatMessage, SchemaVersion: 1,
		Payload: []byte(`{"content":"√2"}`), ActorID: id(102), EdgeID: id(103), CreatedAt: 1795422755250, IdempotencyKey: "msg-1#1",
		CommandDigest: bytes.Repeat([]byte{9}, 32), Salt: [16]byte{1, 2}, PrevHash: event.Hash{3}}
	if position == 2 { // of the system
		e.ActorID, e.CommandDigest, e.Payload = event.ID{}, nil, []byte{}
	}
	e.Hash = e.ComputeHash()
	return Positioned{position, e}
}

func sampleHead() event.Head {
	return event.Head{TenantID: id(100), SessionID: id(101), Epoch: 1, Sequence: 2, Hash: event.Hash{5}, EdgeID: id(103), KeyID: id(104), Signature: bytes.Repeat([]byte{6}, 64)}
}

type message interface{ Append([]byte) []byte }

// samples are one message of each kind with everything in it, by the name of its golden file.
func samples() map[string]message {
	head := sampleHead()
	unsigned := head
	unsigned.KeyID, unsigned.Signature = event.ID{}, nil
	return withPull(map[string]message{
		"hello": &Hello{Oldest: 1, Newest: 1, Edge: id(103), Incarnation: id(105), Current: id(106), Last: 70, Confirmed: 60, Lineage: id(107),
			Keys: []ed25519.PublicKey{bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)}},
		"welcome": &Welcome{Level: 1, Lineage: id(107), UpTo: 60, Hash: event.Hash{4}, Aside: 3, Time: 1795422755250, Events: 2000, Bytes: 1 << 20,
			HubKey: bytes.Repeat([]byte{1}, 32), SealKey: bytes.Repeat([]byte{2}, 32), Signed: bytes.Repeat([]byte{3}, 64)},
		"batch": &Batch{Incarnation: id(105), After: 1, AfterHash: event.Hash{4}, Events: []Positioned{sampleEvent(2), sampleEvent(5)},
			Keys: []byte("sealed"), Without: []KeyRef{{id(100), id(108)}}, Heads: []event.Head{head}},
		"ack": &Ack{Incarnation: id(105), UpTo: 5, Hash: event.Hash{4}, Aside: 1, Heads: []event.Head{unsigned},
			Receipts: []event.Receipt{{Head: head, ReceivedAt: 1795422760000}}, Held: []Held{{id(100), id(101), 3, "it does not fit"}}},
		"refusal": &Refusal{Code: WantKeys, UpTo: 60, Wait: 1000, Oldest: 1, Newest: 1, Keys: []KeyRef{{id(100), id(108)}}, Why: "no keys"},
	})
}

// readers take each kind apart and give it back as it was read.
var readers = map[string]func([]byte) (message, error){
	"hello":   func(b []byte) (message, error) { m, err := ReadHello(b); return &m, err },
	"welcome": func(b []byte) (message, error) { m, err := ReadWelcome(b); return &m, err },
	"batch":   func(b []byte) (message, error) { m, err := ReadBatch(b); return &m, err },
	"ack":     func(b []byte) (message, error) { m, err := ReadAck(b); return &m, err },
	"refusal": func(b []byte) (message, error) { m, err := ReadRefusal(b); return &m, err },
	"look":    func(b []byte) (message, error) { m, err := ReadLook(b); return &m, err },
	"schools": func(b []byte) (message, error) { m, err := ReadSchools(b); return &m, err },
	"ask":     func(b []byte) (message, error) { m, err := ReadAsk(b); return &m, err },
	"page":    func(b []byte) (message, error) { m, err := ReadPage(b); return &m, err },
}

// TestGolden: the bytes of level 1 are those of testdata for ever. WIRE_GOLDEN=write writes files that are not there yet.
func TestGolden(t *testing.T) {
	for name, m := range samples() {
		file := filepath.Join("testdata", "level1-"+name+".hex")
		body := m.Append(nil)
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) && os.Getenv("WIRE_GOLDEN") == "write" {
			text = []byte(hex.EncodeToString(body) + "\n")
			err = os.WriteFile(file, text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		want, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(body, want) {
			t.Errorf("%s is written as\n%x, not as\n%x", name, body, want)
		}
		back, err := readers[name](want)
		if err != nil || !reflect.DeepEqual(back, m) {
			t.Errorf("%s is read as %+v, %v", name, back, err)
		}
	}
}

// TestGoldenFrame: a frame written by the first program of level 1 is read for ever, whatever compresses later.
func TestGoldenFrame(t *testing.T) {
	const written = "4d5353310300010000000000000007"
	f := Frame{Kind: KindBatch, Level: 1, Number: 7, Body: samples()["batch"].Append(nil)}
	b, err := f.Append(nil)
	if err != nil || hex.EncodeToString(b[:15]) != written {
		t.Fatalf("%x, %v", b[:15], err)
	}
	file := filepath.Join("testdata", "level1-frame.hex")
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("WIRE_GOLDEN") == "write" {
		text = []byte(hex.EncodeToString(b) + "\n")
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	stored, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFrame(stored); err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("read %+v, %v", got, err)
	}
}

// TestStrict: a message that is cut off, goes on, or has a field that it may not have is malformed.
func TestStrict(t *testing.T) {
	for name, m := range samples() {
		body := m.Append(nil)
		for n := range body {
			if _, err := readers[name](body[:n]); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s cut to %d bytes: %v", name, n, err)
			}
		}
		if _, err := readers[name](append(body, 0)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s with a byte more: %v", name, err)
		}
	}
	for name, change := range map[string]func(*Batch){
		"position twice":     func(b *Batch) { b.Events[1].Position = 2 },
		"position done":      func(b *Batch) { b.Events[0].Position = 1 },
		"position below 0":   func(b *Batch) { b.After, b.Events = -1, nil },
		"type of no text":    func(b *Batch) { b.Events[0].Event.Type = "a\x00" },
		"key of no text":     func(b *Batch) { b.Events[0].Event.IdempotencyKey = "\xff" },
		"type too long":      func(b *Batch) { b.Events[0].Event.Type = strings.Repeat("a", 256) },
		"no school":          func(b *Batch) { b.Events[0].Event.TenantID = event.ID{} },
		"no id":              func(b *Batch) { b.Events[0].Event.ID = event.ID{} },
		"payload too long":   func(b *Batch) { b.Events[0].Event.Payload = make([]byte, event.MaxPayload+1) },
		"digest too long":    func(b *Batch) { b.Events[0].Event.CommandDigest = make([]byte, 65) },
		"no incarnation":     func(b *Batch) { b.Incarnation = event.ID{} },
		"a key without name": func(b *Batch) { b.Without[0].KeyID = event.ID{} },
	} {
		m := samples()["batch"].(*Batch)
		change(m)
		if _, err := ReadBatch(m.Append(nil)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A count that can't be true makes no room.
	huge := append(append(make([]byte, 0, 100), make([]byte, 15)...), 1)
	huge = append(huge, make([]byte, 40)...)
	huge = append(huge, 0, 0, 0x13, 0x88) // 5,000 events
	if _, err := ReadBatch(huge); !errors.Is(err, ErrMalformed) {
		t.Errorf("5,000 events in no bytes: %v", err)
	}
}

func TestFrameBounds(t *testing.T) {
	if _, err := (Frame{Body: make([]byte, MaxBody+1)}).Append(nil); err == nil {
		t.Error("a body that is too large was framed")
	}
	largest, err := (Frame{Kind: KindBatch, Level: 1, Body: make([]byte, MaxBody)}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := ReadFrame(largest); err != nil || len(f.Body) != MaxBody {
		t.Errorf("the largest body: %d bytes, %v", len(f.Body), err)
	}
	// What grows beyond what it says is stopped before it has grown.
	bomb := encoder.EncodeAll(make([]byte, 64<<20), append([]byte(nil), largest[:frameSize]...))
	if _, err := ReadFrame(bomb); !errors.Is(err, ErrCorrupt) {
		t.Errorf("64 MiB in %d bytes: %v", len(bomb), err)
	}
}

func TestAgree(t *testing.T) {
	for _, c := range []struct {
		oldest, newest, level uint16
		ok                    bool
	}{{1, Level, Level, true}, {1, Level + 5, Level, true}, {Level + 1, Level + 5, 0, false}, {0, OldestLevel - 1, 0, false}, {3, 2, 0, false}} {
		if level, ok := Agree(c.oldest, c.newest); ok != c.ok || ok && level != c.level {
			t.Errorf("levels %d to %d: %d, %v", c.oldest, c.newest, level, ok)
		}
	}
	for i, h := range History {
		if int(h.Level) != i+1 || len(h.Since) != len("2026-11-28") || h.What == "" {
			t.Errorf("history %d: %+v", i, h)
		}
	}
	if History[len(History)-1].Level != Level {
		t.Error("the newest level has no line in the history")
	}
}

func TestSealing(t *testing.T) {
	hub, err := NewSealingKey(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		t.Fatal(err)
	}
	keys := []event.PersonKey{{ID: id(1), TenantID: id(100), PersonID: id(3), Secret: [32]byte{5}, CreatedAt: 7}, {ID: id(2), TenantID: id(100), PersonID: id(4), CreatedAt: -7}}
	sealed, err := SealKeys(hub.Public(), id(103), id(105), keys)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, keys[0].Secret[:]) || bytes.Contains(sealed, id(3).Bytes()) {
		t.Error("it can be read on the way")
	}
	if got, err := hub.OpenKeys(id(103), id(105), sealed); err != nil || !reflect.DeepEqual(got, keys) {
		t.Errorf("opened %+v, %v", got, err)
	}
	other, err := NewSealingKey(bytes.Repeat([]byte{6}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() ([]event.PersonKey, error){
		"another hub":         func() ([]event.PersonKey, error) { return other.OpenKeys(id(103), id(105), sealed) },
		"another edge":        func() ([]event.PersonKey, error) { return hub.OpenKeys(id(1), id(105), sealed) },
		"another incarnation": func() ([]event.PersonKey, error) { return hub.OpenKeys(id(103), id(1), sealed) },
		"a byte less":         func() ([]event.PersonKey, error) { return hub.OpenKeys(id(103), id(105), sealed[:len(sealed)-1]) },
		"almost nothing":      func() ([]event.PersonKey, error) { return hub.OpenKeys(id(103), id(105), []byte{1}) },
	} {
		if got, err := open(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// A key that was sealed by the first program of level 1 opens for ever: RFC 9180, not this program, says how.
	const early = "f342e4e0733cd05450d53c29c1a8256494a97a8ed71360dcb69ae5fc6006891a748f76f221b5f0701cfee7a21b6312fa14e09b977cd8609da2fec97c91f6442baa0645961a8e8b59258363a1883eb12a28ffba9043b1a5d800f930b81221827a83194598cbe21782a7b7cf070b22190def4ef4844cce2d190ad94ffe47606211bed4af81f1a86bad3d89d1583979e589b1c36b541a1667daad6fbc9a8c1726e684dcac5f6dd024a1d52a1eb81f0bc90deeb9cfa914f73a1ecef7787fe320825c0305f154c522bb49058615dbfc4ab5799828fd02b25dc10c524643b5c91b6abc69cdce66"
	blob, err := hex.DecodeString(early)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := hub.OpenKeys(id(103), id(105), blob); err != nil || !reflect.DeepEqual(got, keys) {
		t.Errorf("opened %+v, %v; sealed now: %x", got, err, sealed)
	}
	if none, err := SealKeys(hub.Public(), id(1), id(2), nil); err != nil || none != nil {
		t.Errorf("no keys are %x, %v", none, err)
	}
}

func TestVerifyHub(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	public := key.Public().(ed25519.PublicKey)
	w := Welcome{Lineage: id(1), HubKey: public, SealKey: bytes.Repeat([]byte{1}, 32)}
	w.Signed = ed25519.Sign(key, SealStatement(w.Lineage, w.SealKey))
	if err := w.VerifyHub(public); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Welcome){
		"key":     func(w *Welcome) { w.HubKey = bytes.Repeat([]byte{8}, 32) },
		"seal":    func(w *Welcome) { w.SealKey = bytes.Repeat([]byte{8}, 32) },
		"lineage": func(w *Welcome) { w.Lineage = id(2) },
	} {
		other := w
		change(&other)
		if err := other.VerifyHub(public); err == nil {
			t.Errorf("another %s was not noticed", name)
		}
	}
}

func TestClip(t *testing.T) {
	long := strings.Repeat("a", maxSentence-1) + "√2"
	r := Refusal{Code: Later, Why: long}
	got, err := ReadRefusal(r.Append(nil))
	if err != nil || got.Why != long[:maxSentence-1] {
		t.Errorf("%d bytes, %v", len(got.Why), err)
	}
}
