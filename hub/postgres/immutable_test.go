package postgres_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestNothingOfTheLogChanges tries, as who owns the tables, what their triggers refuse to everybody.
func TestNothingOfTheLogChanges(t *testing.T) {
	t.Parallel()
	c, url, a, _ := schools(t)
	super := as(t, url, "")
	in(t, super, a)
	in(t, c, a)
	part := one[string](t, super, "SELECT tableoid::regclass::text FROM session_state_events WHERE tenant_id = $1 LIMIT 1", [16]byte(a))
	for who, conn := range map[string]*pgx.Conn{"owner": c, "superuser": super} {
		for _, statement := range []string{
			"UPDATE session_state_events SET event_payload = '{}'",
			"UPDATE " + part + " SET epoch = 2",
			"DELETE FROM session_state_events",
			"DELETE FROM " + part,
			"TRUNCATE session_state_events CASCADE",
			"TRUNCATE " + part,
			"INSERT INTO " + part + " SELECT * FROM " + part,
			"UPDATE session_state_events_superseded SET epoch = 2",
			"DELETE FROM session_state_events_superseded",
			"TRUNCATE session_state_events_superseded",
			"UPDATE held_events SET epoch = 2",
			"DELETE FROM held_events",
			"UPDATE receipts SET received_at = 0",
			"DELETE FROM receipts",
			"DELETE FROM signed_heads",
			"UPDATE tombstones SET reason = 'x'",
			"DELETE FROM tombstones",
			"UPDATE audit_log SET details = 'x'",
			"DELETE FROM audit_log",
			"TRUNCATE audit_log",
			"DELETE FROM destroyed_keys",
			"DELETE FROM erased_people",
			"UPDATE session_ownership SET edge_id = edge_id",
		} {
			if got := refused(t, conn, statement); got != "23001" { // restrict_violation
				t.Errorf("%s as %s: stopped by %s", statement, who, got)
			}
		}
	}
}

// follow inserts an event as ingest would, without the code of ingest.
const follow = `INSERT INTO session_state_events (tenant_id, session_id, sequence, epoch, id, created_at, schema_version, position, incarnation, event_type,
	idempotency_key, command_digest, salt, prev_hash, hash, event_payload)
	SELECT current_tenant(), h.session_id, h.sequence + %s, h.epoch + %s, gen_random_uuid(), h.created_at + %s, 1, 1, gen_random_uuid(), 'recording.failed',
	%s, '', substr(sha256('s'), 1, 16), %s, sha256('next'), '{}' FROM session_heads h WHERE h.session_id = uid('session')`

// TestLogFollows inserts what does not follow the end of its session: the database itself refuses it.
func TestLogFollows(t *testing.T) {
	t.Parallel()
	c, url, a, _ := schools(t)
	ingest := as(t, url, "ingest")
	in(t, ingest, a)
	exec(t, ingest, "SELECT set_config('app.edge', uid('edge')::text, false)")
	in(t, c, a)
	for name, s := range map[string]struct{ statement, want string }{
		"a gap":                            {fmt.Sprintf(follow, "2", "0", "1", "'x'", "h.hash"), "events_follow"},
		"another hash":                     {fmt.Sprintf(follow, "1", "0", "1", "'x'", "sha256('y')"), "events_follow"},
		"a lower epoch":                    {fmt.Sprintf(follow, "1", "-1", "1", "'x'", "h.hash"), "check"},
		"an older time":                    {fmt.Sprintf(follow, "1", "0", "-1", "'x'", "h.hash"), "events_follow"},
		"a purged session":                 {"INSERT INTO session_state_events SELECT tenant_id, uid('purged'), 1, 1, gen_random_uuid(), NULL, NULL, 1, 1, 1, incarnation, 'x', 'x', '', salt, prev_hash, hash, '' FROM session_state_events LIMIT 1", "head_not_purged"},
		"no first one":                     {"INSERT INTO session_state_events SELECT tenant_id, uid('new'), 2, 1, gen_random_uuid(), NULL, NULL, 1, 1, 1, incarnation, 'x', 'x', '', salt, prev_hash, hash, '' FROM session_state_events LIMIT 1", "events_follow"},
		"a false first":                    {"INSERT INTO session_state_events SELECT tenant_id, uid('new'), 1, 1, gen_random_uuid(), NULL, NULL, 1, 1, 1, incarnation, 'x', 'x', '', salt, prev_hash, hash, '' FROM session_state_events LIMIT 1", "events_follow"},
		"two of which one does not follow": {"INSERT INTO session_state_events SELECT tenant_id, session_id, sequence + n, epoch, gen_random_uuid(), NULL, NULL, created_at, 1, 1, uid('i'), 'x', convert_to('k' || n, 'UTF8'), '', substr(sha256('s'), 1, 16), hash, sha256('z'), '' FROM session_heads, generate_series(1, 2) AS n WHERE session_id = uid('session')", "events_follow"},
	} {
		if got := refused(t, ingest, s.statement); got != s.want && (s.want != "check" || got == "") {
			t.Errorf("%s: stopped by %s", name, got)
		}
	}
	if n := one[int](t, c, "SELECT count(*)::int FROM session_state_events"); n != 3 {
		t.Errorf("the log has %d events", n)
	}
	exec(t, ingest, fmt.Sprintf(follow, "1", "0", "1", "'x'", "h.hash"))
	if got := one[string](t, c, "SELECT sequence || closed_by FROM session_heads WHERE session_id = uid('session')"); got != "4session.ended" {
		t.Errorf("head is %s", got)
	}
}

// TestPurge removes a whole session that is over, by the one door; its tombstone stays and its id is used no more.
func TestPurge(t *testing.T) {
	t.Parallel()
	c, url, a, b := schools(t)
	app := as(t, url, "app")
	in(t, app, a)
	in(t, c, a)
	session := one[[16]byte](t, app, "SELECT uid('session')")
	in(t, app, b)
	refused(t, app, "SELECT purge_session($1, 'retention')", session)
	in(t, app, a)
	exec(t, app, "SELECT purge_session($1, 'retention')", session)
	for _, table := range []string{"session_state_events", "session_state_events_superseded", "session_heads", "snapshots", "artifacts", "replays", "sessions", "chat_messages", "analytics_polls"} {
		if n := one[int](t, c, "SELECT count(*)::int FROM "+table); n != 0 {
			t.Errorf("%s has %d rows of the purged session", table, n)
		}
	}
	if n := one[int](t, c, "SELECT event_count::int FROM tombstones WHERE session_id = $1", session); n != 3 {
		t.Errorf("the tombstone says %d events", n)
	}
	for _, kept := range []string{"receipts", "signed_heads"} {
		if n := one[int](t, c, "SELECT count(*)::int FROM "+kept); n != 1 {
			t.Errorf("%d %s are left", n, kept)
		}
	}
	in(t, c, b)
	if n := one[int](t, c, "SELECT count(*)::int FROM session_state_events"); n != 3 {
		t.Errorf("the other tenant's log has %d events", n)
	}
}
