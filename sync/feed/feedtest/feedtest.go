// Package feedtest is the suite that every source of feed passes: what is written to the hub's directory, and what an edge is then given.
package feedtest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/feed"
	"multistream/sync/wire"
)

// Subject is a source, with what the suite must do besides.
type Subject interface {
	feed.Source
	// Serve makes an edge known; it serves these schools from now on, which may be new.
	Serve(ctx context.Context, edge event.ID, tenants []event.ID) error
	// Write changes a school's directory in one transaction.
	Write(ctx context.Context, tenant event.ID, put, gone []directory.Value) error
	AddKey(ctx context.Context, k event.PersonKey) error
	// Erase destroys a person's keys, for ever.
	Erase(ctx context.Context, tenant, person event.ID) error
	// Ask has an edge asked for something. The id may become another one on the way.
	Ask(ctx context.Context, edge event.ID, c wire.Command) error
	// Outcomes gives those that an edge told, in no order.
	Outcomes(ctx context.Context, edge event.ID) ([]directory.Outcome, error)
}

// Run tests a source; open gives an empty one each time.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, h *hub)
	}{
		{"gives all there is", testAll},
		{"gives what changed since, and what is gone", testSince},
		{"gives pages", testPages},
		{"a row that comes back is not gone", testBack},
		{"another lineage is given all", testLineage},
		{"person keys, and those of the erased never", testKeys},
		{"nothing of a school that is not served", testServed},
		{"commands until they have an outcome", testCommands},
		{"strangers are told so", testStrangers},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newHub(t, open)) })
	}
}

// hub is a source with a school of some people and one edge.
type hub struct {
	*testing.T
	Subject
	edge, school event.ID
}

func newHub(t *testing.T, open func(*testing.T) Subject) *hub {
	h := &hub{T: t, Subject: open(t), edge: event.NewID(), school: event.NewID()}
	h.must(h.Serve(t.Context(), h.edge, []event.ID{h.school}))
	return h
}

func (h *hub) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Everything gives one value of each kind but keys, which belong together.
func Everything(edge event.ID) []directory.Value {
	person, course, lesson, session := event.NewID(), event.NewID(), event.NewID(), event.NewID()
	public := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)).Public().(ed25519.PublicKey)
	return []directory.Value{
		&directory.SchoolRow{Name: "Gesamtschule √2", Status: "active"},
		&directory.DomainRow{Domain: person.String() + ".example"},
		&directory.PersonRow{ID: person, Email: "Kim@School.example", Username: "Kim", DisplayName: "Kim Berg", Status: "active", PasswordHash: "$argon2id$", MustChange: true, StaleUntil: 1795422755250},
		&directory.GrantRow{UserID: person, Role: directory.Admin, Scope: "tenant"},
		&directory.GrantRow{UserID: person, Role: directory.Teacher, Scope: "course", ScopeID: course},
		&directory.CourseRow{ID: course, Title: "Physics", Status: "published"},
		&directory.LessonRow{ID: lesson, CourseID: course, Title: "Light", OrderIndex: 4},
		&directory.EnrolmentRow{CourseID: course, UserID: person, Role: directory.Student},
		&directory.PlanRow{SessionID: session, Revision: 1, LessonID: lesson, HomeEdgeID: edge, ScheduledStart: 1795422755250, ScheduledEnd: 1795426355250, Settings: []byte(`{"staff":[],"title":"Light"}`)},
		&directory.EndedRow{SignInID: event.NewID(), EndedAt: 1795422755250, Until: 1795426355250},
		&directory.VerifyKeyRow{ID: event.KeyIDOf(public), Issuer: Issuer, Public: public, NotAfter: 1795426355250},
	}
}

// Issuer is who signs the tokens of the hub under test.
var Issuer = event.MustID("0190a7c8-5e2b-7cc0-8000-0000000000ff")

// pull reads all pages, a few rows at a time.
func (h *hub) pull(since int64, lineage event.ID, rows int) (out []directory.Row, keys []event.PersonKey, last feed.Part) {
	h.Helper()
	q := feed.Query{Edge: h.edge, Tenant: h.school, Since: since, Lineage: lineage, Rows: rows, Keys: rows, Bytes: 1 << 20}
	for range 10_000 {
		p, err := h.Read(h.Context(), q)
		h.must(err)
		if len(p.Rows) > rows || len(p.Keys) > rows {
			h.Fatalf("%d rows and %d keys, %d were asked for", len(p.Rows), len(p.Keys), rows)
		}
		out, keys, last = append(out, p.Rows...), append(keys, p.Keys...), p
		if !p.More {
			return out, keys, last
		}
		if p.Again {
			q.Since = 0
		}
		q.After, q.Lineage = p.Last, p.Lineage
	}
	h.Fatal("the pages do not end")
	return nil, nil, last
}

// wants holds rows to values, and to those that are gone.
func (h *hub) wants(got []directory.Row, put, gone []directory.Value) {
	h.Helper()
	var want []directory.Row
	for _, v := range put {
		r, err := directory.RowOf(v)
		h.must(err)
		want = append(want, r)
	}
	for _, v := range gone {
		want = append(want, directory.GoneRow(v))
	}
	got = slices.Clone(got)
	directory.SortRows(got)
	directory.SortRows(want)
	same := func(a, b directory.Row) bool {
		return a.Kind == b.Kind && a.Key == b.Key && bytes.Equal(a.Body, b.Body) && (a.Body == nil) == (b.Body == nil)
	}
	if !slices.EqualFunc(got, want, same) {
		h.Errorf("got\n%s\nwant\n%s", shown(got), shown(want))
	}
}

func shown(rows []directory.Row) (s string) {
	for _, r := range rows {
		s += fmt.Sprintf("%d %q %s\n", r.Kind, r.Key, r.Body)
	}
	return s
}

func (h *hub) version() (wire.School, bool) {
	h.Helper()
	schools, known, err := h.Schools(h.Context(), h.edge)
	h.must(err)
	if !known || len(schools) > 1 {
		h.Fatalf("%+v, %v", schools, known)
	}
	if len(schools) == 0 {
		return wire.School{}, false
	}
	return schools[0], true
}

func notServed(err error) bool { return errors.Is(err, feed.ErrNotServed) }
