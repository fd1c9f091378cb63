package sqlite

import (
	"context"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/eventlog/eventlogtest"
)

// What the schema itself refuses, asked without any of our code in between.
func TestSchemaKeepsTheLog(t *testing.T) {
	ctx, s, c := context.Background(), open(t, t.TempDir()), eventlogtest.NewChain(event.NewID())
	c.Epoch = 2
	all := c.Several(4)
	if err := appendOne(s, c, all...); err != nil {
		t.Fatal(err)
	}
	other := eventlogtest.NewChain(c.Tenant)
	if err := s.SaveSignedHead(ctx, event.HeadOf(&all[3])); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveReceipt(ctx, event.Receipt{Head: event.HeadOf(&all[3]), ReceivedAt: 5}); err != nil {
		t.Fatal(err)
	}
	place := int64(1<<40 + 100)
	row := func(change func(*event.Event)) []any {
		e := c.Peek(change)
		place++
		return append([]any{place}, appendRow(nil, &e)...)
	}
	into := "INTO session_state_events (place, " + eventColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	for name, statement := range map[string]struct {
		sql  string
		args []any
		want string
	}{
		"update":                  {"UPDATE session_state_events SET event_type = 'x'", nil, "never changed"},
		"update of the same":      {"UPDATE OR IGNORE session_state_events SET salt = salt WHERE sequence = 1", nil, "never changed"},
		"delete":                  {"DELETE FROM session_state_events", nil, "never deleted"},
		"delete the last":         {"DELETE FROM session_state_events WHERE sequence = 4", nil, "never deleted"},
		"replace by sequence":     {"INSERT OR REPLACE " + into, row(func(e *event.Event) { e.Sequence = 4 }), "does not follow"},
		"replace by key":          {"INSERT OR REPLACE " + into, row(func(e *event.Event) { e.IdempotencyKey = all[0].IdempotencyKey }), "never deleted"},
		"replace by place":        {"INSERT OR REPLACE " + into, append([]any{int64(1<<40 + 1)}, row(func(*event.Event) {})[1:]...), "never deleted"},
		"a gap":                   {"INSERT " + into, row(func(e *event.Event) { e.Sequence = 6 }), "does not follow"},
		"again":                   {"INSERT " + into, row(func(e *event.Event) { e.Sequence = 4 }), "does not follow"},
		"a first again":           {"INSERT " + into, row(func(e *event.Event) { e.Sequence = 1 }), "UNIQUE"},
		"a lower epoch":           {"INSERT " + into, row(func(e *event.Event) { e.Epoch = 1 }), "does not follow"},
		"an earlier time":         {"INSERT " + into, row(func(e *event.Event) { e.CreatedAt = 1 }), "does not follow"},
		"another chain":           {"INSERT " + into, row(func(e *event.Event) { e.PrevHash[0] ^= 1 }), "does not follow"},
		"a key again":             {"INSERT " + into, row(func(e *event.Event) { e.IdempotencyKey = all[0].IdempotencyKey }), "UNIQUE"},
		"another tenant":          {"INSERT " + into, row(func(e *event.Event) { e.TenantID = event.NewID() }), "does not follow"},
		"another tenant's first":  {"INSERT " + into, row(func(e *event.Event) { e.TenantID, e.Sequence = event.NewID(), 1 }), "UNIQUE"},
		"not from the first":      {"INSERT " + into, row(func(e *event.Event) { e.SessionID = other.Session }), "does not follow"},
		"head":                    {"DELETE FROM session_heads", nil, "purge alone"},
		"signed head":             {"UPDATE signed_heads SET sequence = 1", nil, "never changed"},
		"signed head gone":        {"DELETE FROM signed_heads", nil, "never deleted"},
		"receipt":                 {"UPDATE receipts SET received_at = 1", nil, "never changed"},
		"receipt gone":            {"DELETE FROM receipts", nil, "never deleted"},
		"purging left open":       {"INSERT INTO purging (tenant_id, session_id) VALUES (X'01', X'02')", nil, "FOREIGN KEY"},
		"purging without a stone": {"INSERT INTO purging (tenant_id, session_id) SELECT tenant_id, session_id FROM session_heads; DELETE FROM session_state_events", nil, "never deleted"},
	} {
		ctx := context.Background()
		if _, err := s.writer.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
			t.Fatal(err)
		}
		_, err := s.writer.conn.ExecContext(ctx, statement.sql, statement.args...)
		if err == nil {
			_, err = s.writer.conn.ExecContext(ctx, "COMMIT")
		}
		if err == nil || !strings.Contains(err.Error(), statement.want) {
			t.Errorf("%s: got %v, want %q", name, err, statement.want)
		}
		_, _ = s.writer.conn.ExecContext(ctx, "ROLLBACK") // of what is left, if anything
		wantRows(t, s, c, all)
	}
	next := c.Next()
	if err := appendOne(s, c, next); err != nil {
		t.Fatal(err)
	}
	wantRows(t, s, c, append(all, next))
}
