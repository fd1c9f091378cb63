package session_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

var update = flag.Bool("update", false, "write the golden vectors anew; look at what changed before you keep it")

// A vector is a class, or a moment of one, as programs in other languages must fold it: every event, the full state after it,
// and of each viewer what they got of it and what their view was then. Vectors of one event (byhand.…) have states and
// views whole. In those of whole classes each is a JSON Patch (RFC 6902, see patchStep) to the one before: the first to the
// vector's own state and its viewers' views; where a viewer got a fresh view it is given whole, and the next patch goes on from
// there. Digests are the SHA-256 of the canonical JSON (docs/events.md): who folds by other code compares these first.
type vector struct {
	Format    int             `json:"format"`
	Title     string          `json:"title"`
	SessionID event.ID        `json:"sessionId"`
	Viewers   []vectorViewer  `json:"viewers"`
	State     json.RawMessage `json:"state"` // before the first event
	Steps     []vectorStep    `json:"steps"`
}

type vectorViewer struct {
	Name   string          `json:"name"`
	UserID event.ID        `json:"userId"`
	View   json.RawMessage `json:"view"` // before the first event
}

type vectorStep struct {
	Event  event.Copy      `json:"event"` // opened and whole, as the full state takes it
	Digest event.Hash      `json:"digest"`
	State  json.RawMessage `json:"state,omitempty"`
	Patch  []patchStep     `json:"statePatch,omitempty"` // where the state is not given
	Got    []vectorGot     `json:"got"`                  // by viewer
}

// vectorGot is a copy to apply, or a fresh view to go on from, or neither: then the view only moves to the event's position.
type vectorGot struct {
	Copy   json.RawMessage `json:"copy,omitempty"`
	Fresh  bool            `json:"fresh,omitempty"` // view is given
	Digest event.Hash      `json:"digest"`
	View   json.RawMessage `json:"view,omitempty"`
	Patch  []patchStep     `json:"viewPatch,omitempty"` // where the view is not given
}

const vectorBytes = 15 << 20 // all vectors together

// TestVectors holds the rules to the golden vectors: whoever changes what a class folds to sees here what changed.
func TestVectors(t *testing.T) {
	total, had := 0, map[string]bool{}
	sources := map[string]*vector{}
	for name, s := range scripts(t) {
		sources[name] = scriptVector(t, s)
	}
	files, err := filepath.Glob("testdata/byhand/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		sources["byhand."+name] = byHandVector(t, name, readByHand(t, file))
	}
	for name, v := range sources {
		for i := range v.Steps {
			had[v.Steps[i].Event.Type] = true
		}
		got, file := lines(t, v), filepath.Join("testdata/vectors", name+".json")
		total += len(got)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the rules make now: %s", file, firstDifference(got, want))
		}
	}
	if left, _ := filepath.Glob("testdata/vectors/*.json"); len(left) != len(sources) {
		t.Errorf("testdata/vectors has %d files for %d classes", len(left), len(sources))
	}
	for _, typ := range event.Types() {
		if !had[typ.Name] {
			t.Errorf("%s occurs in no vector", typ.Name)
		}
	}
	if total > vectorBytes {
		t.Errorf("the vectors have %d bytes, want at most %d", total, vectorBytes)
	}
}

func scriptVector(t *testing.T, s *classscript.Script) *vector {
	t.Helper()
	rules := classscript.NewRules(s.People)
	if _, err := classscript.Run(s, rules); err != nil {
		t.Fatal(err)
	}
	return makeVector(t, s.Title, viewersOf(s), nil, rules.Log, false)
}

// byHandVector begins right before the event that the vector is about.
func byHandVector(t *testing.T, name string, v *byHand) *vector {
	last := len(v.events) - 1
	return makeVector(t, name, everybody, v.events[:last], v.events[last:], true)
}

// viewersOf picks a teacher, an assistant, an admin, three students, the last person of the script, and an outsider.
func viewersOf(s *classscript.Script) []string {
	most, names := map[string]int{"teacher": 1, "assistant": 1, "admin": 1, "student": 3}, []string{}
	for i, p := range s.People {
		if most[p.Role]--; most[p.Role] >= 0 || i == len(s.People)-1 {
			names = append(names, p.Name)
		}
	}
	return append(names, "an outsider")
}

// makeVector folds before, and makes a vector of events; whole tells whether states and views are given as they are.
func makeVector(t *testing.T, title string, names []string, before, events []event.Opened, whole bool) *vector {
	t.Helper()
	s := session.Fold(session.New(classscript.NameID("class")), before)
	v := &vector{Format: session.Format, Title: title, SessionID: s.SessionID}
	v.State = encoded(t, s)
	var users []event.ID
	for _, name := range names {
		id := classscript.NameID(name)
		users = append(users, id)
		v.Viewers = append(v.Viewers, vectorViewer{Name: name, UserID: id, View: encoded(t, session.View(s, id))})
	}
	followers, err := classscript.Follow(s, users...)
	if err != nil {
		t.Fatal(err)
	}
	state, views := []byte(v.State), [][]byte{}
	for _, viewer := range v.Viewers {
		views = append(views, viewer.View)
	}
	for i := range events {
		e := &events[i]
		session.Apply(s, *e)
		receipts, err := followers.Take(s, e)
		if err != nil {
			t.Fatal(err)
		}
		before := state
		state = encoded(t, s)
		step := vectorStep{Event: event.Copy(*e), Digest: digest(t, state)}
		if whole {
			step.State = state
		} else {
			step.Patch = stepTo(t, before, state)
		}
		for j, r := range receipts {
			got := vectorGot{Copy: r.Copy, Fresh: r.Fresh, Digest: digest(t, r.View)}
			if whole || r.Fresh {
				got.View = r.View
			} else {
				got.Patch = stepTo(t, views[j], r.View)
			}
			views[j] = r.View
			step.Got = append(step.Got, got)
		}
		v.Steps = append(v.Steps, step)
	}
	return v
}

func digest(t testing.TB, b []byte) event.Hash {
	t.Helper()
	canonical, err := event.CanonicalJSON(json.RawMessage(b))
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(canonical)
}

// lines writes a vector so that a change of it can be read: one line for each step and viewer.
func lines(t *testing.T, v *vector) []byte {
	t.Helper()
	var b bytes.Buffer
	head := *v
	head.Steps = nil
	h := encoded(t, head)
	b.Write(bytes.TrimSuffix(h, []byte(`"steps":null}`)))
	b.WriteString("\"steps\":[\n")
	for i, step := range v.Steps {
		got := step.Got
		step.Got = nil
		b.Write(bytes.TrimSuffix(encoded(t, step), []byte(`"got":null}`)))
		b.WriteString("\"got\":[\n")
		for j := range got {
			b.Write(encoded(t, got[j]))
			b.WriteString(map[bool]string{true: ",\n", false: "]}"}[j < len(got)-1])
		}
		b.WriteString(map[bool]string{true: ",\n", false: "]}\n"}[i < len(v.Steps)-1])
	}
	return b.Bytes()
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] == w[i] {
			continue
		}
		at := 0
		for at < min(len(g[i]), len(w[i])) && g[i][at] == w[i][at] {
			at++
		}
		from := max(0, at-80)
		return "line " + strconv.Itoa(i+1) + ":\nis   …" + clip(g[i][from:]) + "\nwant …" + clip(w[i][from:])
	}
	return "one is longer"
}

func clip(s string) string { return s[:min(len(s), 300)] }
