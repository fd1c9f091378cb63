package faulttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"multistream/edge/faulttest/disk"
	"multistream/edge/faulttest/systrace"
)

// A recording is what one run of the child did to its data folder, and what it acknowledged meanwhile.
type recording struct {
	start map[string][]byte // the folder before
	ops   []systrace.Op
	acks  []string // acknowledgement files: those of runs before, then this run's own
}

// play makes a disk that will play the recording.
func (r *recording) play() *disk.Disk { return disk.New(r.start, r.ops) }

// record runs the child under strace in a folder that holds start, on the real disk's own timing.
func record(t *testing.T, start map[string][]byte, before []string, events int) *recording {
	t.Helper()
	began := time.Now()
	base := t.TempDir()
	folder, acks, out := filepath.Join(base, "data"), filepath.Join(base, "acks"), filepath.Join(base, "strace")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	writeImage(t, folder, start)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd, err := systrace.Command(ctx, out, program(t, "child"), "write", folder, acks, strconv.Itoa(events))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("record: %v\n%s", err, text)
	}
	file, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ops, err := systrace.Parse(file, folder, acks)
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{start: start, ops: ops, acks: append(append([]string{}, before...), acks)}
	checkReplay(t, r, folder)
	t.Logf("recorded %d operations, %d acknowledged events in %v", len(ops), acksIn(t, acks), time.Since(began).Round(time.Millisecond))
	return r
}

// checkRich fails a test whose recording lacks something that power cuts are to hit: a log that is copied into its database
// and begun anew, a clean stop, renames.
func checkRich(t *testing.T, r *recording) {
	t.Helper()
	got := map[string]int{}
	for _, o := range r.ops {
		what := o.Kind.String() + " " + o.Path
		if o.Kind == systrace.Write && o.Offset == 0 {
			what = "begin " + o.Path
		}
		got[what]++
	}
	for what, least := range map[string]int{
		"begin edge.db-wal": 2, "begin keys.db-wal": 2, "write edge.db": 100, "sync edge.db-wal": 100, "sync keys.db-wal": 20, "syncdir .": 4,
		"rename kek.new": 1, "unlink edge.db-wal": 1,
	} {
		if got[what] < least {
			t.Errorf("the recording has %q %d times, at least %d are needed", what, got[what], least)
		}
	}
}

// checkReplay holds the model to the kernel: played to its end, it must have the files that really lie there.
func checkReplay(t *testing.T, r *recording, folder string) {
	t.Helper()
	d := r.play()
	for d.Step() {
	}
	modelled := d.Files()
	for name, want := range readImage(t, folder) {
		if filepath.Ext(name) != ".db-shm" && !bytes.Equal(modelled[name], want) {
			t.Fatalf("%s: the record gives %d bytes that differ from the file's %d", name, len(modelled[name]), len(want))
		}
		delete(modelled, name)
	}
	for name := range modelled {
		if filepath.Ext(name) != ".db-shm" {
			t.Fatalf("%s: in the record, but not in the folder", name)
		}
	}
	if got, want := lines(d.Marks()), acksIn(t, r.acks[len(r.acks)-1]); got != want || want == 0 {
		t.Fatalf("%d acknowledgements in the record, %d in the file", got, want)
	}
}

func writeImage(t *testing.T, folder string, files map[string][]byte) {
	t.Helper()
	if err := putImage(folder, files); err != nil {
		t.Fatal(err)
	}
}

// reserve is the file that an edge gives back to a full disk. It holds no data, so no image has it; one of the right size,
// made of a hole, lies there already wherever an edge is started, or each start would take its blocks anew.
const (
	reserve      = "reserve"
	reserveBytes = 64 << 20
)

func putImage(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	hole, err := os.Create(filepath.Join(folder, reserve))
	if err != nil {
		return err
	}
	if err := errors.Join(hole.Truncate(reserveBytes), hole.Close()); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return fmt.Errorf("write image: %w", err)
		}
	}
	return nil
}

func readImage(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if e.IsDir() || e.Name() == reserve {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = data
	}
	return files
}

// lines counts the acknowledgements in marks: one each line.
func lines(marks [][]byte) int { return bytes.Count(bytes.Join(marks, nil), []byte("\n")) }

func acksIn(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}
