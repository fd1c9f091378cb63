package postgres_test

import (
	"reflect"
	"testing"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/identity/identitytest"
)

func planOf(x identitytest.School, n byte, from, to event.Time) directory.Plan {
	return directory.Plan{TenantID: x.Tenant.ID, SessionID: event.ID{0: n, 15: 9}, Revision: 1, LessonID: x.Lesson.ID, ScheduledStart: from, ScheduledEnd: to,
		Settings: []byte(`{"courseId": "` + x.Course.ID.String() + `"}`)}
}

// TestPlans are read as they were written, by their own school alone, and keep their lesson from being deleted.
func TestPlans(t *testing.T) {
	url, ctx := postgrestest.URL(t), t.Context()
	p := open(t, url, postgres.App).People()
	x, y := identitytest.AddSchool(t, contract{p}, 1), identitytest.AddSchool(t, contract{p}, 2)
	first, second := planOf(x, 1, 1000, 2000), planOf(x, 2, 2000, 3000)
	if err := p.Edit(ctx, x.Tenant.ID, func(e *postgres.Edit) error {
		for _, plan := range []directory.Plan{first, second, first} {
			if err := e.PutPlan(plan); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	check := func(z identitytest.School, want ...directory.Plan) {
		t.Helper()
		if err := p.Edit(ctx, z.Tenant.ID, func(e *postgres.Edit) error {
			got, ok, err := e.Plan(first.SessionID)
			if err != nil || ok != (len(want) > 0) || ok && !reflect.DeepEqual(got, want[0]) {
				t.Errorf("plan %+v, %v, %v", got, ok, err)
			}
			overlapping, err := e.PlansBetween(1500, 2000)
			if err != nil || len(overlapping) != min(1, len(want)) {
				t.Errorf("overlapping %v, %v", overlapping, err)
			}
			if adopted, err := e.Adopted(first.SessionID); adopted || err != nil {
				t.Errorf("adopted %v, %v", adopted, err)
			}
			open, err := e.OpenClasses(x.Course.ID)
			if err != nil || open != len(want) {
				t.Errorf("%d open classes, %v", open, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	check(x, first, second)
	check(y)
	for f, want := range map[*eventlog.Filter]int{
		{}: 2, {Limit: 1}: 1, {Before: second.SessionID}: 1, {Before: first.SessionID}: 0, {LessonID: x.Lesson.ID}: 2, {CourseID: x.Course.ID}: 2, {CourseID: y.Course.ID}: 0,
		{Statuses: []string{"scheduled"}}: 2, {Statuses: []string{"live"}}: 0, {ScheduledFrom: 1500}: 1, {ScheduledTo: 2000}: 1,
	} {
		got, err := p.Classes(ctx, x.Tenant.ID, *f)
		if err != nil || len(got) != want || want == 2 && got[0].ID != second.SessionID {
			t.Errorf("%+v: %d classes, %v; want %d", *f, len(got), err, want)
		}
		if got, err := p.Classes(ctx, y.Tenant.ID, *f); err != nil || len(got) > 0 {
			t.Errorf("another school lists %v, %v", got, err)
		}
	}
	if _, ok, err := p.Class(ctx, y.Tenant.ID, first.SessionID); ok || err != nil {
		t.Errorf("another school reads the class: %v, %v", ok, err)
	}
	first.Withdrawn, second.Withdrawn = true, true
	if err := p.Edit(ctx, x.Tenant.ID, func(e *postgres.Edit) error {
		if err := e.PutPlan(first); err != nil {
			return err
		}
		if err := e.PutPlan(second); err != nil {
			return err
		}
		return e.DeleteCourse(x.Course.ID)
	}); err != nil {
		t.Fatal(err)
	}
	c, ok, err := p.Class(ctx, x.Tenant.ID, first.SessionID)
	if err != nil || !ok || !c.Plan.Withdrawn || !c.Plan.LessonID.IsZero() || string(c.Plan.Settings) != string(first.Settings) {
		t.Errorf("after its course went: %+v, %v, %v", c, ok, err)
	}
}

// TestEdges shows the boxes of a school, to it alone, with how far they came.
func TestEdges(t *testing.T) {
	url, ctx := postgrestest.URL(t), t.Context()
	p := open(t, url, postgres.App).People()
	x, y := identitytest.AddSchool(t, contract{p}, 1), identitytest.AddSchool(t, contract{p}, 2)
	box, owner := event.NewID(), as(t, url, "")
	in(t, owner, x.Tenant.ID)
	exec(t, owner, "INSERT INTO edges (id, name, last_seen_at) VALUES ($1, 'Box', now())", [16]byte(box))
	exec(t, owner, "INSERT INTO edge_tenants (tenant_id, edge_id) VALUES ($1, $2)", [16]byte(x.Tenant.ID), [16]byte(box))
	got, err := p.Edges(ctx, x.Tenant.ID)
	if err != nil || len(got) != 1 || got[0].ID != box || got[0].Position != 0 || !got[0].Incarnation.IsZero() || got[0].LastSeenAt == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	exec(t, owner, "INSERT INTO replication_cursors (edge_id, incarnation, position) VALUES ($1, $2, 42)", [16]byte(box), [16]byte(event.NewID()))
	if got, err = p.Edges(ctx, x.Tenant.ID); err != nil || got[0].Position != 42 || got[0].Incarnation.IsZero() || got[0].MovedAt == 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = p.Edges(ctx, y.Tenant.ID); err != nil || len(got) != 0 {
		t.Errorf("another school sees %+v, %v", got, err)
	}
	if err := p.Edit(ctx, x.Tenant.ID, func(e *postgres.Edit) error {
		ids, err := e.EdgeIDs()
		if err != nil || len(ids) != 1 || ids[0] != box {
			t.Errorf("ids %v, %v", ids, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
