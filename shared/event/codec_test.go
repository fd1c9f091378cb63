package event

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestEncodeRefuses(t *testing.T) {
	type float struct {
		X float64 `json:"x"`
	}
	for name, v := range map[string]any{
		"text that is not UTF-8": &MediaMoved{Server: "a\xff"}, "lone surrogate": &MediaMoved{Server: "\xed\xa0\x80"}, "U+0000": &MediaMoved{Server: "\x00"},
		"text in a list": &ParticipantJoined{Grants: []string{"ok", "\xc3"}}, "text below": &LayoutChanged{Layout: Layout{Name: "\xff"}},
		"unsealed": &ChatMessage{Content: Plain("x")}, "unsealed below": &WhiteboardUpdated{Operations: []Operation{{Stroke: &Stroke{Text: Plain("x")}}}},
		"fraction": &float{1.5}, "too long": &MediaMoved{Server: strings.Repeat("x", MaxPayload)}, "no pointer": MediaMoved{}, "nil": nil,
	} {
		if b, err := Encode(v); err == nil {
			t.Errorf("%s was encoded as %.80s", name, b)
		}
	}
	b, err := Encode(&MediaMoved{Server: "<&>\u2028�🙂\"\\"})
	if err != nil || string(b) != `{"server":"<&>\u2028�🙂\"\\"}` {
		t.Errorf("%s (%v)", b, err)
	}
}

