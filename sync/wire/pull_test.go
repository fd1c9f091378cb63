package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"maps"
	"reflect"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
)

// withPull adds samples of what goes from the hub to an edge.
func withPull(up map[string]message) map[string]message {
	erased, err := directory.RowOf(&directory.ErasedRow{PersonID: id(110)})
	if err != nil {
		panic(err)
	}
	maps.Copy(up, map[string]message{
		"look": &Look{Oldest: 1, Newest: 1, Edge: id(103), Outcomes: []directory.Outcome{{TenantID: id(100), ID: id(101), Revision: 2},
			{TenantID: id(100), ID: id(109), Code: "already_started", Why: "the class has started"}}},
		"schools": &Schools{Level: 1, Edge: id(103), Schools: []School{{id(100), id(107), 7}},
			Commands: []Command{{id(100), id(109), "end", id(101), []byte("{}")}}, More: true},
		"ask": &Ask{Edge: id(103), Tenant: id(100), Lineage: id(107), Since: 7, Token: []byte("on"), SealKey: bytes.Repeat([]byte{2}, 32)},
		"page": &Page{Edge: id(103), Tenant: id(100), Lineage: id(107), Since: 7, At: 9, Rows: []directory.Row{directory.GoneRow(&directory.PersonRow{ID: id(110)}), erased},
			Keys: []byte("sealed"), Next: []byte("further")},
	})
	return up
}

// TestStrictDown: what may not be in a message from the hub is malformed.
func TestStrictDown(t *testing.T) {
	for name, change := range map[string]func(*Page){
		"another key":       func(p *Page) { p.Rows[1].Key = string(id(1).Bytes()) },
		"no such kind":      func(p *Page) { p.Rows[0].Kind = 77 },
		"a row of nothing":  func(p *Page) { p.Rows[1].Body = []byte{} },
		"a version before":  func(p *Page) { p.At = 6 },
		"no lineage":        func(p *Page) { p.Lineage = event.ID{} },
		"no school":         func(p *Page) { p.Tenant = event.ID{} },
		"a token too long":  func(p *Page) { p.Next = make([]byte, maxToken+1) },
		"a row of no shape": func(p *Page) { p.Rows[1].Body = []byte("<html>") },
	} {
		m := samples()["page"].(*Page)
		change(m)
		if _, err := ReadPage(m.Append(nil)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := samples()["schools"].(*Schools)
	twice.Schools = append(twice.Schools, twice.Schools[0])
	if _, err := ReadSchools(twice.Append(nil)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a school twice: %v", err)
	}
	ask := samples()["ask"].(*Ask)
	ask.Since = 0
	if _, err := ReadAsk(ask.Append(nil)); !errors.Is(err, ErrMalformed) {
		t.Errorf("everything of a lineage: %v", err)
	}
}

func TestSealingDown(t *testing.T) {
	edge, err := NewSealingKey(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		t.Fatal(err)
	}
	keys := []event.PersonKey{{ID: id(1), TenantID: id(100), PersonID: id(3), Secret: [32]byte{5}, CreatedAt: 7}}
	sealed, err := SealKeysDown(edge.Public(), id(107), id(100), id(103), keys)
	if err != nil || bytes.Contains(sealed, keys[0].Secret[:]) {
		t.Fatal(hex.EncodeToString(sealed), err)
	}
	if got, err := edge.OpenKeysDown(id(107), id(100), id(103), sealed); err != nil || !reflect.DeepEqual(got, keys) {
		t.Errorf("opened %+v, %v", got, err)
	}
	for name, bound := range map[string][3]event.ID{"lineage": {id(1), id(100), id(103)}, "school": {id(107), id(1), id(103)}, "edge": {id(107), id(100), id(1)}} {
		if got, err := edge.OpenKeysDown(bound[0], bound[1], bound[2], sealed); !errors.Is(err, ErrMalformed) {
			t.Errorf("another %s: %+v, %v", name, got, err)
		}
	}
	if got, err := edge.OpenKeys(id(103), id(107), sealed); !errors.Is(err, ErrMalformed) {
		t.Errorf("opened as if it went up: %+v, %v", got, err)
	}
	// What was sealed by the first program of level 1 opens for ever.
	const early = "884c81b4efec5256c5dc9bcbe39b74b04987b7a9c3e23ccae410c018e40fe3497d9c74f309e6a1b27b8fa58c4d5df1be64fe207a813c5a597981c7cf940e95556ca3f289b035a00884d2420142a5340e719742408f4068d08440daa5d7d107644b52b96a4bca53dd0b1a4ec9029a491fd0b99d0dc378a992fbeeb850084947e27a4bbc00c393be935104e43b"
	blob, err := hex.DecodeString(early)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := edge.OpenKeysDown(id(107), id(100), id(103), blob); err != nil || !reflect.DeepEqual(got, keys) {
		t.Errorf("opened %+v, %v; sealed now: %x", got, err, sealed)
	}
}
