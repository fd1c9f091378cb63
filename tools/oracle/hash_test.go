package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestWorkedExample computes the hashes of the worked example in docs/events.md, from the text on that page alone.
func TestWorkedExample(t *testing.T) {
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json file=events.ndjson\n")
	block, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/events.md has no events.ndjson in its worked example")
	}
	var previous []byte
	events := strings.Split(strings.TrimSpace(block), "\n")
	for _, line := range events {
		r, hash := exampleRow(t, line)
		if sum := r.sum(); !bytes.Equal(sum[:], hash) {
			t.Errorf("sequence %d: hash %x, the page says %x", r.sequence, sum, hash)
		}
		if first := genesis(r.tenant, r.session); r.sequence == 1 && !bytes.Equal(first[:], r.previous) {
			t.Errorf("genesis %x, the page says %x", first, r.previous)
		} else if r.sequence > 1 && !bytes.Equal(previous, r.previous) {
			t.Errorf("sequence %d does not follow", r.sequence)
		}
		previous = hash
	}
	if len(events) < 4 {
		t.Errorf("only %d events on the page", len(events))
	}
}

func exampleRow(t *testing.T, line string) (r row, hash []byte) {
	t.Helper()
	var e struct {
		ID, TenantID, SessionID, EventType, ActorID, EdgeID string
		IdempotencyKey, CommandDigest, Salt, PrevHash, Hash string
		Epoch, Sequence, SchemaVersion, CreatedAt           int64
		EventPayload                                        []byte
	}
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		t.Fatal(err)
	}
	raw := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	return row{
		id: raw(e.ID), tenant: raw(e.TenantID), session: raw(e.SessionID), epoch: e.Epoch, sequence: e.Sequence, eventType: e.EventType,
		schemaVersion: e.SchemaVersion, payload: e.EventPayload, actor: raw(e.ActorID), edge: raw(e.EdgeID), createdAt: e.CreatedAt,
		key: e.IdempotencyKey, digest: raw(e.CommandDigest), salt: raw(e.Salt), previous: raw(e.PrevHash),
	}, raw(e.Hash)
}