func TestDecodeIsTolerantToWhatComesLater(t *testing.T) {
	for name, test := range map[string]struct {
		typ     string
		version int64
		payload string
		want    any
	}{
		"unknown type":     {"quiz.opened", 1, `{"x":1}`, nil},
		"later version":    {TypeMediaMoved, 2, `{"server":{"name":"a"}}`, nil},
		"unknown fields":   {TypeMediaMoved, 1, `{"later":{"a":[1,{"b":null}]},"server":"a","x":[]}`, &MediaMoved{Server: "a"}},
		"other order":      {TypeConsentGiven, 1, ` { "purpose" : "recording" , "userId" : "0190a7c8-5e2b-7cc0-8000-000000000005" } `, &ConsentGiven{UserID: sampleStudent, Purpose: "recording"}},
		"escaped name":     {TypeMediaMoved, 1, `{"\u0073erver":"a"}`, &MediaMoved{Server: "a"}},
		"null is empty":    {TypePollVoted, 1, `{"choices":null,"answer":null,"userId":null,"voters":null}`, &PollVoted{}},
		"names are exact":  {TypeMediaMoved, 1, `{"Server":"a"}`, &MediaMoved{}},
		"escapes":          {TypeMediaMoved, 1, `{"server":"\u00e9\ud83d\ude42\/\"\\\b\f\n\r\t"}`, &MediaMoved{Server: "é🙂/\"\\\b\f\n\r\t"}},
		"missing fields":   {TypeMediaMoved, 1, `{}`, &MediaMoved{}},
		"negative numbers": {TypePollVoted, 1, `{"voters":-9007199254740991}`, &PollVoted{Voters: -9007199254740991}},
	} {
		got, err := Decode(test.typ, test.version, []byte(test.payload))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v (%v)", name, got, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, payload := range map[string]string{
		"nothing": "", "null": "null", "list": "[]", "half": `{"server":"a"`, "two": `{} {}`, "comma": `{"server":"a",}`, "no colon": `{"server" "a"}`, "wrong type": `{"server":1}`,
		"fraction": `{"x":1.0}`, "exponent": `{"x":1e5}`, "leading zero": `{"x":01}`, "plus": `{"x":+1}`, "minus": `{"x":-}`, "not UTF-8": "{\"x\":\"\xff\"}", "raw newline": "{\"x\":\"\n\"}",
		"U+0000": `{"x":"\u0000"}`, "lone high": `{"x":"\ud800"}`, "high, then text": `{"x":"\ud800a"}`, "two high": `{"x":"\ud800\ud800"}`, "lone low": `{"x":"\udc00"}`, "bad escape": `{"x":"\x"}`,
		"short escape": `{"x":"\u12"}`, "word": `{"x":nul}`, "deep": `{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", "byte order mark": "\ufeff{}",
		"long": `{"x":"` + strings.Repeat("x", MaxPayload) + `"}`, "U+0000 in a name": `{"\u0000":1}`,
		"name twice": `{"server":"a","server":"a"}`, "unknown name twice": `{"x":1,"y":2,"x":3}`, "name twice below": `{"x":[{"a":{},"a":{}}]}`, "name twice in two ways": `{"\u0078":1,"x":1}`,
		"13th name twice": `{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"m":0}`,
		"large":           `{"x":9007199254740992}`, "large below": `{"x":[-9007199254740992]}`, "very large": `{"x":10000000000000000}`, "minus zero": `{"x":-0}`,
	} {
		if got, err := Decode(TypeMediaMoved, 1, []byte(payload)); !errors.Is(err, ErrPayload) {
			t.Errorf("%s became %+v (%v)", name, got, err)
		}
		if err := CheckPayload([]byte(payload)); (err == nil) != (name == "wrong type") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for typ, payload := range map[string]string{
		TypePollVoted:      `{"voters":9007199254740992}`,
		TypeConsentGiven:   `{"userId":"0190A7C8-5e2b-7cc0-8000-000000000005"}`,
		TypeSessionStarted: `{"startedAt":"yesterday"}`,
		TypeBoardCleared:   `{"checksum":"00"}`,
		TypeChatMessage:    `{"content":{"keyId":"0190a7c8-5e2b-7cc0-8000-000000000005"}}`,
		TypeNoteAdded:      `{"content":["a"]}`,
	} {
		if got, err := Decode(typ, 1, []byte(payload)); !errors.Is(err, ErrPayload) {
			t.Errorf("%s became %+v (%v)", typ, got, err)
		}
	}
	if _, err := Decode(TypeMediaMoved, 0, []byte("{}")); err == nil {
		t.Error("version 0 was decoded")
	}
}

func TestOpenEventsGivesAllEvents(t *testing.T) {
	log := sampleChain(t)
	ring := newTestRing()
	if _, err := ring.Current(sampleTenant, sampleTeacher); err != nil {
		t.Fatal(err)
	}
	opened, err := OpenEvents(log, ring)
	if err != nil || len(opened) != len(log) {
		t.Fatal(err)
	}
	for i := range log {
		one, err := OpenEvent(&log[i], ring)
		if err != nil || !reflect.DeepEqual(one, opened[i]) || one.Sequence != int64(i+1) {
			t.Errorf("%+v is not %+v (%v)", one, opened[i], err)
		}
	}
	if opened[0].Payload.(*SessionScheduled).Title.V != "Zahlentheorie" {
		t.Error("the title is not open")
	}
	opened, err = OpenEvents(log, newTestRing())
	if !errors.Is(err, ErrNoKey) || len(opened) != len(log) || opened[0].Payload.(*SessionScheduled).Title.Sealed == nil || opened[1].Payload == nil {
		t.Errorf("%+v (%v)", opened, err)
	}
	counting := &countingRing{testRing: ring}
	if _, err := OpenEvents(append(log, log[0], log[0]), counting); err != nil || counting.asked != 1 {
		t.Errorf("the key was asked for %d times (%v)", counting.asked, err)
	}
	log[1].TenantID[0]++
	if _, err := OpenEvents(log, ring); err == nil {
		t.Error("events of two tenants were opened together")
	}
}

// The members that readers of logs rely on are the ones that encoding/json writes: here for each type.
func TestDecodeAgreesWithEncodingJSON(t *testing.T) {
	for _, typ := range types {
		g, err := goldenEvent(typ)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{g.Payload, string(g.Opened)} {
			want := typ.New()
			if err := json.Unmarshal([]byte(text), want); err != nil {
				t.Fatal(err)
			}
			if got, err := Decode(typ.Name, 1, []byte(text)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, want %+v (%v)", typ.Name, got, want, err)
			}
		}
	}
}

// countingRing counts how often a key was asked for.
type countingRing struct {
	*testRing
	asked int
}

func (r *countingRing) Get(tenant, keyID ID) (PersonKey, error) {
	r.asked++
	return r.testRing.Get(tenant, keyID)
}
