package postgres_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
)

// withoutTenant are the tables that belong to no tenant, each with its reason.
var withoutTenant = map[string]string{
	"goose_db_version":    "which steps of the schema were applied",
	"edges":               "a box may serve several tenants: edge_tenants says which, and who may see it",
	"replication_cursors": "a stream of a box has events of all tenants that it serves; held to the box",
	"edge_signing_keys":   "of a box; held to the box",
	"hub":                 "the lineage of the database itself",
}

// parts are the partitions of the log: they are reached through it, and hold what it holds.
const parts = "session_state_events_"

func tablesWithTenant(t *testing.T, c *pgx.Conn) []string {
	t.Helper()
	all := list[string](t, c, `SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname`)
	var out []string
	for _, name := range all {
		key := "tenant_id"
		if name == "tenants" {
			key = "id"
		}
		has := one[bool](t, c, `SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2 AND NOT attisdropped)`, name, key)
		if has == (withoutTenant[name] != "") {
			t.Errorf("%s: has a tenant: %v; add it to the tables without one with a reason, or give it one", name, has)
		}
		if has {
			out = append(out, name)
		}
	}
	if len(out) < 50 {
		t.Fatalf("only %d tables", len(out))
	}
	return out
}

// schools makes two tenants with a row in every table, and gives a connection as owner.
func schools(t *testing.T) (c *pgx.Conn, url string, a, b event.ID) {
	t.Helper()
	url, a, b = postgrestest.URL(t), event.NewID(), event.NewID()
	exec(t, as(t, url, ""), `CREATE FUNCTION uid(name text) RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT md5(current_tenant()::text || name)::uuid $$`)
	exec(t, as(t, url, ""), "GRANT EXECUTE ON FUNCTION uid(text) TO PUBLIC")
	text, err := os.ReadFile("testdata/school.sql")
	if err != nil {
		t.Fatal(err)
	}
	c = as(t, url, "owner")
	for _, tenant := range []event.ID{a, b} {
		in(t, c, tenant)
		exec(t, c, string(text))
	}
	return c, url, a, b
}

// TestRowSecurityOfEveryTable reads the catalog: no table with a tenant is without row-level security, forced, and a policy; no
// reference between such tables leaves the tenant out.
func TestRowSecurityOfEveryTable(t *testing.T) {
	t.Parallel()
	c := as(t, postgrestest.URL(t), "")
	for _, name := range tablesWithTenant(t, c) {
		if !one[bool](t, c, "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = $1::regclass", name) {
			t.Errorf("%s: row-level security is not forced", name)
		}
		if one[int](t, c, "SELECT count(*)::int FROM pg_policy WHERE polrelid = $1::regclass", name) == 0 {
			t.Errorf("%s has no policy", name)
		}
		if owner := one[string](t, c, "SELECT relowner::regrole::text FROM pg_class WHERE oid = $1::regclass", name); owner != "owner" {
			t.Errorf("%s belongs to %s", name, owner)
		}
	}
	for _, broken := range list[string](t, c, `SELECT conrelid::regclass || '.' || conname FROM pg_constraint k
		WHERE contype = 'f' AND confrelid <> 'tenants'::regclass
		AND EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = confrelid AND attname = 'tenant_id')
		AND NOT EXISTS (SELECT 1 FROM unnest(conkey, confkey) AS p (here, there)
			JOIN pg_attribute h ON h.attrelid = conrelid AND h.attnum = here AND h.attname = 'tenant_id'
			JOIN pg_attribute f ON f.attrelid = confrelid AND f.attnum = there AND f.attname = 'tenant_id')`) {
		t.Errorf("reference %s does not include the tenant", broken)
	}
	for role, above := range map[string]bool{"owner": false, "app": false, "ingest": false, "projector": false, "reader": false, "finder": false} {
		if one[bool](t, c, "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcanlogin OR rolinherit FROM pg_roles WHERE rolname = $1", role) != above {
			t.Errorf("%s has a power that no role of ours has", role)
		}
	}
}

