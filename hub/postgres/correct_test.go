package postgres_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestArtifactsNameEventsThatExist inserts artifacts of ranges that the log has, and does not have.
func TestArtifactsNameEventsThatExist(t *testing.T) {
	t.Parallel()
	_, url, a, _ := schools(t)
	projector := as(t, url, "projector")
	in(t, projector, a)
	artifact := func(session string, from, to int) string {
		return fmt.Sprintf(`INSERT INTO artifacts (tenant_id, session_id, id, artifact_type, stage, pipeline_version, payload, from_sequence, to_sequence, hash, ordinal)
			VALUES (current_tenant(), uid('%s'), gen_random_uuid(), 'note', 'derive', 1, '{}', %d, %d, sha256('x'), %d)`, session, from, to, 10*from+to)
	}
	for _, r := range [][2]int{{1, 3}, {3, 3}, {1, 1}} {
		exec(t, projector, artifact("session", r[0], r[1]))
	}
	for _, r := range [][2]int{{1, 4}, {4, 4}, {0, 2}, {3, 2}} {
		refused(t, projector, artifact("session", r[0], r[1]))
	}
	if got := refused(t, projector, "UPDATE artifacts SET to_sequence = 4 WHERE id = uid('artifact')"); got != "range_exists" {
		t.Errorf("stopped by %s", got)
	}
	if got := refused(t, projector, artifact("purged", 1, 1)); got != "range_exists" {
		t.Errorf("stopped by %s", got)
	}
	// A head does not go back behind what was made of its events.
	owner := as(t, url, "owner")
	in(t, owner, a)
	if got := refused(t, owner, "UPDATE session_heads SET sequence = 2 WHERE session_id = uid('session')"); got != "head_not_behind_artifacts" {
		t.Errorf("stopped by %s", got)
	}
}

// TestReplaysOfSealedLogs publishes replays with each thing missing in turn.
func TestReplaysOfSealedLogs(t *testing.T) {
	t.Parallel()
	_, url, a, _ := schools(t)
	super := as(t, url, "")
	in(t, super, a)
	for name, c := range map[string]struct {
		first     []string // as superuser, without our triggers
		published bool
	}{
		"ended, never recorded":         {nil, true},
		"without an artifact":           {[]string{"DELETE FROM artifacts WHERE tenant_id = current_tenant()"}, true},
		"not ended":                     {[]string{"UPDATE session_heads SET closed_by = '' WHERE session_id = uid('session')"}, false},
		"cancelled":                     {[]string{"UPDATE session_heads SET closed_by = 'session.cancelled' WHERE session_id = uid('session')"}, false},
		"held":                          {[]string{"UPDATE held_sessions SET session_id = uid('session') WHERE tenant_id = current_tenant()"}, false},
		"another owner's suffix held":   {[]string{"UPDATE held_sessions SET session_id = uid('session'), superseded = true WHERE tenant_id = current_tenant()"}, true},
		"recording not final":           {[]string{"UPDATE session_heads SET recorded = true WHERE session_id = uid('session')"}, false},
		"recorded":                      {[]string{"UPDATE session_heads SET recorded = true, finalised = true WHERE session_id = uid('session')"}, true},
		"recorded, without an artifact": {[]string{"UPDATE session_heads SET recorded = true, finalised = true WHERE session_id = uid('session')", "DELETE FROM artifacts WHERE tenant_id = current_tenant()"}, false},
	} {
		exec(t, super, "BEGIN")
		exec(t, super, "SET LOCAL session_replication_role = replica")
		for _, s := range c.first {
			exec(t, super, s)
		}
		exec(t, super, "SET LOCAL session_replication_role = origin")
		exec(t, super, "SET LOCAL ROLE app")
		const publish = "UPDATE replays SET status = 'published', published_at = now() WHERE session_id = uid('session')"
		if c.published {
			exec(t, super, publish)
		} else if got := refused(t, super, publish); got != "replay_sealed" {
			t.Errorf("%s: stopped by %s", name, got)
		}
		exec(t, super, "ROLLBACK")
	}
}

