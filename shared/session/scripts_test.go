package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// scripts reads testdata/scripts by name.
func scripts(t testing.TB) map[string]*classscript.Script {
	t.Helper()
	files, err := filepath.Glob("testdata/scripts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	out := map[string]*classscript.Script{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := classscript.Parse(data)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".txtar")] = s
	}
	return out
}

// TestScripts runs whole classes, holding every event to the law for everybody in them and for an outsider. Together they
// have every event type.
func TestScripts(t *testing.T) {
	had := map[string]bool{}
	for name, s := range scripts(t) {
		t.Run(name, func(t *testing.T) {
			if s.Title == "" {
				t.Error("the script does not say what it is about")
			}
			rules := classscript.NewRules(s.People)
			users := []event.ID{classscript.NameID("an outsider")}
			for i, p := range s.People {
				if i < 12 || i == len(s.People)-1 { // of a crowd some
					users = append(users, classscript.NameID(p.Name))
				}
			}
			followers, err := classscript.Follow(rules.State, users...)
			if err != nil {
				t.Fatal(err)
			}
			rules.Seen = func(e *event.Opened) {
				had[e.Type] = true
				if _, err := followers.Take(rules.State, e); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := classscript.Run(s, rules); err != nil {
				t.Fatal(err)
			}
			again := session.Fold(session.New(rules.State.SessionID), rules.Log)
			if got, want := string(encoded(t, again)), string(encoded(t, rules.State)); got != want {
				t.Fatalf("folded anew\n%s\nwant\n%s", got, want)
			}
		})
	}
	for _, typ := range event.Types() {
		if !had[typ.Name] {
			t.Errorf("%s occurs in no script", typ.Name)
		}
	}
}
