package directory_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
)

func id(n byte) event.ID {
	i := event.MustID("0190a7c8-5e2b-7cc0-8000-000000000000")
	i[15] = n
	return i
}

// samples are one value of each kind with everything in it, in the order of the kinds.
func samples() []directory.Value {
	public := bytes.Repeat([]byte{7}, ed25519.PublicKeySize)
	return []directory.Value{
		&directory.SchoolRow{Name: "Gesamtschule √2", Status: "active"},
		&directory.DomainRow{Domain: "school.example"},
		&directory.PersonRow{ID: id(1), Email: "Kim@School.example", Username: "kim", DisplayName: "Kim Berg", Status: "active", PasswordHash: "$argon2id$v=19$…",
			MustChange: true, StaleUntil: 1795422755250},
		&directory.GrantRow{UserID: id(1), Role: directory.Teacher, Scope: "course", ScopeID: id(2)},
		&directory.CourseRow{ID: id(2), Title: "Physics", Status: "published"},
		&directory.LessonRow{ID: id(3), CourseID: id(2), Title: "Light", OrderIndex: 4},
		&directory.EnrolmentRow{CourseID: id(2), UserID: id(1), Role: directory.Student},
		&directory.PlanRow{SessionID: id(4), Revision: 3, LessonID: id(3), HomeEdgeID: id(5), ScheduledStart: 1795422755250, ScheduledEnd: 1795426355250,
			Settings: json.RawMessage(`{"staff":[],"title":"Light"}`), Withdrawn: true},
		&directory.ErasedRow{PersonID: id(6)},
		&directory.DestroyedRow{KeyID: id(7), PersonID: id(6)},
		&directory.EndedRow{SignInID: id(8), UserID: id(1), EndedAt: 1795422755250, Until: 1795426355250},
		&directory.VerifyKeyRow{ID: event.KeyIDOf(public), Issuer: id(9), Public: public, NotAfter: 1795426355250},
	}
}

// TestGoldenRows: what rows look like is what edge and hub agreed on, for ever. ROWS_GOLDEN=write writes the file if it is not there.
func TestGoldenRows(t *testing.T) {
	var got strings.Builder
	for i, v := range samples() {
		r, err := directory.RowOf(v)
		if err != nil || r.Kind != directory.Kinds[i] {
			t.Fatalf("%T: kind %d, %v", v, r.Kind, err)
		}
		got.Write(r.Body)
		got.WriteByte('\n')
		back, err := r.Value()
		if err != nil || !reflect.DeepEqual(back, v) {
			t.Errorf("%s is read as %+v, %v", r.Body, back, err)
		}
		named := directory.GoneRow(v)
		if gone, err := named.Value(); err != nil || directory.GoneRow(gone).Key != r.Key {
			t.Errorf("%T: a gone one is %+v, %v", v, gone, err)
		}
	}
	file := filepath.Join("testdata", "rows.txt")
	want, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("ROWS_GOLDEN") == "write" {
		want = []byte(got.String())
		err = errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, want, 0o644))
	}
	if err != nil || got.String() != string(want) {
		t.Errorf("%v\n%s\nwant\n%s", err, got.String(), want)
	}
}

func TestRowsAreStrict(t *testing.T) {
	person := string(id(1).Bytes())
	for name, r := range map[string]directory.Row{
		"no such kind":      {Kind: 99, Key: person},
		"key too short":     {Kind: directory.RowPerson, Key: "a"},
		"key too long":      {Kind: directory.RowDomain, Key: strings.Repeat("a", 256)},
		"no key":            {Kind: directory.RowDomain},
		"another key":       {Kind: directory.RowErased, Key: string(id(2).Bytes()), Body: []byte(`{"personId":"` + id(1).String() + `"}`)},
		"a field more":      {Kind: directory.RowErased, Key: person, Body: []byte(`{"personId":"` + id(1).String() + `","x":1}`)},
		"blanks":            {Kind: directory.RowErased, Key: person, Body: []byte(`{"personId": "` + id(1).String() + `"}`)},
		"twice":             {Kind: directory.RowSchool, Body: []byte(`{"name":"a","name":"b","status":"active"}`)},
		"more after it":     {Kind: directory.RowSchool, Body: []byte(`{"name":"a","status":"active"}{}`)},
		"no text":           {Kind: directory.RowSchool, Body: []byte(`{"name":"` + "\xff" + `","status":"active"}`)},
		"status":            {Kind: directory.RowSchool, Body: []byte(`{"name":"a","status":"gone"}`)},
		"scope":             {Kind: directory.RowGrant, Key: person + string(id(2).Bytes()) + "tenant/teacher"},
		"role":              {Kind: directory.RowGrant, Key: person + string(make([]byte, 16)) + "tenant/god"},
		"nothing":           {Kind: directory.RowSchool, Body: []byte{}},
		"null":              {Kind: directory.RowSchool, Body: []byte("null")},
		"key of no key":     {Kind: directory.RowVerifyKey, Key: person, Body: []byte(`{"id":"` + id(1).String() + `","issuer":"` + id(1).String() + `","public":"AAAA"}`)},
		"plan of no object": {Kind: directory.RowPlan, Key: person, Body: []byte(`{"revision":1,"scheduledEnd":"2026-11-28T00:00:00Z","scheduledStart":"2026-11-28T00:00:00Z","sessionId":"` + id(1).String() + `","settings":[]}`)},
	} {
		if v, err := r.Value(); !errors.Is(err, directory.ErrRow) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	if _, err := directory.RowOf(&directory.CourseRow{ID: id(1), Status: "draft", Title: strings.Repeat("a", directory.MaxRowBody)}); !errors.Is(err, directory.ErrRow) {
		t.Errorf("a row that is too large: %v", err)
	}
}

// FuzzRow: what is taken as a row is what RowOf makes of its value.
func FuzzRow(f *testing.F) {
	for _, v := range samples() {
		r, err := directory.RowOf(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(r.Kind), r.Key, r.Body)
		f.Add(byte(r.Kind), r.Key, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, kind byte, key string, body []byte) {
		r := directory.Row{Kind: directory.RowKind(kind), Key: key, Body: body}
		if len(body) == 0 {
			r.Body = nil
		}
		v, err := r.Value()
		if err != nil {
			return
		}
		again := directory.GoneRow(v)
		if r.Body != nil {
			if again, err = directory.RowOf(v); err != nil {
				t.Fatal(err)
			}
		}
		if again.Key != r.Key || !bytes.Equal(again.Body, r.Body) {
			t.Fatalf("%+v is written as %+v", r, again)
		}
	})
}
