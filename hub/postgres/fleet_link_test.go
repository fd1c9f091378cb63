package postgres_test

import (
	"bytes"
	"testing"

	"multistream/hub/postgres"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
	"multistream/shared/identity/identitytest"
)

// TestLinkedEdges makes a box known to two schools, gives it another key, and revokes it: it may connect once, by its last key, until then.
func TestLinkedEdges(t *testing.T) {
	url, ctx := postgrestest.URL(t), t.Context()
	p := open(t, url, postgres.App).People()
	x, y := identitytest.AddSchool(t, contract{p}, 1), identitytest.AddSchool(t, contract{p}, 2)
	box, first, second := event.NewID(), bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	links := func() []postgres.LinkedEdge {
		all, err := p.LinkedEdges(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	for _, tenant := range []event.ID{x.Tenant.ID, y.Tenant.ID, y.Tenant.ID} {
		if err := p.AddEdge(ctx, tenant, postgres.LinkedEdge{ID: box, Key: first}, "Box"); err != nil {
			t.Fatal(err)
		}
		if got, err := p.Edges(ctx, tenant); err != nil || len(got) != 1 || got[0].ID != box || got[0].Name != "Box" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if got := links(); len(got) != 1 || got[0].ID != box || !bytes.Equal(got[0].Key, first) {
		t.Errorf("of two schools: %+v", got)
	}
	if err := p.AddEdge(ctx, y.Tenant.ID, postgres.LinkedEdge{ID: box, Key: second}, "Van"); err != nil {
		t.Fatal(err)
	}
	if got := links(); len(got) != 1 || !bytes.Equal(got[0].Key, second) {
		t.Errorf("with another key: %+v", got)
	}
	exec(t, as(t, url, ""), "UPDATE edges SET status = 'revoked' WHERE id = $1", [16]byte(box))
	if got := links(); len(got) != 0 {
		t.Errorf("revoked: %+v", got)
	}
}

// TestLineage is the same at each look.
func TestLineage(t *testing.T) {
	p := open(t, postgrestest.URL(t), postgres.App).People()
	first, err := p.Lineage(t.Context())
	again, err2 := p.Lineage(t.Context())
	if err != nil || err2 != nil || first.IsZero() || first != again {
		t.Errorf("%s and %s, %v, %v", first, again, err, err2)
	}
}
