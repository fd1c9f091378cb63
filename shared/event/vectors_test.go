package event

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// These values were made with Python's hashlib and hmac: DeriveID is sha256(b"ms1-id" + session + actor + key + b"\0" +
// n.to_bytes(2, "big")), Pseudonym hmac.new(secret, user, sha256), both cut to 16 bytes with byte 6 & 0x0f | 0x80 and byte 8 &
// 0x3f | 0x80; Digest is hmac.new(hmac.new(key, b"ms1-command-digest", sha256).digest(), b"chat.send\0{}", sha256).
func TestDerivedValues(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	for _, test := range []struct{ name, got, want string }{
		{"id", DeriveID(sampleSession, sampleTeacher, "msg-1", 1).String(), "025e560d-9870-88d1-9288-3e0d548a78e2"},
		{"id of the system", DeriveID(sampleSession, ID{}, "tick", 258).String(), "3e2e0326-dbf8-83b5-a7fd-76125bfcacd2"},
		{"pseudonym", Pseudonym(key, sampleStudent).String(), "473aa601-bdaa-835e-8949-67903cb16555"},
		{"system digest", hex.EncodeToString(SystemDigest(CommandBytes("session.halt", []byte("{}")))), "f89963dbcf944bc96330392340c1f2324886170aabbeef44451353f54b015789"},
		{"person's digest", hex.EncodeToString(Digest(key, CommandBytes("chat.send", []byte("{}")))), "c60edd89d2705804656b1e1772d5d32d09459216a0ce2c2ee1c961779bf0709c"},
	} {
		if test.got != test.want {
			t.Errorf("%s is %s, want %s", test.name, test.got, test.want)
		}
	}
}

