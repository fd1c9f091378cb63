package event

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
)

// standard is encoding/json alone, but for the inside of personal fields.
func standard(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), err
}

func sameJSON(t *testing.T, v any) {
	t.Helper()
	got, err := marshal(v)
	want, wantErr := standard(v)
	if (err != nil) != (wantErr != nil) || err == nil && !bytes.Equal(got, want) {
		t.Fatalf("%T:\n got %s, %v\nwant %s, %v", v, got, err, want, wantErr)
	}
}

type embedded struct {
	A string
	B *int64 `json:"b,omitempty"`
}

type oddForm struct {
	embedded
	Any     any            `json:"any"`
	Float   float64        `json:"float,omitempty"`
	Bytes   []byte         `json:"bytes"`
	Map     map[string]int `json:"map,omitempty"`
	Raw     json.RawMessage
	Lists   [][]string `json:"lists"`
	Array   [2]ID      `json:"array,omitempty"`
	When    Time       `json:"when,omitzero"`
	Sum     *Hash      `json:"sum"`
	Name    Text       `json:"name,omitzero"`
	Names   Personal[[]string]
	By      *Text       `json:"by,omitempty"`
	Hidden  string      `json:"-"`
	Quoted  int         `json:"quoted,string"`
	Small   uint8       `json:"small"`
	Yes     bool        `json:"yes,omitempty"`
	Itself  *oddForm    `json:"itself,omitempty"`
	Copies  []*embedded `json:"copies"`
	Members []struct{ X, Y int16 }
}

// evenForm is oddForm without what makes a struct be left to encoding/json as a whole.
type evenForm struct {
	embedded
	Any   any        `json:"any"`
	Lists [][]string `json:"lists"`
	Array [2]ID      `json:"array,omitempty"`
	When  Time       `json:"when,omitzero"`
	Sum   *Hash      `json:"sum"`
	Name  Text       `json:"name,omitzero"`
	Names Personal[[]string]
	By    *Text       `json:"by,omitempty"`
	Odd   oddForm     `json:"oddForm,omitzero"`
	Ptr   *oddForm    `json:"ptr"`
	Copy  []*embedded `json:"copy,omitempty"`
	Yes   bool        `json:"yes,omitempty"`
	Bytes HexBytes    `json:"bytes,omitempty"`
}

// TestMarshalIsEncodingJSON: what is written is hashed, so it must not differ by a byte.
func TestMarshalIsEncodingJSON(t *testing.T) {
	for _, sample := range samples {
		sameJSON(t, sample)
		sameJSON(t, reflect.ValueOf(sample).Elem().Interface())
		sameJSON(t, reflect.New(reflect.TypeOf(sample).Elem()).Interface())
		sameJSON(t, &Copy{Type: "x", Payload: sample, ActorID: sampleStudent})
	}
	sameJSON(t, nil)
	sameJSON(t, (*evenForm)(nil))
	sameJSON(t, map[string]any{"b": Plain("<\x01>"), "a": 1.5, "c": []any{nil, sampleID(3), Time(-1), make(chan int)}})
}

// FuzzMarshal fills structs from bytes and compares.
func FuzzMarshal(f *testing.F) {
	f.Add("plain", []byte{1, 2, 3}, int64(1), true)
	f.Add("a\u2028b", []byte{0}, int64(0), true)
	f.Add("a\xffb", []byte{0}, int64(-1), true)
	f.Add("<&> \"\\ \x7f é🙂 \ufffd", []byte{0}, int64(1), false)
	f.Add("\u2028 \xff <&> \"\\\n\x00é🙂\x7f", []byte{}, int64(-62135596800000), false)
	f.Fuzz(func(t *testing.T, text string, raw []byte, n int64, yes bool) {
		var id ID
		var sum Hash
		copy(id[:], raw)
		copy(sum[:], raw)
		named := Plain(text)
		in := embedded{A: text}
		if yes {
			in.B = &n
		}
		o := oddForm{embedded: in, Any: text, Float: float64(n) / 3, Bytes: raw, Lists: [][]string{nil, {}, {text, ""}}, Array: [2]ID{id}, When: Time(n % 1e13),
			Sum: &sum, Name: named, Names: Plain([]string{text}), By: &named, Quoted: int(n), Small: uint8(n), Yes: yes, Copies: []*embedded{nil, &in}}
		e := evenForm{embedded: in, Any: &o, Lists: o.Lists, Array: o.Array, When: o.When, Name: named, Names: o.Names, Yes: yes, Copy: o.Copies, Bytes: raw}
		if yes {
			e.Name, e.By, e.Any, e.Sum = Text{Erased: true}, &Text{Sealed: &Sealed{KeyID: id, Nonce: raw, Ciphertext: raw}}, in, &sum
			e.Odd, e.Ptr, o.Itself = o, &o, &oddForm{}
		}
		sameJSON(t, o)
		sameJSON(t, &o)
		sameJSON(t, e)
		sameJSON(t, &e)
		sameJSON(t, []any{text, n, yes, id, sum, Time(n % 1e13), named, &named, []evenForm{e}, [1]embedded{in}, raw, HexBytes(raw)})
	})
}

// raw writes its own JSON, in both ways.
type raw []byte

func (r raw) MarshalJSON() ([]byte, error)          { return r, nil }
func (r raw) AppendJSON(dst []byte) ([]byte, error) { return append(dst, r...), nil }

// TestMarshalOfOthers: types elsewhere that write their own JSON are taken as they are, addressable or not.
func TestMarshalOfOthers(t *testing.T) {
	view := raw(`{"a":[1,2,"<>"]}`)
	type answer struct {
		View raw   `json:"view"`
		More []raw `json:"more"`
	}
	for _, v := range []any{view, answer{view, []raw{view, view}}, &answer{view, nil}} {
		sameJSON(t, v)
		appended, err := Append([]byte("x"), v)
		if want, _ := standard(v); err != nil || string(appended) != "x"+string(want) {
			t.Errorf("%T: appended %s, %v", v, appended, err)
		}
	}
}