// TestCrossingEveryTable tries to reach the rows of one tenant in the name of another, in every table, as who owns them.
func TestCrossingEveryTable(t *testing.T) {
	t.Parallel()
	c, url, a, b := schools(t)
	super := as(t, url, "")
	for _, name := range tablesWithTenant(t, super) {
		key := "tenant_id"
		if name == "tenants" {
			key = "id"
		}
		part := strings.HasPrefix(name, parts) && name != parts+"superseded"
		count := func() int64 {
			return one[int64](t, super, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s = $1", name, key), [16]byte(a))
		}
		before := count()
		if before == 0 && !part {
			t.Errorf("%s has no row of the first tenant: add one to testdata/school.sql", name)
			continue
		}
		in(t, c, b)
		if n := one[int64](t, c, fmt.Sprintf("SELECT count(*) FROM %s WHERE %s <> $1", name, key), [16]byte(b)); n != 0 {
			t.Errorf("%s: %d rows of another tenant are seen", name, n)
		}
		for _, statement := range []string{
			fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s = '%s'", name, key, key, key, a),
			fmt.Sprintf("DELETE FROM %s WHERE %s = '%s'", name, key, a),
			fmt.Sprintf("UPDATE %s SET %s = '%s'", name, key, a), // gives own rows away
		} {
			tag, err := c.Exec(context.Background(), statement)
			if err == nil && tag.RowsAffected() != 0 {
				t.Errorf("%s: touched %d rows", statement, tag.RowsAffected())
			}
		}
		copyOf := fmt.Sprintf("INSERT INTO %s SELECT (jsonb_populate_record(NULL::%s, $1)).*", name, name)
		if name == "replication_alarms" {
			copyOf = strings.Replace(copyOf, " SELECT", " OVERRIDING SYSTEM VALUE SELECT", 1)
		}
		for _, row := range list[[]byte](t, super, fmt.Sprintf("SELECT to_jsonb(r) FROM %s r WHERE %s = $1 LIMIT 1", name, key), [16]byte(a)) {
			refused(t, c, copyOf, string(row))
		}
		if after := count(); after != before {
			t.Errorf("%s: the first tenant had %d rows, and has %d", name, before, after)
		}
		in(t, c, event.ID{})
		if n := one[int64](t, c, "SELECT count(*) FROM "+name); n != 0 {
			t.Errorf("%s: %d rows are seen in nobody's name", name, n)
		}
	}
}

// TestReferencesIntoAnotherTenant points every reference of a row at another tenant's row.
func TestReferencesIntoAnotherTenant(t *testing.T) {
	t.Parallel()
	_, url, a, b := schools(t)
	super := as(t, url, "")
	type reference struct {
		Name, Table, Target string
		Columns, Targets    []string
	}
	rows, err := super.Query(context.Background(), `SELECT conname::text AS name, conrelid::regclass::text AS table, confrelid::regclass::text AS target,
		ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS k (n, i) JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY i) AS columns,
		ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY AS k (n, i) JOIN pg_attribute ON attrelid = confrelid AND attnum = n ORDER BY i) AS targets
		FROM pg_constraint WHERE contype = 'f' AND confrelid <> 'tenants'::regclass AND conparentid = 0`)
	if err != nil {
		t.Fatal(err)
	}
	references, err := pgx.CollectRows(rows, pgx.RowToStructByPos[reference])
	if err != nil || len(references) < 20 {
		t.Fatalf("%d references, %v", len(references), err)
	}
	tried := 0
	for _, r := range references {
		if !slices.Contains(r.Columns, "tenant_id") {
			continue // to a table without a tenant
		}
		var set []string
		for i, column := range r.Columns {
			if column != "tenant_id" {
				set = append(set, fmt.Sprintf("%s = (SELECT %s FROM %s WHERE tenant_id = '%s' LIMIT 1)", column, r.Targets[i], r.Target, a))
			}
		}
		// As the superuser, who sees both tenants, with no trigger but that of the references, and nothing else in the way.
		statement := fmt.Sprintf("UPDATE %s SET %s WHERE tenant_id = '%s'", r.Table, strings.Join(set, ", "), b)
		exec(t, super, "BEGIN")
		exec(t, super, "SET LOCAL session_replication_role = replica")
		for _, child := range list[string](t, super, "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND confrelid = $1::regclass", r.Table) {
			exec(t, super, "DELETE FROM "+child)
		}
		exec(t, super, fmt.Sprintf("DELETE FROM %s WHERE tenant_id = '%s'", r.Table, a))
		exec(t, super, "SET LOCAL session_replication_role = origin")
		for _, trigger := range list[string](t, super, "SELECT tgname::text FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal", r.Table) {
			exec(t, super, fmt.Sprintf("ALTER TABLE %s DISABLE TRIGGER %s", r.Table, trigger))
		}
		if got := refused(t, super, statement); got != r.Name {
			t.Errorf("%s: stopped by %s", statement, got)
		}
		exec(t, super, "ROLLBACK")
		tried++
	}
	if tried < 20 {
		t.Errorf("only %d references tried", tried)
	}
}
