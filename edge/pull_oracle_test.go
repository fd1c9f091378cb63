package edge

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"multistream/shared/event"
	"multistream/sync/pull"
)

// remember keeps the rows of all schools as the hub has them now.
func (d *down) remember() {
	d.t.Helper()
	schools, _, err := d.hub.Schools(d.t.Context(), d.edge)
	d.must(err)
	for _, s := range schools {
		if at := (moment{s.Tenant, s.Lineage, s.Version}); d.history[at] == nil {
			d.history[at] = d.rowsOf(s.Tenant)
		}
	}
}

// rowsOf gives the lines of a school's rows at the hub.
func (d *down) rowsOf(school event.ID) map[string]bool {
	d.t.Helper()
	lines := map[string]bool{}
	rows, keys, err := d.hub.Rows(d.t.Context(), school)
	d.must(err)
	for _, r := range rows {
		var v map[string]any
		d.must(json.Unmarshal(r.Body, &v))
		lines[lineOf(int(r.Kind), v)] = true
	}
	for _, k := range keys {
		lines["key "+k.ID.String()+" "+k.PersonID.String()] = true
	}
	return lines
}

// compare holds the rows of a school in the edge's files to those that the hub had. It knows the tables and the JSON of rows, and nothing of
// the code that goes between them.
func (d *down) compare(school event.ID, want map[string]bool) {
	d.t.Helper()
	if want == nil {
		d.t.Errorf("school %s is at a version that the hub never had", school)
	}
	got := map[string]bool{}
	d.read("edge.db", map[string]string{
		"1":  "SELECT name, status FROM tenants WHERE id = ?",
		"2":  "SELECT domain FROM tenant_domains WHERE tenant_id = ?",
		"3":  "SELECT id, email, username, display_name, status, password_hash, must_change FROM users WHERE tenant_id = ?",
		"4":  "SELECT user_id, role, scope, scope_id FROM user_roles WHERE tenant_id = ?",
		"5":  "SELECT id, title, status FROM courses WHERE tenant_id = ?",
		"6":  "SELECT id, course_id, title, order_index FROM lessons WHERE tenant_id = ?",
		"7":  "SELECT course_id, user_id, role FROM enrolments WHERE tenant_id = ?",
		"8":  "SELECT session_id, revision, lesson_id, home_edge_id, scheduled_start, scheduled_end, withdrawn FROM plans WHERE tenant_id = ?",
		"11": "SELECT sign_in_id, user_id, ended_at, until FROM ended_sign_ins WHERE tenant_id = ? AND from_hub = 1",
		"12": "SELECT id, issuer, not_after FROM verify_keys WHERE tenant_id = ?",
	}, school, got)
	d.read("keys.db", map[string]string{
		"9":   "SELECT person_id FROM erased_people WHERE tenant_id = ?",
		"10":  "SELECT id, person_id FROM destroyed_keys WHERE tenant_id = ?",
		"key": "SELECT id, person_id FROM person_keys WHERE tenant_id = ?",
	}, school, got)
	for line := range maps.Keys(want) {
		key, isKey := strings.CutPrefix(line, "key ")
		if !got[line] && !(isKey && got["10 "+key]) { // destroyed here by a hub that was restored since: for ever
			d.t.Errorf("school %s lacks %s", school, line)
		}
	}
	for line := range maps.Keys(got) {
		final := strings.HasPrefix(line, "9 ") || strings.HasPrefix(line, "10 ") || strings.HasPrefix(line, "key ")
		if !want[line] && !final { // what a hub that was restored forgot is not forgotten here
			d.t.Errorf("school %s has %s", school, line)
		}
	}
}

var columnsOf = map[int][]string{
	1: {"name", "status"}, 2: {"domain"}, 3: {"id", "email", "username", "displayName", "status", "passwordHash", "mustChange"}, 4: {"userId", "role", "scope", "scopeId"},
	5: {"id", "title", "status"}, 6: {"id", "courseId", "title", "orderIndex"}, 7: {"courseId", "userId", "role"},
	8: {"sessionId", "revision", "lessonId", "homeEdgeId", "scheduledStart", "scheduledEnd", "withdrawn"}, 9: {"personId"}, 10: {"keyId", "personId"},
	11: {"signInId", "userId", "endedAt", "until"}, 12: {"id", "issuer", "notAfter"},
}

