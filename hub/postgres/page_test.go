package postgres_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"multistream/hub/postgres/postgrestest"
)

// TestDataModelPage compares docs/data-model.md with the migrated database: each table is in a row of its tables, and no other is.
func TestDataModelPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/data-model.md")
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z_]+`(?:, `[a-z_]+`)*) \\|").FindAllStringSubmatch(string(text), -1) {
		for name := range strings.SplitSeq(row[1], ", ") {
			name = strings.Trim(name, "`")
			if described[name] {
				t.Errorf("%s is described twice", name)
			}
			described[name] = true
		}
	}
	for _, role := range []string{"owner", "app", "ingest", "projector", "reader", "finder"} {
		if !described[role] {
			t.Errorf("role %s is not described", role)
		}
		delete(described, role)
	}
	there := list[string](t, as(t, postgrestest.URL(t), ""), `SELECT relname::text FROM pg_class
		WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace`)
	for _, name := range there {
		if !described[name] {
			t.Errorf("table %s is not described", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("table %s is described and not there", name)
	}
	if !slices.Contains(there, "session_state_events") {
		t.Fatal("the log is not there")
	}
}
