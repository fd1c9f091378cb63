package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"multistream/edge"
	"multistream/shared/event"
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
	_, id, _ := strings.Cut(out, "\nclass ")
	id, _, _ = strings.Cut(id, "\n")
	e.stop()
	code, out, errs = told(t, "verify", "--data", e.dir, "--session", id)
	if code != good || !strings.Contains(out, "2 signed heads up to 68\n") {
		t.Fatalf("verify: %d\n%s\n%s", code, out, errs)
	}
	signedHeads(t, e.dir, id)
}

// TestGuestsOverTheWire: people without an account join by the code of a script's class.
func TestGuestsOverTheWire(t *testing.T) {
	t.Parallel()
	e := startEdge(t)
	code, out, errs := told(t, "run", "--edge", e.url, "../../shared/session/testdata/scripts/guests.txtar")
	if code != good || errs != "" || !strings.Contains(out, "lost 0, doubled 0\n") || !strings.Contains(out, "refused: banned") {
		t.Fatalf("exit code %d\n%s\n%s", code, out, errs)
	}
	if strings.Contains(out, "guest.ey") {
		t.Errorf("a token is printed:\n%s", out)
	}
}

// signedHeads changes the log of an ended class as somebody could who knows all of docs/events.md but the edge's key.
func signedHeads(t *testing.T, dir, id string) {
	session := "session_id = X'" + strings.ReplaceAll(id, "-", "") + "'"
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"the end cut off": {func(t *testing.T, dir string) {
			change(t, dir, "DELETE FROM session_state_events WHERE sequence > 60 AND "+session,
				"UPDATE session_heads SET (sequence, hash) = (SELECT sequence, hash FROM session_state_events WHERE sequence = 60 AND "+session+") WHERE "+session)
		}, "sequence 67: this edge signed another event here"},
		"history written anew": {func(t *testing.T, dir string) { rewrite(t, dir, id, 20) }, "sequence 67: this edge signed another event here"},
		"another signature": {func(t *testing.T, dir string) {
			change(t, dir, "UPDATE signed_heads SET signature = zeroblob(64) WHERE "+session)
		}, "the signed head at sequence 67 has a signature that is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, dir)
			c.change(t, dir)
			code, out, errs := told(t, "verify", "--data", dir, "--session", id)
			if code != bad || !strings.Contains(out, c.want) {
				t.Fatalf("%d, want %q\n%s\n%s", code, c.want, out, errs)
			}
			if _, others, several := strings.Cut(out, c.want); several && strings.Count(others, "\n") > 2 {
				t.Errorf("more than the one thing is said to be wrong:\n%s", out)
			}
		})
	}
}

// rewrite changes an event and computes all hashes from there on anew.
func rewrite(t *testing.T, dir, id string, at int64) {
	t.Helper()
	a, err := edge.OpenArchive(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "bundle")
	session := event.MustID(id)
	tenant, err := a.Find(t.Context(), session)
	if err == nil {
		_, err = a.Export(t.Context(), tenant, session, bundle, false)
	}
	if err := errors.Join(err, a.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(bundle, event.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var statements []string
	var previous event.Hash
	if err := event.ReadLines(f, func(_ int, l event.EventLine) error {
		e, err := l.Event()
		if e.Sequence == at {
			e.Payload = append(e.Payload, ' ')
		}
		if e.Sequence > at {
			e.PrevHash = previous
		}
		e.Hash = e.ComputeHash()
		previous = e.Hash
		statements = append(statements, fmt.Sprintf("UPDATE session_state_events SET event_payload = X'%x', prev_hash = X'%s', hash = X'%s' WHERE id = X'%x'",
			[]byte(e.Payload), e.PrevHash, e.Hash, e.ID[:]))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	change(t, dir, append(statements, fmt.Sprintf("UPDATE session_heads SET hash = X'%s' WHERE session_id = X'%x'", previous, session[:]))...)
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