// lineOf writes a row of the hub as read writes the edge's.
func lineOf(kind int, v map[string]any) string {
	line := fmt.Sprint(kind)
	for _, column := range columnsOf[kind] {
		switch x := v[column].(type) {
		case nil:
			absent := ""
			if column == "mustChange" || column == "withdrawn" || column == "notAfter" {
				absent = "0"
			}
			line += " " + absent
		case bool:
			line += map[bool]string{true: " 1", false: " 0"}[x]
		case float64:
			line += fmt.Sprintf(" %d", int64(x))
		case string:
			if at, err := time.Parse(time.RFC3339, x); err == nil {
				x = fmt.Sprint(at.UnixMilli())
			}
			line += " " + x
		}
	}
	return line
}

func (d *down) read(file string, queries map[string]string, school event.ID, into map[string]bool) {
	d.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.dir, file)+"?mode=ro")
	d.must(err)
	defer db.Close()
	for _, kind := range slices.Sorted(maps.Keys(queries)) {
		rows, err := db.Query(queries[kind], school[:])
		d.must(err)
		columns, err := rows.Columns()
		d.must(err)
		for rows.Next() {
			values, to := make([]any, len(columns)), make([]any, len(columns))
			for i := range to {
				to[i] = &values[i]
			}
			d.must(rows.Scan(to...))
			line := kind
			for _, v := range values {
				if b, ok := v.([]byte); ok {
					x := hex.EncodeToString(b)
					if len(x) == 32 {
						x = x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
					}
					v = x
				}
				line += fmt.Sprintf(" %v", v)
			}
			into[line] = true
		}
		d.must(rows.Err())
	}
}

// TestDirectoryFollowsTheHub: whatever happens on the way, once it is calm every school here is as it is at the hub, and what the hub planned
// and asked was done once.
func TestDirectoryFollowsTheHub(t *testing.T) {
	seeds := uint64(30)
	if underRace {
		seeds = 5
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			d := newDown(t, seed)
			for range 900 {
				d.one()
			}
			d.settleDown()
		})
	}
}

// settleDown lets everything that is on its way come to its end, and looks.
func (d *down) settleDown() {
	d.t.Helper()
	d.calm = true
	d.writesLeft.Store(nil)
	d.step(pull.LinkUp{})
	for range 4000 {
		d.one()
		if d.m.Status().State == "current" && len(d.todo) == 0 && d.now.Sub(d.m.Status().Since) > 3*time.Minute {
			break
		}
	}
	s := d.m.Status()
	if s.State != "current" || s.Outcomes > 0 {
		d.t.Fatalf("not current: %+v", s)
	}
	for _, id := range d.served {
		d.compare(id, d.rowsOf(id))
	}
	for _, id := range d.schools {
		tenant, there, err := d.store.TenantByID(d.t.Context(), id)
		d.must(err)
		if there && !slices.Contains(d.served, id) && tenant.Status != "suspended" {
			d.t.Errorf("school %s is not this edge's any more and is %+v", id, tenant)
		}
		if there && !tenant.HubRules {
			d.t.Errorf("the hub does not rule %+v", tenant)
		}
	}
	open, err := d.store.OpenPlans(d.t.Context(), 10)
	d.must(err)
	if len(open) > 0 {
		d.t.Errorf("plans are not settled: %+v", open)
	}
	commands, _, err := d.hub.Commands(d.t.Context(), d.edge, 100)
	d.must(err)
	if len(commands) > 0 {
		d.t.Errorf("commands have no outcome: %+v", commands)
	}
	for key, times := range d.classes.did {
		if times != 1 {
			d.t.Errorf("%s was done %d times", key, times)
		}
	}
}
