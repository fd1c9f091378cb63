package session_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// TestByHand holds the rules to vectors that were written by hand, from the specification and not from the code: before,
// the event, and of the state, of everybody's copy or view what matters. Each type has one at least. Whole states and views
// after the same events are in the golden vectors.
func TestByHand(t *testing.T) {
	files, err := filepath.Glob("testdata/byhand/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			v := readByHand(t, file)
			if typ := v.events[len(v.events)-1].Type; name != typ && !strings.HasPrefix(name, typ+".") {
				t.Fatalf("its event is %s", typ)
			}
			tried[v.events[len(v.events)-1].Type] = true
			v.check(t)
		})
	}
	for _, typ := range event.Types() {
		if !tried[typ.Name] {
			t.Errorf("%s has no vector written by hand", typ.Name)
		}
	}
}

// byHand is a vector: the last event is the one that it is about.
type byHand struct {
	events []event.Opened
	state  any
	views  []byHandView
}

type byHandView struct {
	names []string
	want  map[string]any // copy: part of it, "none" or "fresh"; view: part of it
}

var everybody = []string{"Rivera", "Tom", "Ida", "Ada", "Ben", "Wen", "Zoe"}

func readByHand(t *testing.T, file string) *byHand {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v := &byHand{}
	for _, f := range txtar.Parse(data).Files {
		switch f.Name {
		case "before", "event", "events":
			for _, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
				if start, ok := strings.CutPrefix(line, "use "); ok {
					v.events = append(v.events, readByHand(t, filepath.Join("testdata/byhand/starts", start+".txtar")).events...)
					continue
				}
				v.add(t, line)
			}
		case "state":
			v.state = jsonOf(t, f.Data)
		default:
			want, ok := jsonOf(t, f.Data).(map[string]any)
			if !ok {
				t.Fatalf("section %q: want an object", f.Name)
			}
			v.views = append(v.views, byHandView{strings.Fields(f.Name), want})
		}
	}
	return v
}

// add reads "+10s Author type {payload}".
func (v *byHand) add(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(line)
	if len(words) < 4 {
		t.Fatalf("line %q: want time, author, type and payload", line)
	}
	typ, known := event.TypeOf(words[2])
	at, err := time.ParseDuration(words[0])
	if !known || err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	plain, err := json.Marshal(jsonOf(t, []byte(line[strings.Index(line, "{"):])))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := event.Decode(typ.Name, int64(typ.Version), plain)
	if err != nil {
		t.Fatalf("line %q: %v", line, err)
	}
	e := event.Opened{Type: typ.Name, Version: int64(typ.Version), Epoch: 1, Sequence: int64(len(v.events)) + 1,
		CreatedAt: classscript.Epoch + event.Time(at.Milliseconds()), Payload: payload}
	if words[1] != "box" {
		e.ActorID = classscript.NameID(words[1])
	}
	if moved, ok := payload.(*event.SessionTransferred); ok {
		e.Epoch = moved.ToEpoch
	}
	v.events = append(v.events, e)
}

// jsonOf reads JSON in which "@Ada" stands for the id of a name and "+10s" for a time since the class began.
func jsonOf(t *testing.T, b []byte) any {
	t.Helper()
	v, err := classscript.Decode(b)
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return named(v)
}

func named(v any) any {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "@"); ok {
			return classscript.NameID(name).String()
		}
		if d, err := time.ParseDuration(v); err == nil && v[0] == '+' {
			return (classscript.Epoch + event.Time(d.Milliseconds())).String()
		}
	case []any:
		for i := range v {
			v[i] = named(v[i])
		}
	case map[string]any:
		out := map[string]any{}
		for name, inner := range v {
			out[named(name).(string)] = named(inner)
		}
		return out
	}
	return v
}

func (v *byHand) check(t *testing.T) {
	s := session.New(classscript.NameID("class"))
	var users []event.ID
	for _, name := range everybody {
		users = append(users, classscript.NameID(name))
	}
	followers, err := classscript.Follow(s, users...)
	if err != nil {
		t.Fatal(err)
	}
	var before, got []classscript.Receipt
	for i := range v.events {
		session.Apply(s, v.events[i])
		before = got
		if got, err = followers.Take(s, &v.events[i]); err != nil {
			t.Fatal(err)
		}
	}
	v.complete(t)
	matches(t, "state", v.state, s)
	for _, view := range v.views {
		for _, name := range view.names {
			i := slices.Index(everybody, name)
			if i < 0 {
				t.Fatalf("%s is none of %v", name, everybody)
			}
			if want, asked := view.want["copy"]; asked {
				checkCopy(t, name, want, got[i])
				if want == "none" && before != nil && still(t, before[i].View) != still(t, got[i].View) {
					t.Errorf("%s got nothing, and sees\n%s\nbefore\n%s", name, got[i].View, before[i].View)
				}
			}
			if want, asked := view.want["view"]; asked {
				matches(t, "view of "+name, want, json.RawMessage(got[i].View))
			}
		}
	}
}

// complete holds a vector to saying something of the state and of everybody, once.
func (v *byHand) complete(t *testing.T) {
	t.Helper()
	said := map[string]int{}
	for _, view := range v.views {
		for _, name := range view.names {
			said[name]++
		}
	}
	for _, name := range everybody {
		if said[name] != 1 {
			t.Errorf("it speaks of %s %d times, want once", name, said[name])
		}
	}
	if v.state == nil {
		t.Error("it does not say what the state is")
	}
}

// still is a view without its position.
func still(t *testing.T, view []byte) string {
	t.Helper()
	var v map[string]json.RawMessage
	if err := json.Unmarshal(view, &v); err != nil {
		t.Fatal(err)
	}
	delete(v, "sequence")
	delete(v, "epoch")
	return string(encoded(t, v))
}

func checkCopy(t *testing.T, name string, want any, got classscript.Receipt) {
	t.Helper()
	is := "a copy"
	if got.Fresh {
		is = "fresh"
	} else if got.Copy == nil {
		is = "none"
	}
	switch _, part := want.(map[string]any); {
	case part && is == "a copy":
		matches(t, "copy of "+name, want, json.RawMessage(got.Copy))
	case part || want != is:
		t.Errorf("copy of %s: want %v, got %s: %s", name, want, is, got.Copy)
	}
}

// matches compares the said part of a value with its JSON form.
func matches(t *testing.T, what string, want, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := classscript.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := classscript.Match(want, got); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