// The wanted texts were made with JSON.stringify over keys in the order of Array.sort; the first is the example of RFC 8785.
func TestCanonicalJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"\u20ac":"Euro","\r":"CR","\ufb33":"dagesh","1":"One","\ud83d\ude00":"smile","\u0080":"ctl","\u00f6":"o"}`,
			`{"\r":"CR","1":"One","` + "\u0080" + `":"ctl","ö":"o","€":"Euro","😀":"smile","` + "\ufb33" + `":"dagesh"}`},
		{`{"b":"\b\f\n\r\t\u001f\u007f\u2028<>&\/\"\\","a":[1,-2,{"z":null,"y":true}]}`,
			`{"a":[1,-2,{"y":true,"z":null}],"b":"\b\f\n\r\t\u001f` + "\u007f\u2028" + `<>&/\"\\"}`},
		{` [ ] `, `[]`}, {`{"a":[[],[[]],{}]}`, `{"a":[[],[[]],{}]}`}, {`"["`, `"["`}, {`["[","["]`, `["[","["]`},
		{`9007199254740991`, `9007199254740991`}, {`-9007199254740991`, `-9007199254740991`}, {`0`, `0`}, {`false`, `false`},
		{`9007199254740992`, ""}, {`10000000000000000`, ""}, {`1.0`, ""}, {`1e3`, ""}, {`-0`, ""},
		{`{"a":1,"a":2}`, ""}, {`{"a":1,"\u0061":2}`, ""}, {`"\u0000"`, ""}, {`"\ud800"`, ""}, {`"\udc00\ud800"`, ""}, {"\"\xff\"", ""},
	}
	for _, test := range tests {
		got, err := CanonicalJSON(json.RawMessage(test.in))
		if test.want == "" && err == nil || test.want != "" && string(got) != test.want {
			t.Errorf("%s became %s (%v), want %s", test.in, got, err, test.want)
		}
	}
	for _, v := range []any{"\xff", map[string]any{"a": []any{"\x00"}}, map[string]int{"\xed\xa0\x80": 1}, 1.5, struct{ A string }{"\xc0"}, Plain("\xff")} {
		if got, err := CanonicalJSON(v); err == nil {
			t.Errorf("%#v became %s", v, got)
		}
	}
}

func TestIDText(t *testing.T) {
	for _, s := range []string{"0190a7c8-5e2b-7cc0-8000-00000000000A", "0190a7c85e2b7cc0800000000000000a", "{0190a7c8-5e2b-7cc0-8000-00000000000a}",
		"0190a7c8-5e2b-7cc0-8000-00000000000", "0190a7c8-5e2b-7cc0-8000-00000000000g", "0190a7c8_5e2b-7cc0-8000-00000000000a", "00000000-0000-0000-0000-000000000000"} {
		if id, err := ParseID(s); err == nil {
			t.Errorf("%s was read as %s", s, id)
		}
	}
	if id := NewID(); MustID(id.String()) != id || id[6]>>4 != 7 {
		t.Errorf("%s", id)
	}
}

func TestTimeText(t *testing.T) {
	for in, want := range map[string]string{
		"2026-11-23T08:15:00Z": "2026-11-23T08:15:00.000Z", "2026-11-23T09:15:00.1239+01:00": "2026-11-23T08:15:00.123Z", "": "",
		"1969-12-31T23:59:59.9999Z": "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z": "0001-01-01T00:00:00.000Z",
		"9999-12-31T23:59:59-01:00": "refused", "0000-01-01T00:00:00Z": "refused", "2026-11-23 08:15:00Z": "refused", "2026-11-23T8:15:00Z": "refused", "2026-02-30T00:00:00Z": "refused",
	} {
		var got Time
		if err := got.UnmarshalText([]byte(in)); (err != nil) != (want == "refused") || err == nil && got.String() != want {
			t.Errorf("%s was read as %s (%v), want %s", in, got, err, want)
		}
	}
	if got := TimeOf(time.UnixMilli(-1).Add(-time.Microsecond)); got != -2 {
		t.Errorf("times are cut down, not towards zero: %d", got)
	}
}

func TestFactKeys(t *testing.T) {
	for _, key := range []string{"a", "a#b", "#", "ключ"} {
		if back, n, ok := ClientKey(FactKey(key, 12)); back != key || n != 12 || !ok {
			t.Errorf("%s came back as %s, %d", key, back, n)
		}
	}
	for _, stored := range []string{"", "a", "a#", "a#0", "a#01", "a#-1", "a#+1", "a#1 "} {
		if _, _, ok := ClientKey(stored); ok {
			t.Errorf("%q is no stored key", stored)
		}
	}
}

func TestStatements(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	other := ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))
	public := key.Public().(ed25519.PublicKey)
	e := Event{TenantID: sampleTenant, SessionID: sampleSession, Epoch: 2, Sequence: 9, Hash: sampleSum, EdgeID: sampleEdge}
	head := HeadOf(&e)
	head.Sign(key)
	receipt := Receipt{Head: HeadOf(&e), ReceivedAt: sampleTime}
	receipt.Sign(key)
	if err := head.Verify(public); err != nil {
		t.Fatal(err)
	}
	if err := receipt.Verify(public); err != nil {
		t.Fatal(err)
	}
	if head.Verify(other.Public().(ed25519.PublicKey)) == nil || receipt.Verify(nil) == nil {
		t.Error("another key verifies")
	}
	passing := Receipt{Head: head, ReceivedAt: sampleTime}
	if passing.Verify(public) == nil {
		t.Error("a head passes for a receipt")
	}
	changes := []func(r *Receipt){
		func(r *Receipt) { r.TenantID[0]++ }, func(r *Receipt) { r.SessionID[0]++ }, func(r *Receipt) { r.Epoch++ }, func(r *Receipt) { r.Sequence++ },
		func(r *Receipt) { r.Hash[31]++ }, func(r *Receipt) { r.EdgeID[0]++ }, func(r *Receipt) { r.KeyID[0]++ }, func(r *Receipt) { r.ReceivedAt++ },
	}
	for i, change := range changes {
		r, h := receipt, Receipt{Head: head}
		change(&r)
		change(&h)
		if r.Verify(public) == nil || i < 7 && h.Head.Verify(public) == nil {
			t.Errorf("change %d is not noticed", i)
		}
	}
}
