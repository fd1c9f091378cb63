package feedtest

import (
	"fmt"
	"slices"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/feed"
	"multistream/sync/wire"
)

func testAll(t *testing.T, h *hub) {
	all := Everything(h.edge)
	h.must(h.Write(t.Context(), h.school, all, nil))
	rows, keys, part := h.pull(0, event.ID{}, 100)
	h.wants(rows, all, nil)
	at, _ := h.version()
	if len(keys) > 0 || part.Version != at.Version || part.Lineage != at.Lineage || part.Again {
		t.Errorf("%+v, the school is %+v", part, at)
	}
	if at.Version < 1 || at.Lineage.IsZero() {
		t.Errorf("%+v", at)
	}
}

func testSince(t *testing.T, h *hub) {
	all := Everything(h.edge)
	h.must(h.Write(t.Context(), h.school, all, nil))
	before, _ := h.version()
	none, _, part := h.pull(before.Version, before.Lineage, 100)
	h.wants(none, nil, nil)
	if part.Version != before.Version {
		t.Errorf("version %d, was %d", part.Version, before.Version)
	}
	course := *all[5].(*directory.CourseRow)
	course.Title = "Optics"
	h.must(h.Write(t.Context(), h.school, []directory.Value{&course}, []directory.Value{all[7], all[4]}))
	after, _ := h.version()
	if after.Version <= before.Version || after.Lineage != before.Lineage {
		t.Errorf("%+v after %+v", after, before)
	}
	rows, _, _ := h.pull(before.Version, before.Lineage, 100)
	h.wants(rows, []directory.Value{&course}, []directory.Value{all[7], all[4]})
	now := slices.Clone(all)
	now[5] = &course
	rows, _, _ = h.pull(0, event.ID{}, 100)
	h.wants(rows, slices.Concat(now[:4], now[5:7], now[8:]), nil)
}

func testPages(t *testing.T, h *hub) {
	all := Everything(h.edge)
	for i := range 25 {
		all = append(all, &directory.PersonRow{ID: event.NewID(), Username: fmt.Sprintf("pupil%d", i), DisplayName: "Pupil", Status: "active"},
			&directory.CourseRow{ID: event.NewID(), Title: "Course", Status: "draft"})
	}
	h.must(h.Write(t.Context(), h.school, all, nil))
	var keys []event.PersonKey
	for range 7 {
		keys = append(keys, event.PersonKey{ID: event.NewID(), TenantID: h.school, PersonID: event.NewID(), Secret: [32]byte{1}, CreatedAt: 1795422755250})
		h.must(h.AddKey(t.Context(), keys[len(keys)-1]))
	}
	for _, size := range []int{1, 3, 1000} {
		rows, got, _ := h.pull(0, event.ID{}, size)
		h.wants(rows, all, nil)
		if len(got) != len(keys) {
			t.Errorf("%d keys of %d, %d a page", len(got), len(keys), size)
		}
	}
	small, err := h.Read(t.Context(), feed.Query{Edge: h.edge, Tenant: h.school, Rows: 1000, Keys: 1000, Bytes: 500})
	h.must(err)
	if !small.More || len(small.Rows) == 0 || len(small.Rows) > 10 {
		t.Errorf("%d rows in 500 bytes, more: %v", len(small.Rows), small.More)
	}
}

func testBack(t *testing.T, h *hub) {
	all := Everything(h.edge)
	h.must(h.Write(t.Context(), h.school, all, nil))
	at, _ := h.version()
	h.must(h.Write(t.Context(), h.school, nil, []directory.Value{all[7]}))
	h.must(h.Write(t.Context(), h.school, []directory.Value{all[7]}, nil))
	rows, _, _ := h.pull(at.Version, at.Lineage, 100)
	h.wants(rows, []directory.Value{all[7]}, nil)
}

func testLineage(t *testing.T, h *hub) {
	all := Everything(h.edge)
	h.must(h.Write(t.Context(), h.school, all, nil))
	rows, _, part := h.pull(1_000_000, event.NewID(), 4)
	if !part.Again && len(rows) == 0 {
		t.Error("a version of another lineage was believed")
	}
	h.wants(rows, all, nil)
}

