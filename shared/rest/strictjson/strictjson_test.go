package strictjson_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest/strictjson"
)

type stroke struct {
	Color  string `json:"color" limit:"mark_title"`
	Points []int  `json:"points" limit:"poll_options" each:"coordinate"`
}

type operation struct {
	Op     string   `json:"op" enum:"draw,erase"`
	ID     event.ID `json:"strokeId"`
	Stroke *stroke  `json:"stroke,omitempty" optional:"true"`
}

type common struct {
	Note string `json:"note,omitzero" optional:"true"`
}

type sample struct {
	common
	Content string      `json:"content" limit:"poll_option"`
	SceneID event.ID    `json:"sceneId"`
	At      event.Time  `json:"at,omitzero" optional:"true"`
	Title   event.Text  `json:"title,omitzero" optional:"true" limit:"title" personal:"actor"`
	Slow    *int        `json:"slow,omitempty" optional:"true" limit:"slow_seconds"`
	Open    bool        `json:"open,omitzero" optional:"true"`
	Kinds   []string    `json:"kinds,omitempty" optional:"true" limit:"poll_options" enum:"a,b"`
	Ops     []operation `json:"operations,omitempty" optional:"true" limit:"board_operations"`
}

const (
	depth = 8
	id    = "0190a7c8-5e2b-7cc0-8000-000000000001"
	good  = `{"content":"é😀","sceneId":"` + id + `"`
)

func read(text string, path map[string]string) (sample, error) {
	var s sample
	o, err := strictjson.Parse([]byte(text), depth)
	if err != nil {
		return s, err
	}
	return s, strictjson.Bind(o, path, &s)
}

