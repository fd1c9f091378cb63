package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestShort runs every measurement in small. It asserts that all figures come out, and nothing of their values.
func TestShort(t *testing.T) {
	t.Chdir("..")
	t.Setenv("BENCH", "short")
	t.Setenv("BENCH_DIR", t.TempDir())
	out := t.TempDir()
	var table strings.Builder
	if err := run(t.Context(), nil, &table, out); err != nil {
		t.Fatalf("%v\n%s", err, table.String())
	}
	files, err := filepath.Glob(filepath.Join(out, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("written: %v, %v", files, err)
	}
	lines, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"append, 1 writer", "append, 64 writers in 64 sessions", "append, 64 senders in one session", "fold of",
		"view of a teacher", "view of a student", "cold start", "size of the binary", "idle memory, empty", "idle memory, long log"} {
		if !strings.Contains(table.String(), name) {
			t.Errorf("the table has no %q:\n%s", name, table.String())
		}
		f, ok := figureIn(t, string(lines), name)
		if !ok || f.Value <= 0 || f.Unit == "" {
			t.Errorf("bench/out has no usable %q: %+v", name, f)
		}
		if strings.HasPrefix(name, "append") && (f.Raw <= 0 || f.Ratio <= 0 || f.Target == "" || f.Disk <= 0) {
			t.Errorf("%q stands without its raw limit: %+v", name, f)
		}
	}
}

func figureIn(t *testing.T, lines, name string) (figure, bool) {
	for line := range strings.Lines(lines) {
		var f figure
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if strings.HasPrefix(f.Name, name) {
			return f, true
		}
	}
	return figure{}, false
}

func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.5: 3, 1: 5, 0.125: 1.5} {
		if got := quantile([]float64{5, 3, 1, 4, 2}, q); got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
}
