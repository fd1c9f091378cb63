package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemoClassOverTheWire runs the demo class, every line of it, against a real edge.
func TestDemoClassOverTheWire(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	code, out, errs := told(t, "run", "--edge", e.url, "../../docs/demo-class.txtar")
	if code != good || errs != "" {
		t.Fatalf("exit code %d\n%s\n%s", code, out, errs)
	}
	for _, want := range []string{"session.ended", "the first answer again", "refused: forbidden", "lost 0, doubled 0\n", "closed: 4410 session_ended"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing is said of %q:\n%s", want, out)
		}
	}
}

const head = `A class.
-- people --
Rivera  teacher
Ada     student
-- class --
at 0s  Rivera  session.schedule  title="Maps" scheduledStart=+5m scheduledEnd=+1h staff=[{userId: @Rivera, role: teacher}]
       > session.scheduled
       Rivera  participant.join
       > participant.joined
`

// TestWhatGoesAnotherWay: each script expects something that does not come; the run must say so and at which line.
func TestWhatGoesAnotherWay(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	for name, c := range map[string]struct {
		script string // goes on after head
		args   []string
		code   int
		want   string
	}{
		"nothing wrong":      {"Rivera session.lock\n> session.locked\nsee Rivera life.locked true", nil, good, ""},
		"another event":      {"Rivera session.lock\n> session.unlocked", nil, bad, "line 10: Rivera session.lock: want session.unlocked, got session.locked"},
		"another field":      {"Rivera scene.create name=\"A\" layout.name=title\n> scene.created name=\"B\"", nil, bad, `name: want "B", got "A"`},
		"one event too many": {"Rivera session.start\n> session.started", nil, bad, "got session.started, scene.created, scene.changed"},
		"no refusal":         {"Rivera session.lock\n! forbidden", nil, bad, "want the refusal forbidden, got session.locked"},
		"another refusal":    {"Ada session.lock\n! wrong_state", nil, bad, "want the refusal wrong_state, got the refusal forbidden"},
		"not done already":   {"Rivera session.lock\n=", nil, bad, "want nothing, got session.locked"},
		"not a repeat":       {"Rivera session.lock key=k\n> session.locked\nRivera session.unlock key=l\n^", nil, bad, "want the first answer again"},
		"another view":       {"see Rivera roster.present 2", nil, bad, "line 10: see Rivera roster.present: value: want 2, got 1"},
		"full state":         {"see class roster.present 1", nil, bad, "the full state is the box's own"},
		"only the box may":   {"box feature.degrade feature=chat reason=crashed\n> feature.degraded", nil, bad, "only the box itself"},
		"no such account":    {"Rivera session.lock\n> session.locked", []string{"--account", "Ada=nobody@demo.school"}, wrong, "sign in Ada as nobody@demo.school"},
		"no such person":     {"Rivera session.lock\n> session.locked", []string{"--account", "Zoe=nobody@demo.school"}, wrong, "want NAME=EMAIL"},
		"no script":          {"Rivera session.look\n> session.locked", nil, wrong, "line 10: there is no command"},
		"no edge":            {"Rivera session.lock\n> session.locked", []string{"--edge", "http://127.0.0.1:1"}, wrong, "no edge answers at http://127.0.0.1:1"},
		"unknown flag":       {"", []string{"--egde", "x"}, wrong, "classctl help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "class.txtar")
			if err := os.WriteFile(file, []byte(head+c.script+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, errs := told(t, append([]string{"run", "--edge", e.url, file}, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.want) || (c.want == "") != (errs == "") {
				t.Fatalf("exit code %d, want %d and %q\n%s\n%s", code, c.code, c.want, out, errs)
			}
		})
	}
}
