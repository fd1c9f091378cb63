package event

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

var sampleContext = Context{TenantID: sampleTenant, SessionID: sampleSession, Document: string(sampleMessage[:]), Actor: sampleTeacher}

// clone copies a payload through JSON.
func clone[T any](t testing.TB, v *T) *T {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out := new(T)
	if err := json.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEverySampleSealsAndOpens(t *testing.T) {
	ring := newTestRing()
	for name, sample := range samples {
		before, _ := json.Marshal(sample)
		sealed, err := SealCopy(sample, sampleContext, ring)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if after, _ := json.Marshal(sample); string(before) != string(after) {
			t.Errorf("%s: SealCopy changed its argument", name)
		}
		b, err := Encode(sealed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, text := range []string{"Ada", "Zahlentheorie", "√2", "q.e.d.", "Ringe", "böse", "krank", "häßlich", "school.example"} {
			if strings.Contains(string(b), text) {
				t.Errorf("%s: %q can be read in %s", name, text, b)
			}
		}
		back, err := Decode(name, 1, b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := Open(back, sampleContext, ring); err != nil || !reflect.DeepEqual(back, sample) {
			t.Errorf("%s came back as %+v (%v)", name, back, err)
		}
		typ, _ := TypeOf(name)
		if _, err := Encode(sample); (err == nil) != !hasPersonal(sample) {
			t.Errorf("%s version %d was encoded unsealed: %v", name, typ.Version, err)
		}
	}
}

func hasPersonal(v any) bool { return refusePlain(v) != nil }

func TestFieldsAreSealedUnderTheirPerson(t *testing.T) {
	ring := newTestRing()
	keyOf := func(person ID) ID {
		k, err := ring.Current(sampleTenant, person)
		if err != nil {
			t.Fatal(err)
		}
		return k.ID
	}
	report := clone(t, samples[TypeMessageReported].(*MessageReported))
	if err := Seal(report, sampleContext, ring); err != nil {
		t.Fatal(err)
	}
	if report.Note.Sealed.KeyID != keyOf(sampleStudent) || report.Content.Sealed.KeyID != keyOf(sampleParent) {
		t.Error("a report's note belongs to who reported, its content to the author")
	}
	poll := clone(t, samples[TypePollStarted].(*PollStarted))
	caption := &CaptionSegment{Text: Plain("hm")}
	for _, test := range []struct {
		actor, want ID
	}{{sampleTeacher, sampleTeacher}, {ID{}, sampleTenant}} {
		ctx := sampleContext
		ctx.Actor = test.actor
		p, c := clone(t, poll), clone(t, caption)
		if err := errors.Join(Seal(p, ctx, ring), Seal(c, ctx, ring)); err != nil {
			t.Fatal(err)
		}
		if p.Options[1].Text.Sealed.KeyID != keyOf(test.want) || c.Text.Sealed.KeyID != keyOf(test.want) {
			t.Errorf("actor %q: option or caption without speaker under another key", test.actor)
		}
	}
	page := &BoardPage{Strokes: []BoardStroke{{ID: sampleStroke, UserID: sampleStudent, Stroke: Stroke{Text: Plain("x")}}}}
	if err := Seal(page, sampleContext, ring); err != nil {
		t.Fatal(err)
	}
	if page.Strokes[0].Stroke.Text.Sealed.KeyID != keyOf(sampleStudent) {
		t.Error("a stroke's text belongs to who drew it, not to the actor")
	}
}

// state stands for what a snapshot holds: maps by text and by id, pointers, embedded structs, an interface.
type state struct {
	Roster map[ID]*entry    `json:"roster"`
	Names  map[string]entry `json:"names"`
	inner
	Last any     `json:"last,omitempty"`
	None *entry  `json:"none"`
	Free []entry `json:"free"`
}

type inner struct {
	Title Text `json:"title" personal:"actor"`
}

type entry struct {
	ID   ID                `json:"id"`
	Name Text              `json:"name" personal:"id"`
	Said []Personal[[]int] `json:"-"`
}

func TestStateIsSealedInACopy(t *testing.T) {
	ring := newTestRing()
	open := func() *state {
		return &state{
			Roster: map[ID]*entry{sampleStudent: {ID: sampleStudent, Name: Plain("Ada")}}, Names: map[string]entry{"x": {ID: sampleParent, Name: Plain("Byron")}},
			inner: inner{Title: Plain("Ringe")}, Last: &entry{ID: sampleStudent, Name: Plain("Lady")}, Free: []entry{{}, {ID: sampleStudent, Name: Plain("L")}},
		}
	}
	ctx := SnapshotContext(sampleTenant, sampleSession, Position{Epoch: 2, Sequence: 77})
	if ctx.Document != "snapshot:2.77" {
		t.Error(ctx.Document)
	}
	original := open()
	sealed, err := SealCopy(original, ctx, ring)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(original, open()) {
		t.Errorf("the original was changed: %+v", original)
	}
	b, err := EncodeState(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), `"ciphertext"`); n != 5 {
		t.Errorf("%d fields are sealed in %s", n, b)
	}
	back := &state{Last: &entry{}}
	if err := json.Unmarshal(b, back); err != nil {
		t.Fatal(err)
	}
	if err := Open(back, ctx, ring); err != nil || !reflect.DeepEqual(back, open()) {
		t.Errorf("came back as %+v (%v)", back, err)
	}
	if err := Open(sealed, SnapshotContext(sampleTenant, sampleSession, Position{Epoch: 2, Sequence: 78}), ring); !errors.Is(err, ErrTampered) {
		t.Errorf("opened as another snapshot: %v", err)
	}
}

func TestSealedFieldsBelongToTheirPlace(t *testing.T) {
	ring := newTestRing()
	sealed := clone(t, &sampleText)
	if err := Seal(sealed, sampleContext, ring); err != nil {
		t.Fatal(err)
	}
	changes := map[string]func(m *ChatMessage, ctx *Context){
		"another tenant":  func(_ *ChatMessage, ctx *Context) { ctx.TenantID[0]++ },
		"another session": func(_ *ChatMessage, ctx *Context) { ctx.SessionID[0]++ },
		"another event":   func(_ *ChatMessage, ctx *Context) { ctx.Document = string(sampleReport[:]) },
		"another path":    func(m *ChatMessage, _ *Context) { m.Content, m.DisplayName = m.DisplayName, m.Content },
		"ciphertext":      func(m *ChatMessage, _ *Context) { m.Content.Sealed.Ciphertext[0] ^= 1 },
		"tag":             func(m *ChatMessage, _ *Context) { c := m.Content.Sealed.Ciphertext; c[len(c)-1] ^= 1 },
		"nonce":           func(m *ChatMessage, _ *Context) { m.Content.Sealed.Nonce[11] ^= 1 },
		"short nonce":     func(m *ChatMessage, _ *Context) { m.Content.Sealed.Nonce = nil },
		"no ciphertext":   func(m *ChatMessage, _ *Context) { m.Content.Sealed.Ciphertext = nil },
	}
	for name, change := range changes {
		m, ctx := clone(t, sealed), sampleContext
		change(m, &ctx)
		err := Open(m, ctx, ring)
		if !errors.Is(err, ErrTampered) || !strings.Contains(err.Error(), "content") || m.Content.Sealed == nil || m.Content.V != "" {
			t.Errorf("%s: %v", name, err)
		}
		if name == "tag" && m.DisplayName.V != "Ada" {
			t.Errorf("%s: the other field was not opened", name)
		}
	}
	board := clone(t, samples[TypeWhiteboardUpdated].(*WhiteboardUpdated))
	board.Operations[0].Stroke.Text = Plain("first")
	if err := Seal(board, sampleContext, ring); err != nil {
		t.Fatal(err)
	}
	board.Operations[0].Stroke, board.Operations[1].Stroke = board.Operations[1].Stroke, board.Operations[0].Stroke
	if err := Open(board, sampleContext, ring); err == nil || !strings.Contains(err.Error(), "operations.0.stroke.text") {
		t.Errorf("strokes changed places: %v", err)
	}
}

func TestErasedAndUnknownKeys(t *testing.T) {
	ring := newTestRing()
	sealed := clone(t, samples[TypeMessageReported].(*MessageReported))
	if err := Seal(sealed, sampleContext, ring); err != nil {
		t.Fatal(err)
	}
	ring.erase(sampleParent)
	m := clone(t, sealed)
	if err := Open(m, sampleContext, ring); err != nil || !m.Content.Erased || m.Content.Sealed != nil || m.Note.V != "bitte ansehen" {
		t.Errorf("%+v (%v)", m, err)
	}
	if b, err := json.Marshal(m.Content); err != nil || string(b) != `{"erased":true}` {
		t.Errorf("%s", b)
	}
	// What quotes an erased field keeps the mark, and can be stored.
	if err := Seal(m, sampleContext, ring); err != nil || !m.Content.Erased || m.Note.Sealed == nil {
		t.Errorf("%+v (%v)", m, err)
	}
	if _, err := Encode(m); err != nil {
		t.Error(err)
	}
	if err := Seal(clone(t, samples[TypeMessageReported].(*MessageReported)), sampleContext, ring); !errors.Is(err, ErrErased) {
		t.Errorf("sealed for an erased person: %v", err)
	}
	m = clone(t, sealed)
	if err := Open(m, sampleContext, newTestRing()); !errors.Is(err, ErrNoKey) || errors.Is(err, ErrErased) || m.Content.Sealed == nil {
		t.Errorf("%+v (%v)", m, err)
	}
}

func TestSealRefuses(t *testing.T) {
	ring := newTestRing()
	twice := clone(t, &sampleText)
	if err := Seal(twice, sampleContext, ring); err != nil {
		t.Fatal(err)
	}
	type untagged struct{ Name Text }
	type astray struct {
		Name Text `json:"name" personal:"userId"`
	}
	type wrongKind struct {
		UserID string `json:"userId"`
		Name   Text   `json:"name" personal:"userId"`
	}
	type knot struct{ Next *knot }
	for name, v := range map[string]any{
		"sealed already": twice, "not UTF-8": &ChatMessage{Content: Plain("\xff")}, "U+0000": &ChatMessage{Content: Plain("a\x00")},
		"lone surrogate": &ChatMessage{Content: Plain("\xed\xa0\x80")}, "no pointer": sampleText, "nil": nil, "nil pointer": (*ChatMessage)(nil),
		"no tag": &untagged{}, "tag without a sibling": &astray{}, "sibling that is no id": &wrongKind{}, "type within itself": &knot{},
		"personal value in an interface": &state{Last: sampleText},
	} {
		if err := Seal(v, sampleContext, ring); err == nil {
			t.Errorf("%s was sealed", name)
		}
	}
	for _, empty := range []any{&ChatMessage{}, &PollVoted{}, &PollVoted{Answer: Plain([]int{})}} {
		if err := Seal(empty, sampleContext, failingRing{}); err != nil {
			t.Errorf("an empty field was sealed: %v", err)
		}
	}
}

// failingRing has no key for anybody.
type failingRing struct{}

func (failingRing) Current(_, _ ID) (PersonKey, error)    { return PersonKey{}, ErrNoKey }
func (failingRing) Get(_, _ ID) (PersonKey, error)        { return PersonKey{}, ErrNoKey }
func (failingRing) Of(_, _ ID) ([]PersonKey, bool, error) { return nil, false, nil }

// A nonce never comes twice, or the texts of one key could be read.
func TestNoncesDiffer(t *testing.T) {
	ring := newTestRing()
	seen := map[string]bool{}
	for range 2000 {
		m := ChatMessage{UserID: sampleStudent, Content: Plain("x")}
		if err := Seal(&m, sampleContext, ring); err != nil {
			t.Fatal(err)
		}
		if n := string(m.Content.Sealed.Nonce); seen[n] || len(n) != nonceSize {
			t.Fatal("a nonce came twice")
		} else {
			seen[n] = true
		}
	}
}
