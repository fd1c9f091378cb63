package event

import (
	"encoding/base64"
	"strings"
	"testing"
)

// sealRaw makes the JSON of a field of e with any plaintext, also one that no writer makes.
func sealRaw(e *Event, path, plain string) string {
	key := PersonKey{ID: sampleID(0x50)}
	aad := append(newWalker(e.Context(), false).aad, path...)
	nonce := make([]byte, nonceSize)
	sealed := Sealed{KeyID: key.ID, Nonce: nonce, Ciphertext: key.cipher().Seal(nil, nonce, []byte(plain), aad)}
	return string(sealed.appendJSON(nil))
}

// What a bundle's fields may look like, and what they may open as.
func TestSealedFieldsOfABundle(t *testing.T) {
	e := Event{ID: sampleID(0x51), TenantID: sampleTenant, SessionID: sampleSession, Sequence: 7}
	good := sealRaw(&e, "a", `"x"`)
	const bad = "want a plain value"
	for name, test := range map[string]struct {
		field                   string
		opened, erased, unknown int
		want                    string
	}{
		"text":             {good, 1, 0, 0, ""},
		"other order":      {`{"nonce":"AAAAAAAAAAAAAAAA",` + good[strings.Index(good, `"ciphertext"`):len(good)-1] + `,"keyId":"` + sampleID(0x50).String() + `"}`, 1, 0, 0, ""},
		"list":             {sealRaw(&e, "a", ` [1,2] `), 1, 0, 0, ""},
		"moved":            {sealRaw(&e, "b", `"x"`), 0, 0, 0, "sequence 7: a: sealed field does not open"},
		"no JSON":          {sealRaw(&e, "a", `x`), 0, 0, 0, "sequence 7: a: "},
		"nothing":          {sealRaw(&e, "a", ``), 0, 0, 0, "sequence 7: a: "},
		"object":           {sealRaw(&e, "a", `{"erased":true}`), 0, 0, 0, "opens as what no field holds"},
		"not UTF-8":        {sealRaw(&e, "a", "\"\xff\""), 0, 0, 0, "opens as what no field holds"},
		"fraction":         {sealRaw(&e, "a", `[1.5]`), 0, 0, 0, "not an integer"},
		"name twice":       {sealRaw(&e, "a", `[{"x":1,"x":2}]`), 0, 0, 0, "comes twice"},
		"erased here":      {strings.Replace(good, sampleID(0x50).String(), sampleID(0x52).String(), 1), 0, 1, 0, ""},
		"key of others":    {strings.Replace(good, sampleID(0x50).String(), sampleID(0x53).String(), 1), 0, 0, 1, ""},
		"upper-case key":   {strings.Replace(good, "0190a7c8", "0190A7C8", 1), 0, 0, 0, "lower case"},
		"no key":           {strings.Replace(good, sampleID(0x50).String(), "", 1), 0, 0, 0, bad},
		"key is a number":  {strings.Replace(good, `"`+sampleID(0x50).String()+`"`, "1", 1), 0, 0, 0, bad},
		"short nonce":      {strings.Replace(good, "AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA=", 1), 0, 0, 0, bad},
		"short ciphertext": {good[:strings.Index(good, `ciphertext":"`)+13] + `AAAA"}`, 0, 0, 0, bad},
		"line break":       {good[:len(good)-4] + `\n` + good[len(good)-4:], 0, 0, 0, bad},
		"mark of erasure":  {`{"erased":true}`, 0, 0, 0, ""},
		"four members":     {good[:len(good)-1] + `,"x":1}`, 0, 0, 0, ""},
	} {
		c := bundleCheck{persons: map[ID]ExportedKey{
			sampleID(0x50): {KeyID: sampleID(0x50), PersonID: sampleStudent, Secret: make([]byte, 32)}, sampleID(0x52): {KeyID: sampleID(0x52), PersonID: sampleStudent, Erased: true},
		}}
		e.Payload = []byte(`{"a":` + test.field + `}`)
		c.openFields(&e)
		r, all := c.report, strings.Join(c.report.Failures, "\n")
		if r.Opened != test.opened || r.Erased != test.erased || r.Unknown != test.unknown || (all == "") != (test.want == "") || !strings.Contains(all, test.want) {
			t.Errorf("%s: %d opened, %d erased, %d unknown, %q", name, r.Opened, r.Erased, r.Unknown, all)
		}
	}
}

// The payload of a type is read as strictly: a personal field has one of its forms exactly.
func TestPersonalFormsAreExact(t *testing.T) {
	e := Event{ID: sampleID(0x51), TenantID: sampleTenant, SessionID: sampleSession}
	good := sealRaw(&e, "content", `"x"`)
	padded := base64.StdEncoding.EncodeToString(make([]byte, 17)) // ends in AA=
	for name, field := range map[string]string{
		"four members": good[:len(good)-1] + `,"x":1}`, "erased and more": `{"erased":true,"x":1}`, "erased and sealed": good[:len(good)-1] + `,"erased":true}`,
		"other letters": strings.Replace(good, "keyId", "keyID", 1), "not erased": `{"erased":false}`, "none": `{}`,
		"padding bits": `{"keyId":"` + sampleID(1).String() + `","nonce":"AAAAAAAAAAAAAAAA","ciphertext":"` + padded[:len(padded)-2] + `B="}`,
	} {
		if p, err := Decode(TypeNoteAdded, 1, []byte(`{"content":`+field+`}`)); err == nil {
			t.Errorf("%s became %+v", name, p)
		}
	}
}