// TestHeadsKnowWhatSealsALog inserts the events that seal a log, as ingest does, and reads what the head says of them.
func TestHeadsKnowWhatSealsALog(t *testing.T) {
	t.Parallel()
	c, url, a, _ := schools(t)
	ingest := as(t, url, "ingest")
	in(t, ingest, a)
	exec(t, ingest, "SELECT set_config('app.edge', uid('edge')::text, false)")
	in(t, c, a)
	insert := func(kind string, opening bool) {
		t.Helper()
		if opening {
			exec(t, c, "SELECT open_heads(current_tenant(), ARRAY[uid('recorded')])")
		}
		exec(t, ingest, `INSERT INTO session_state_events (tenant_id, session_id, sequence, epoch, id, created_at, schema_version, position, incarnation, event_type,
			idempotency_key, command_digest, salt, prev_hash, hash, event_payload)
			SELECT current_tenant(), session_id, sequence + 1, 1, gen_random_uuid(), created_at + 1, 1, 1, gen_random_uuid(), $1,
			convert_to($1 || '#' || sequence, 'UTF8'), '', substr(sha256('s'), 1, 16), hash, sha256(convert_to($1, 'UTF8')), '{}'
			FROM session_heads WHERE session_id = uid('recorded')`, kind)
	}
	said := func() string {
		return one[string](t, c, "SELECT sequence || ' ' || closed_by || ' ' || archived || ' ' || recorded || ' ' || finalised FROM session_heads WHERE session_id = uid('recorded')")
	}
	for i, step := range []struct{ kind, want string }{
		{"session.scheduled", "1  false false false"},
		{"recording.started", "2  false true false"},
		{"session.ended", "3 session.ended false true false"},
		{"recording.finalized", "4 session.ended false true true"},
		{"session.archived", "5 session.ended true true true"},
	} {
		insert(step.kind, i == 0)
		if got := said(); got != step.want {
			t.Errorf("after %s: %s, want %s", step.kind, got, step.want)
		}
	}
}

// TestDestinationsOfOneTenant uses a destination of another tenant, which no role of ours could even name.
func TestDestinationsOfOneTenant(t *testing.T) {
	t.Parallel()
	_, url, a, b := schools(t)
	for _, role := range []string{"app", "owner", ""} {
		c := as(t, url, role)
		in(t, c, a)
		theirs := one[[16]byte](t, c, "SELECT md5($1::text || 'destination')::uuid", b.String())
		const use = "INSERT INTO session_destinations (tenant_id, session_id, destination_id, status) VALUES (current_tenant(), uid('session'), $1, 'enabled')"
		if got := refused(t, c, use, theirs); got != "session_destinations_tenant_id_destination_id_fkey" {
			t.Errorf("%s: stopped by %s", role, got)
		}
	}
}

// TestErasedStayErased erases a person while a key of theirs is on its way, and sends it again afterwards.
func TestErasedStayErased(t *testing.T) {
	t.Parallel()
	_, url, a, _ := schools(t)
	app, ingest := as(t, url, "app"), as(t, url, "ingest")
	in(t, app, a)
	in(t, ingest, a)
	const send = "INSERT INTO person_keys (tenant_id, id, person_id, wrapped, created_at) VALUES (current_tenant(), uid($1), uid('user'), '', 1)"
	tx, err := ingest.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), send, "second key"); err != nil {
		t.Fatal(err)
	}
	erased := make(chan error)
	go func() {
		_, err := app.Exec(t.Context(), "SELECT erase_person(current_tenant(), uid('user'))")
		erased <- err
	}()
	waitBlocked(t, as(t, url, ""))
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-erased; err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, app, "SELECT count(*)::int FROM person_keys"); n != 0 {
		t.Errorf("%d keys are left", n)
	}
	for _, key := range []string{"person key", "second key", "third key"} {
		if got := refused(t, ingest, send, key); got != "key_never_back" {
			t.Errorf("%s: stopped by %s", key, got)
		}
	}
	if n := one[int](t, app, "SELECT count(*)::int FROM destroyed_keys WHERE person_id = uid('user')"); n != 2 {
		t.Errorf("%d ids are listed", n)
	}
}

// waitBlocked waits until some transaction of the database waits for another.
func waitBlocked(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for !one[bool](t, c, "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0)") {
		if t.Context().Err() != nil {
			t.Fatal("nothing waits")
		}
	}
}
