package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"multistream/shared/event"
)

const lesson = `A class with a bit of everything that a folder keeps.
-- people --
Rivera  teacher
Ada     student
-- class --
at 0s  Rivera  session.schedule  title="Maps" scheduledStart=+5m scheduledEnd=+1h staff=[{userId: @Rivera, role: teacher}]
       > session.scheduled
       Rivera  participant.join
       > participant.joined
       Rivera  session.start
       > session.started
       > scene.created
       > scene.changed
       Ada  participant.join
       > participant.joined
       Ada  chat.send  content="Where is north?" to.audience=all
       > chat.message
       Rivera  chat.send  content="Up, on this map" to.audience=staff
       > chat.message
`

// taught gives an edge's folder in which lesson was run, the edge still running, and the class's id.
func taught(t *testing.T) (*runningEdge, string) {
	t.Helper()
	e := startEdge(t)
	file := filepath.Join(t.TempDir(), "lesson.txtar")
	if err := os.WriteFile(file, []byte(lesson), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := told(t, "run", "--edge", e.url, file)
	if code != good {
		t.Fatalf("%s\n%s", out, errs)
	}
	_, id, _ := strings.Cut(out, "\nclass ")
	id, _, _ = strings.Cut(id, "\n")
	return e, id
}

// TestLooking reads the folder of a running edge, and of one that stopped: the same is told, but for one line.
func TestLooking(t *testing.T) {
	t.Parallel()
	e, id := taught(t)
	for _, running := range []bool{true, false} {
		if !running {
			e.stop()
		}
		code, out, errs := told(t, "verify", "--data", e.dir)
		if code != good || errs != "" || !strings.Contains(out, "ok: 2 classes, 9 events\n") || strings.Contains(out, "an edge is running") != running {
			t.Errorf("running %v: verify: %d\n%s\n%s", running, code, out, errs)
		}
		if code, out, errs := told(t, "verify", "--data", e.dir, "--session", id); code != good || !strings.Contains(out, "ok: 1 classes, 8 events\n") {
			t.Errorf("running %v: verify --session: %d\n%s\n%s", running, code, out, errs)
		}
		if code, out, _ := told(t, "sessions", "--data", e.dir); code != good || !strings.Contains(out, id+"  live       ") || !strings.Contains(out, "scheduled") {
			t.Errorf("running %v: sessions: %d\n%s", running, code, out)
		}
	}
}

// TestState looks at a class at each of its sequences, whole and as people saw it.
func TestState(t *testing.T) {
	t.Parallel()
	e, id := taught(t)
	type seen struct {
		Sequence int64
		Life     struct{ Status string }
		Viewer   *struct{ Standing string }
		Chat     struct {
			Entries []struct{ Content string }
		}
		Private *struct{}
	}
	for _, c := range []struct {
		args      string
		sequence  int64
		status    string
		standing  string
		messages  int
		last      string
		isPrivate bool
	}{
		{"--at 1", 1, "scheduled", "", 0, "", true},
		{"--at 3 --full", 3, "live", "", 0, "", true},
		{"--at 7 --as student01@demo.school", 7, "live", "member", 1, "Where is north?", false},
		{"--as student01", 8, "live", "member", 1, "Where is north?", false},
		{"--as TEACHER@demo.school", 8, "live", "staff", 2, "Up, on this map", false},
		{"--as 0190a7c8-5e2b-7cc0-8000-000000000001", 8, "live", "out", 0, "", false},
	} {
		code, out, errs := told(t, append([]string{"state", "--data", e.dir, "--session", id}, strings.Fields(c.args)...)...)
		var s seen
		if err := json.Unmarshal([]byte(out), &s); code != good || err != nil {
			t.Fatalf("%s: %d %v\n%s\n%s", c.args, code, err, out, errs)
		}
		last, standing := "", ""
		if n := len(s.Chat.Entries); n > 0 {
			last = s.Chat.Entries[n-1].Content
		}
		if s.Viewer != nil {
			standing = s.Viewer.Standing
		}
		if s.Sequence != c.sequence || s.Life.Status != c.status || standing != c.standing || len(s.Chat.Entries) != c.messages || last != c.last || (s.Private != nil) != c.isPrivate {
			t.Errorf("%s: %+v", c.args, s)
		}
	}
}

// TestExport writes bundles, and lets the verifier judge them that shares no code with us.
func TestExport(t *testing.T) {
	t.Parallel()
	e, id := taught(t)
	verifier := filepath.Join(t.TempDir(), "verify")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", verifier, "multistream/tools/verify").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	independent := func(dir string) string {
		out, err := exec.CommandContext(t.Context(), verifier, dir).CombinedOutput()
		if err != nil {
			t.Errorf("the independent verifier: %v\n%s", err, out)
		}
		return string(out)
	}
	plain, open := filepath.Join(t.TempDir(), "a", "plain"), filepath.Join(t.TempDir(), "open")
	if code, out, errs := told(t, "export", "--data", e.dir, "--session", id, "--out", plain); code != good || errs != "" {
		t.Fatalf("%d\n%s\n%s", code, out, errs)
	}
	if out := independent(plain); !strings.HasPrefix(out, "ok: 8 events") {
		t.Error(out)
	}
	e.stop()
	code, out, errs := told(t, "export", "--data", e.dir, "--session", id, "--out", open, "--with-keys")
	if code != good || !strings.Contains(errs, "readable for everybody who has this folder") {
		t.Fatalf("%d\n%s\n%s", code, out, errs)
	}
	if out := independent(open); !strings.HasPrefix(out, "ok: 8 events") {
		t.Error(out)
	}
	if st, err := os.Stat(filepath.Join(open, event.PersonKeysFile)); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("person keys: %v, %v", st, err)
	}
	code, out, _ = told(t, "verify", plain, open, packed(t, open))
	if code != good || strings.Count(out, "ok ") != 3 || strings.Count(out, " 0 erased, 0 without a key") != 3 || strings.Count(out, " 0 opened") != 1 {
		t.Errorf("%d\n%s", code, out)
	}
	if code, _, errs := told(t, "export", "--data", e.dir, "--session", id, "--out", open); code != wrong || !strings.Contains(errs, "is there already") {
		t.Errorf("over an old bundle: %d %s", code, errs)
	}

	file := filepath.Join(open, event.EventsFile)
	events, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(events, []byte(`"sequence":5`), []byte(`"sequence":6`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := told(t, "verify", plain, open); code != bad || !strings.Contains(out, "sequence 6") || !strings.Contains(errs, "failures") {
		t.Errorf("a changed bundle: %d\n%s\n%s", code, out, errs)
	}
	if err := os.WriteFile(file, events[:len(events)-1], 0o600); err != nil { // of form: the last line is not ended
		t.Fatal(err)
	}
	if code, out, errs := told(t, "verify", open, plain); code != wrong || !strings.Contains(out, "BAD  "+open) || !strings.Contains(out, "ok   "+plain) || !strings.Contains(errs, "not the form of a bundle") {
		t.Errorf("an unreadable bundle: %d\n%s\n%s", code, out, errs)
	}
	if code, out, errs := told(t, "verify", t.TempDir(), plain); code != wrong || !strings.Contains(errs, "it is no bundle of a class") || !strings.Contains(out, "ok   "+plain) {
		t.Errorf("no bundle: %d\n%s\n%s", code, out, errs)
	}
	if code, _, errs := told(t, "verify", "--data", e.dir, "--session", event.NewID().String()); code != wrong || !strings.Contains(errs, "no such session") {
		t.Errorf("no such class: %d %s", code, errs)
	}
}

// packed gives a bundle as .tar.gz.
func packed(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	archive := tar.NewWriter(zipped)
	if err := archive.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestDamageIsNamed does to copies of a folder what a disk or somebody with access to it could do.
func TestDamageIsNamed(t *testing.T) {
	t.Parallel()
	e, id := taught(t)
	e.stop()
	session := "session_id = X'" + strings.ReplaceAll(id, "-", "") + "'"
	for name, c := range map[string]struct {
		statements []string
		want       string
	}{
		"payload":      {[]string{"UPDATE session_state_events SET event_payload = CAST(event_payload || X'20' AS BLOB) WHERE sequence = 4 AND " + session}, "sequence 4: the content does not match its hash"},
		"author":       {[]string{"UPDATE session_state_events SET actor_id = zeroblob(16) WHERE sequence = 7 AND " + session}, "sequence 7: the content does not match its hash"},
		"a row gone":   {[]string{"DELETE FROM session_state_events WHERE sequence = 5 AND " + session}, "sequence 6"},
		"the last row": {[]string{"DELETE FROM session_state_events WHERE sequence = 8 AND " + session}, "sequence 8: the row that belongs here is missing"},
		"head":         {[]string{"DELETE FROM session_heads WHERE " + session}, "there are rows, but no head of the log"},
		"head's hash":  {[]string{"UPDATE session_heads SET hash = zeroblob(32) WHERE " + session}, "sequence 8: the row is not the one that the head of the log names"},
		"list":         {[]string{"UPDATE sessions SET status = 'ended' WHERE id = X'" + strings.ReplaceAll(id, "-", "") + "'"}, "its row in the list of sessions is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copied(t, e.dir)
			change(t, dir, c.statements...)
			code, out, errs := told(t, "verify", "--data", dir)
			if code != bad || !strings.Contains(out, "BAD  "+id) || !strings.Contains(out, c.want) || !strings.Contains(errs, "1 of 2 classes") {
				t.Fatalf("%d\n%s\n%s", code, out, errs)
			}
		})
	}
	t.Run("no export of it", func(t *testing.T) {
		t.Parallel()
		dir, to := copied(t, e.dir), filepath.Join(t.TempDir(), "bundle")
		change(t, dir, "UPDATE session_state_events SET salt = zeroblob(16) WHERE sequence = 6 AND "+session)
		code, _, errs := told(t, "export", "--data", dir, "--session", id, "--out", to)
		if _, err := os.Stat(to); code != bad || !strings.Contains(errs, "sequence 6") || !os.IsNotExist(err) {
			t.Errorf("%d %s; %v", code, errs, err)
		}
		if left, err := os.ReadDir(filepath.Dir(to)); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
		if code, _, errs := told(t, "state", "--data", dir, "--session", id); code != bad || !strings.Contains(errs, "sequence 6") {
			t.Errorf("state: %d %s", code, errs)
		}
		if code, _, errs := told(t, "state", "--data", dir, "--session", id, "--at", "5"); code != good {
			t.Errorf("state before it: %d %s", code, errs)
		}
	})
}

// copied copies the databases of a folder on which no edge runs.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{"edge.db", "keys.db", "kek"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// change changes a database as nobody should, through the driver that package edge brings along.
func change(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "edge.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, trigger := range []string{"session_state_events_unchanged", "session_state_events_kept", "session_heads_kept", "signed_heads_unchanged"} {
		statements = append([]string{"DROP TRIGGER IF EXISTS " + trigger}, statements...)
	}
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", good, "classctl checks, reads and exports"},
		{"help", good, "Exit codes"},
		{"verify -h", good, "Exit codes"},
		{"look", wrong, `there is no subcommand "look"`},
		{"verify --data " + empty, wrong, "there is no data of an edge in " + empty},
		{"sessions extra --data " + empty, wrong, `"extra" is too much`},
		{"state --as a --full", wrong, "exclude one another"},
		{"state --data " + empty, wrong, "there is no data of an edge"},
		{"state --att 3", wrong, "flag provided but not defined: -att"},
		{"export --session x", wrong, "--out DIR is missing"},
		{"run", wrong, "want one script, got 0"},
		{"run " + empty + "/none.txtar", wrong, "the script can't be read"},
	} {
		code, out, errs := told(t, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%q: %d, want %d and %q\n%s\n%s", c.args, code, c.code, c.want, out, errs)
		}
	}
	e, id := taught(t)
	for _, c := range []struct{ args, want string }{
		{"", "--session ID is missing"},
		{"--session class", "--session: "},
		{"--session 0190a7c8-5e2b-7cc0-8000-000000000001", "no such session in this data folder"},
		{"--session " + id + " --at 9", "has the sequences 1 to 8, not 9"},
		{"--session " + id + " --as nobody@demo.school", `there is nobody "nobody@demo.school"`},
	} {
		code, _, errs := told(t, append([]string{"state", "--data", e.dir}, strings.Fields(c.args)...)...)
		if code != wrong || !strings.Contains(errs, c.want) {
			t.Errorf("state %s: %d, want %q\n%s", c.args, code, c.want, errs)
		}
	}
}