func testKeys(t *testing.T, h *hub) {
	h.must(h.Write(t.Context(), h.school, Everything(h.edge), nil))
	at, _ := h.version()
	kept := event.PersonKey{ID: event.NewID(), TenantID: h.school, PersonID: event.NewID(), Secret: [32]byte{1, 2, 3}, CreatedAt: 1795422755250}
	lost := event.PersonKey{ID: event.NewID(), TenantID: h.school, PersonID: event.NewID(), Secret: [32]byte{4}, CreatedAt: 7}
	h.must(h.AddKey(t.Context(), kept))
	h.must(h.AddKey(t.Context(), lost))
	h.must(h.Erase(t.Context(), h.school, lost.PersonID))
	rows, keys, _ := h.pull(at.Version, at.Lineage, 100)
	if len(keys) != 1 || keys[0].ID != kept.ID || keys[0].PersonID != kept.PersonID || keys[0].TenantID != h.school || keys[0].Secret != kept.Secret || keys[0].CreatedAt != kept.CreatedAt {
		t.Errorf("%+v", keys)
	}
	h.wants(rows, []directory.Value{&directory.ErasedRow{PersonID: lost.PersonID}, &directory.DestroyedRow{KeyID: lost.ID, PersonID: lost.PersonID}}, nil)
}

func testServed(t *testing.T, h *hub) {
	other := event.NewID()
	h.must(h.Serve(t.Context(), event.NewID(), []event.ID{other}))
	h.must(h.Write(t.Context(), other, Everything(event.ID{}), nil))
	h.must(h.Write(t.Context(), h.school, Everything(h.edge), nil))
	if at, _ := h.version(); at.Tenant != h.school {
		t.Errorf("%+v", at)
	}
	for _, school := range []event.ID{other, event.NewID()} {
		if p, err := h.Read(t.Context(), feed.Query{Edge: h.edge, Tenant: school, Rows: 10, Keys: 10, Bytes: 1000}); !notServed(err) || len(p.Rows) > 0 {
			t.Errorf("school %s: %+v, %v", school, p, err)
		}
	}
	h.must(h.Ask(t.Context(), h.edge, wire.Command{Tenant: h.school, ID: event.NewID(), Kind: "end", Session: event.NewID(), Payload: []byte("{}")}))
	h.must(h.Serve(t.Context(), h.edge, nil))
	if at, there := h.version(); there {
		t.Errorf("%+v", at)
	}
	if _, err := h.Read(t.Context(), feed.Query{Edge: h.edge, Tenant: h.school, Rows: 10, Keys: 10, Bytes: 1000}); !notServed(err) {
		t.Error(err)
	}
	if left, _, err := h.Commands(t.Context(), h.edge, 10); err != nil || len(left) > 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

func testCommands(t *testing.T, h *hub) {
	plan := Everything(h.edge)
	h.must(h.Write(t.Context(), h.school, plan, nil))
	var asked []wire.Command
	for i := range 4 {
		session := event.NewID()
		asked = append(asked, wire.Command{Tenant: h.school, ID: event.DeriveID(h.school, h.edge, fmt.Sprint("key ", i), i+1), Kind: "end", Session: session, Payload: []byte("{}")})
		h.must(h.Ask(t.Context(), h.edge, asked[i]))
	}
	got, more, err := h.Commands(t.Context(), h.edge, 3)
	h.must(err)
	if !more || len(got) != 3 {
		t.Fatalf("%d commands, more: %v", len(got), more)
	}
	for i, c := range got {
		if c.Kind != "end" || c.Session != asked[i].Session || c.Tenant != h.school || c.ID.IsZero() || string(c.Payload) != "{}" {
			t.Errorf("command %d is %+v", i, c)
		}
	}
	session := plan[8].(*directory.PlanRow).SessionID
	done := []directory.Outcome{{TenantID: h.school, ID: got[0].ID}, {TenantID: h.school, ID: got[1].ID, Code: "wrong_state", Why: "no"},
		{TenantID: h.school, ID: session, Revision: 1, Why: "fine"}, {TenantID: h.school, ID: event.NewID()}, {TenantID: event.NewID(), ID: got[2].ID}}
	for range 2 {
		h.must(h.Done(t.Context(), h.edge, done))
		done[1].Why = "another word" // the first stays
	}
	rest, more, err := h.Commands(t.Context(), h.edge, 3)
	h.must(err)
	if more || len(rest) != 2 || rest[0].ID != got[2].ID {
		t.Errorf("%+v, more: %v", rest, more)
	}
	told, err := h.Outcomes(t.Context(), h.edge)
	h.must(err)
	want := []directory.Outcome{done[0], {TenantID: h.school, ID: got[1].ID, Code: "wrong_state", Why: "no"}, done[2]}
	for _, o := range want {
		if !slices.Contains(told, o) {
			t.Errorf("%+v is not among %+v", o, told)
		}
	}
	if len(told) != len(want) {
		t.Errorf("%+v", told)
	}
	if none, _, err := h.Commands(t.Context(), event.NewID(), 3); err != nil || len(none) > 0 {
		t.Errorf("another edge's: %+v, %v", none, err)
	}
}

func testStrangers(t *testing.T, h *hub) {
	if schools, known, err := h.Schools(t.Context(), event.NewID()); known || err != nil || len(schools) > 0 {
		t.Errorf("%+v, %v, %v", schools, known, err)
	}
}
