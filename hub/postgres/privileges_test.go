package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"multistream/hub/postgres/postgrestest"
)

// TestPrivilegesOfIngest reads from the catalog all that ingest may do, and compares it with a list. It deletes nothing, updates
// nothing but its cursor, and sees nothing of people but whether a key is known.
func TestPrivilegesOfIngest(t *testing.T) {
	t.Parallel()
	c := as(t, postgrestest.URL(t), "")
	got := list[string](t, c, `
		SELECT c.relname || ' ' || string_agg(lower(a.privilege_type), ' ' ORDER BY a.privilege_type) FROM pg_class c, aclexplode(c.relacl) AS a
		WHERE a.grantee IN ('ingest'::regrole, 0) AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname
		UNION ALL
		SELECT c.relname || '.' || k.attname || ' ' || string_agg(lower(a.privilege_type), ' ' ORDER BY a.privilege_type) FROM pg_class c
		JOIN pg_attribute k ON k.attrelid = c.oid, aclexplode(k.attacl) AS a
		WHERE a.grantee IN ('ingest'::regrole, 0) AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname, k.attname
		UNION ALL
		SELECT 'function ' || p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND has_function_privilege('ingest', p.oid, 'EXECUTE')
		AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
		ORDER BY 1`)
	want := []string{
		"destroyed_keys insert select",
		"edge_signing_keys insert select",
		"edge_tenants select",
		"edges select",
		"erased_people select",
		"function current_edge",
		"function current_tenant",
		"function fact_key",
		"function lock_heads",
		"function next_directory_version",
		"goose_db_version select",
		"held_events insert select",
		"held_sessions insert select",
		"person_keys insert select",
		"receipts insert select",
		"replication_alarms insert",
		"replication_cursors insert select",
		"replication_cursors.aside update",
		"replication_cursors.fenced update",
		"replication_cursors.hash update",
		"replication_cursors.position update",
		"session_heads select",
		"session_state_events insert select",
		"session_state_events_superseded insert select",
		"signed_heads insert select",
		"tenant_keys insert select",
	}
	if !slices.Equal(got, want) {
		t.Errorf("ingest may:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if members := list[string](t, c, "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'ingest'::regrole"); len(members) > 0 {
		t.Errorf("ingest is a member of %v", members)
	}
}

// TestRolesHoldNoSecrets shows that who only reads sees no secret, and that nobody but the projector writes projections.
func TestRolesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	c := as(t, postgrestest.URL(t), "")
	for _, secret := range []string{"users.password_hash", "multistream_destinations.stream_key_ref", "multistream_destinations.oauth_token", "webhooks.secret_ref",
		"person_keys.wrapped", "tenant_keys.wrapped", "refresh_tokens.hash", "enrolment_tokens.hash", "replays.public_token", "integrations.settings"} {
		table, column, _ := strings.Cut(secret, ".")
		for _, role := range []string{"reader", "ingest", "finder"} {
			known := role == "ingest" && (table == "person_keys" || table == "tenant_keys") || role == "finder" && table == "replays" // the hash of a link, to find its tenant
			if one[bool](t, c, "SELECT has_column_privilege($1, $2, $3, 'SELECT')", role, table, column) != known {
				t.Errorf("%s reads %s: %v", role, secret, !known)
			}
		}
	}
	for _, role := range []string{"app", "reader", "ingest", "finder"} {
		for _, table := range []string{"sessions", "chat_messages", "polls", "analytics_attendance", "snapshots"} {
			if one[bool](t, c, "SELECT has_table_privilege($1, $2, 'INSERT, UPDATE, DELETE')", role, table) {
				t.Errorf("%s writes %s, which the projector makes of the log", role, table)
			}
		}
	}
	for _, role := range []string{"app", "reader", "ingest", "projector", "finder"} {
		for _, table := range []string{"session_state_events", "session_state_events_superseded", "held_events", "audit_log", "receipts", "tombstones", "session_heads"} {
			if one[bool](t, c, "SELECT has_table_privilege($1, $2, 'UPDATE, DELETE, TRUNCATE')", role, table) {
				t.Errorf("%s may change %s", role, table)
			}
		}
	}
}
