package event

import (
	"slices"
	"testing"
)

func TestKeyIDs(t *testing.T) {
	a, b := MustID("0190a7c8-5e2b-7cc0-8000-00000000000a"), MustID("0190a7c8-5e2b-7cc0-8000-00000000000b")
	sealed := func(id ID) string {
		return `{"keyId":"` + id.String() + `","nonce":"oaGhoaGhoaGhoaGh","ciphertext":""}`
	}
	for _, c := range []struct {
		payload string
		want    []ID
	}{
		{`{}`, nil},
		{`{"title":` + sealed(b) + `,"x":` + sealed(a) + `,"y":` + sealed(b) + `}`, []ID{b, a}},
		{`{"said":"{\"keyId\":\"` + a.String() + `\"}"}`, nil},
		{`{"a":{"keyId":"`, nil},
		{`{"a":{"keyId":"0190A7C8-5e2b-7cc0-8000-00000000000a"},"b":` + sealed(a) + `}`, []ID{a}},
	} {
		if got := KeyIDs([]byte(c.payload)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.payload, got, c.want)
		}
	}
}
