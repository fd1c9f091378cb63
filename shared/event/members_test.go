package event

import (
	"bytes"
	"testing"
)

// TestMembersAreTheStruct: put together they are what Marshal writes.
func TestMembersAreTheStruct(t *testing.T) {
	one := int64(1)
	name := Plain("Ada")
	for _, v := range []any{
		&embedded{}, &embedded{A: "a\u2028<", B: &one}, &Head{}, &Settings{}, &ParticipantJoined{UserID: sampleStudent, Grants: []string{"board"}},
		&struct {
			embedded
			By   *Text          `json:"by,omitempty"`
			Map  map[string]int `json:"map"`
			When Time           `json:"when,omitzero"`
		}{By: &name, Map: map[string]int{"b": 1, "a": 2}},
	} {
		members, err := Members(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
			continue
		}
		got := []byte("{")
		for i, m := range members {
			if i > 0 {
				got = append(got, ',')
			}
			got = append(append(got, m.Name...), m.JSON...)
		}
		got = append(got, '}')
		if want, err := Marshal(v); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%T:\n got %s\nwant %s, %v", v, got, want, err)
		}
	}
}

// TestMembersRefuses what is no struct, or one that encoding/json has rules of its own for.
func TestMembersRefuses(t *testing.T) {
	for _, v := range []any{nil, 7, "text", embedded{}, (*embedded)(nil), new(int), &oddForm{}} {
		if members, err := Members(v); err == nil {
			t.Errorf("%T: got %v", v, members)
		}
	}
}