func TestBad(t *testing.T) {
	long := strings.Repeat("ä", 121)
	for name, c := range map[string]struct {
		text, field string
		code        fault.Code
	}{
		"nothing":            {"", "", fault.InvalidBody},
		"space":              {" \n", "", fault.InvalidBody},
		"not JSON":           {"hello", "", fault.InvalidBody},
		"array":              {"[]", "", fault.InvalidBody},
		"null":               {"null", "", fault.InvalidBody},
		"cut":                {`{"content":"x`, "content", fault.InvalidBody},
		"cut object":         {`{"content":"x"`, "", fault.InvalidBody},
		"two documents":      {good + `}{}`, "", fault.InvalidBody},
		"trailing text":      {good + `} x`, "", fault.InvalidBody},
		"trailing NUL":       {good + "}\x00", "", fault.InvalidBody},
		"trailing comma":     {good + `,}`, "", fault.InvalidBody},
		"comma in list":      {good + `,"kinds":["a","b",]}`, "kinds[2]", fault.InvalidBody},
		"no colon":           {`{"content" "x"}`, "", fault.InvalidBody},
		"single quotes":      {`{'content':"x"}`, "", fault.InvalidBody},
		"comment":            {`{/*x*/"content":"x"}`, "", fault.InvalidBody},
		"byte order mark":    {"\ufeff" + good + `}`, "", fault.InvalidBody},
		"broken UTF-8":       {"{\"content\":\"a\xff\"}", "content", fault.InvalidBody},
		"half UTF-8":         {"{\"content\":\"a\xc3\"}", "content", fault.InvalidBody},
		"surrogate in UTF-8": {"{\"content\":\"\xed\xa0\x80\"}", "content", fault.InvalidBody},
		"overlong UTF-8":     {"{\"content\":\"\xc0\xaf\"}", "content", fault.InvalidBody},
		"UTF-16":             {"{\x00\"\x00c\x00", "", fault.InvalidBody},
		"broken name":        {"{\"c\xff\":1}", "", fault.InvalidBody},
		"U+0000":             {`{"content":"a\u0000"}`, "content", fault.InvalidBody},
		"U+0000 in a name":   {`{"a\u0000":1}`, "", fault.InvalidBody},
		"raw NUL":            {"{\"content\":\"a\x00\"}", "content", fault.InvalidBody},
		"raw line break":     {"{\"content\":\"a\nb\"}", "content", fault.InvalidBody},
		"high surrogate":     {`{"content":"\ud83d"}`, "content", fault.InvalidBody},
		"low surrogate":      {`{"content":"\ude00"}`, "content", fault.InvalidBody},
		"surrogate and text": {`{"content":"\ud83dx"}`, "content", fault.InvalidBody},
		"two high ones":      {`{"content":"\ud83d\ud83d"}`, "content", fault.InvalidBody},
		"bad escape":         {`{"content":"\x41"}`, "content", fault.InvalidBody},
		"short escape":       {`{"content":"\u00"}`, "content", fault.InvalidBody},
		"leading zero":       {good + `,"slow":01}`, "", fault.InvalidBody},
		"plus":               {good + `,"slow":+1}`, "slow", fault.InvalidBody},
		"NaN":                {good + `,"slow":NaN}`, "slow", fault.InvalidBody},
		"twice":              {good + `,"content":"y"}`, "content", fault.InvalidBody},
		"twice by escape":    {good + `,"c\u006fntent":"y"}`, "content", fault.InvalidBody},
		"twice below":        {good + `,"operations":[{"op":"draw","op":"draw"}]}`, "operations[0].op", fault.InvalidBody},
		"deep":               {`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + "}", "a" + strings.Repeat("[0]", depth-1), fault.InvalidBody},
		"very deep":          {`{"a":` + strings.Repeat("[", 100_000), "", fault.InvalidBody},
		"long name":          {`{"` + strings.Repeat("n", 101) + `":1}`, "", fault.InvalidBody},

		"unknown":          {good + `,"surprise":1}`, "surprise", fault.UnknownField},
		"other case":       {good + `,"Content":"x"}`, "Content", fault.UnknownField},
		"unknown below":    {good + `,"operations":[{"op":"draw","strokeId":"` + id + `","x":1}]}`, "operations[0].x", fault.UnknownField},
		"embedded by name": {good + `,"common":{}}`, "common", fault.UnknownField},

		"missing":          {`{"sceneId":"` + id + `"}`, "content", fault.InvalidField},
		"missing below":    {good + `,"operations":[{"op":"draw"}]}`, "operations[0].strokeId", fault.InvalidField},
		"null where asked": {`{"content":null}`, "content", fault.InvalidField},
		"number for text":  {`{"content":1}`, "content", fault.InvalidField},
		"object for text":  {`{"content":{}}`, "content", fault.InvalidField},
		"text for number":  {good + `,"slow":"1"}`, "slow", fault.InvalidField},
		"fraction":         {good + `,"slow":1.5}`, "slow", fault.InvalidField},
		"whole fraction":   {good + `,"slow":1.0}`, "slow", fault.InvalidField},
		"exponent":         {good + `,"slow":1e2}`, "slow", fault.InvalidField},
		"minus zero":       {good + `,"slow":-0}`, "slow", fault.InvalidField},
		"huge number":      {good + `,"slow":99999999999999999999}`, "slow", fault.InvalidField},
		"beyond a number":  {good + `,"slow":601}`, "slow", fault.InvalidField},
		"below a number":   {good + `,"slow":-1}`, "slow", fault.InvalidField},
		"one for true":     {good + `,"open":1}`, "open", fault.InvalidField},
		"text for list":    {good + `,"kinds":"a"}`, "kinds", fault.InvalidField},
		"list for object":  {good + `,"operations":[[]]}`, "operations[0]", fault.InvalidField},
		"short list":       {good + `,"kinds":["a"]}`, "kinds", fault.InvalidField},
		"long list":        {good + `,"kinds":["a"` + strings.Repeat(`,"a"`, 10) + `]}`, "kinds", fault.InvalidField},
		"not in the set":   {good + `,"kinds":["a","c"]}`, "kinds[1]", fault.InvalidField},
		"no op":            {good + `,"operations":[{"op":"burn"}]}`, "operations[0].op", fault.InvalidField},
		"too large below":  {good + `,"operations":[{"op":"draw","strokeId":"` + id + `","stroke":{"color":"","points":[0,65536]}}]}`, "operations[0].stroke.points[1]", fault.InvalidField},
		"empty text":       {`{"content":""}`, "content", fault.InvalidField},
		"long text":        {`{"content":"` + long + `"}`, "content", fault.InvalidField},
		"long, no limit":   {good + `,"note":"` + strings.Repeat("x", strictjson.MaxText+1) + `"}`, "note", fault.InvalidField},
		"empty id":         {`{"content":"x","sceneId":""}`, "sceneId", fault.InvalidField},
		"id of zeros":      {`{"content":"x","sceneId":"00000000-0000-0000-0000-000000000000"}`, "sceneId", fault.InvalidField},
		"id in braces":     {`{"content":"x","sceneId":"{` + id + `}"}`, "sceneId", fault.InvalidField},
		"not a time":       {good + `,"at":"tomorrow"}`, "at", fault.InvalidField},
		"time as number":   {good + `,"at":1764000000000}`, "at", fault.InvalidField},
		"erased by client": {good + `,"title":{"erased":true}}`, "title", fault.InvalidField},
		"sealed by client": {good + `,"title":{"keyId":"` + id + `","nonce":"","ciphertext":""}}`, "title", fault.InvalidField},
	} {
		_, err := read(c.text, nil)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		f := fault.Of(err)
		field := f.Field
		if name == "very deep" {
			field = ""
		}
		if f.Code != c.code || field != c.field || !strings.Contains(f.Message, "Nothing was changed") {
			t.Errorf("%s: got %s at %q (%s), want %s at %q", name, f.Code, f.Field, f.Message, c.code, c.field)
		}
	}
}

func TestGood(t *testing.T) {
	slow := 600
	want := sample{
		common: common{Note: "n"}, Content: "é😀\"\\/\b", SceneID: event.MustID(id), At: 1795421700123, Title: event.Plain("T"),
		Slow: &slow, Open: true, Kinds: []string{"b", "a"},
		Ops: []operation{{Op: "erase", ID: event.MustID(id)}, {Op: "draw", ID: event.MustID(id), Stroke: &stroke{Points: []int{0, 65535}}}},
	}
	got, err := read(` {"content" : "\u00e9\ud83d\uDE00\"\\\/\b", "sceneId":"`+id+`","at":"2026-11-23T09:15:00.123456+01:00","title":"T",
		"slow":600,"open":true,"kinds":["b","a"],"note":"n","operations":[{"op":"erase","strokeId":"`+id+`","stroke":null},
		{"op":"draw","strokeId":"`+id+`","stroke":{"color":"","points":[ 0 , 65535 ]}}]} `, nil)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestAddress(t *testing.T) {
	path := map[string]string{"sceneId": id}
	for text, field := range map[string]string{
		`{"content":"x"}`:                        "",
		`{"content":"x","sceneId":"` + id + `"}`: "",
		`{"content":"x","sceneId":"0190a7c8-5e2b-7cc0-8000-00000000000f"}`: "sceneId",
		`{"content":"x","sceneId":null}`:                                   "sceneId",
	} {
		got, err := read(text, path)
		if field == "" && (err != nil || got.SceneID.String() != id) || field != "" && (err == nil || fault.Of(err).Field != field) {
			t.Errorf("%s: got %v, %v", text, got.SceneID, err)
		}
	}
	if _, err := read(`{"content":"x"}`, map[string]string{"sceneId": "../etc"}); err == nil || fault.Of(err).Field != "sceneId" {
		t.Errorf("a bad id in the address: got %v", err)
	}
}

// FuzzBind holds the reader to the standard library and to its own schema: what it accepts, both accept.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{good + "}", good + `,"slow":5}`, good + `,"operations":[{"op":"draw","strokeId":"` + id + `"}]}`,
		`{"content":"\ud83d\ude00"}`, `{"a":[1,2,{"b":null}]}`, `{`, `{"a":1,"a":2}`, "{\"\xff\":1}"} {
		f.Add(seed)
	}
	schema, err := strictjson.Schema(reflect.TypeFor[sample]()).Resolve(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := strictjson.Parse([]byte(text), depth)
		if err != nil {
			if c := fault.Of(err).Code; c != fault.InvalidBody {
				t.Fatalf("%q: refused as %s", text, c)
			}
			return
		}
		var standard map[string]any
		if err := json.Unmarshal([]byte(text), &standard); err != nil || len(standard) != len(o.Members) {
			t.Fatalf("%q: accepted with %d fields, the standard library says %d, %v", text, len(o.Members), len(standard), err)
		}
		var s sample
		if err := strictjson.Bind(o, nil, &s); err != nil {
			if c := fault.Of(err).Code; c != fault.InvalidField && c != fault.UnknownField {
				t.Fatalf("%q: refused as %s", text, c)
			}
			return
		}
		if err := schema.Validate(standard); err != nil {
			t.Fatalf("%q: accepted, but not by the schema: %v", text, err)
		}
		if _, err := event.CanonicalJSON(&s); err != nil {
			t.Fatalf("%q: accepted, but has no canonical form: %v", text, err)
		}
	})
}
