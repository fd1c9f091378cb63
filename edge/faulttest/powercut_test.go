package faulttest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"multistream/edge/faulttest/disk"
)

// events is how many the recorded child appends: enough for each database to be checkpointed while it is used.
const events = 900

// TestFaultPowerCut opens what a power cut may leave at any point of a recording of the real store: rows 2 and 3 of the
// faults to survive. A fifth of the images, at most, are cut write-ahead logs, a tenth are of a second power cut while the store
// starts again after the first.
func TestFaultPowerCut(t *testing.T) {
	began, n := time.Now(), Images()
	rec := record(t, nil, nil, events)
	checkRich(t, rec)
	again := startAgain(t, rec)
	recorded := time.Since(began)
	r := openAll(t, func(send func(image)) {
		left := n - walCuts(rec, n/5, send)
		for _, second := range again {
			powerCuts(second, n/10/len(again), nil, send)
			left -= n / 10 / len(again)
		}
		powerCuts(rec, left, nil, send)
	})
	report(t, fmt.Sprintf("%s, recorded in %v, all in %v", r, recorded.Round(time.Millisecond), time.Since(began).Round(time.Millisecond)))
	if !r.tally.clean() {
		t.Errorf("a power cut lost what was acknowledged, or left a log that can't be used:\n%s", r.tally.findings())
	}
	if r.images != n {
		t.Errorf("%d images were opened, %d were asked for", r.images, n)
	}
}

// startAgain records how the store starts in folders that power cuts left with unfinished work in them.
func startAgain(t *testing.T, rec *recording) []*recording {
	t.Helper()
	var out []*recording
	rng := rand.New(rand.NewPCG(Seed(), 2))
	for i, p := range moments(rec, 3, rng) {
		d := rec.play()
		for d.Now() < p.at {
			d.Step()
		}
		acks := filepath.Join(t.TempDir(), "acks")
		text := ""
		for _, m := range d.Marks() {
			text += string(m)
		}
		if err := os.WriteFile(acks, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		mode := []disk.Mode{disk.Sectors, disk.Written, disk.Prefix}[i]
		start := d.Image(mode, rng).Files
		for name := range start {
			if strings.HasSuffix(name, "-shm") {
				delete(start, name)
			}
		}
		out = append(out, record(t, start, []string{acks}, 40))
	}
	return out
}

// TestFaultControl proves that the harness finds loss: on a disk whose syncs of the log do nothing (what
// synchronous=NORMAL makes of a commit), or of the keys (as if they were written after the events), images must lose.
func TestFaultControl(t *testing.T) {
	rec := record(t, nil, nil, 150)
	for _, c := range []struct {
		name  string
		file  string
		found func(*tally) int
	}{
		{"the log is not synced", "edge.db-wal", func(t *tally) int { return t.lost }},
		{"the keys are not synced", "keys.db-wal", func(t *tally) int { return t.keys }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := openAll(t, func(send func(image)) {
				powerCuts(rec, 60, func(d *disk.Disk) {
					d.IgnoreSyncs(func(name string) bool { return name == c.file })
				}, send)
			})
			report(t, "control, "+c.name+": "+r.String())
			if c.found(&r.tally) == 0 {
				t.Error("nothing was lost, so this harness could not find a loss either")
			}
		})
	}
}

// report prints a line that is worth reading in a run that passed.
func report(t *testing.T, line string) {
	t.Helper()
	t.Log(line)
	if path := os.Getenv("FAULT_REPORT"); path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := fmt.Fprintln(f, line); err != nil {
			t.Fatal(err)
		}
	}
}
