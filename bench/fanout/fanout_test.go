package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestShort lets all four servers run for a second each, with few students. It asserts that they are measured and that the
// edge loses nothing, and nothing of the times.
func TestShort(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("BENCH", "short")
	t.Setenv("BENCH_DIR", t.TempDir())
	out := t.TempDir()
	var table strings.Builder
	if err := run(t.Context(), nil, &table, out); err != nil {
		t.Fatalf("%v\n%s", err, table.String())
	}
	for _, c := range contestants {
		if n := strings.Count(table.String(), "| "+c.name+" |"); n < 2 {
			t.Errorf("%s is in %d tables, want 2:\n%s", c.name, n, table.String())
		}
	}
	if !strings.Contains(table.String(), "| edge, TLS |") {
		t.Errorf("no figure of TLS:\n%s", table.String())
	}
	files, err := filepath.Glob(filepath.Join(out, "fanout-*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("written: %v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || strings.Count(string(text), "\n") != 2*len(contestants)+2 {
		t.Errorf("%v:\n%s", err, text)
	}
}

func TestExtent(t *testing.T) {
	e, err := extentOf(func(name string) string { return map[string]string{"RUNS": "2", "SECONDS": "7"}[name] })
	if err != nil || e.runs != 2 || e.seconds != 7 || e.students != 1000 {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := extentOf(func(name string) string { return map[string]string{"RUNS": "many"}[name] }); err == nil {
		t.Error("RUNS=many was taken")
	}
}

func TestMedian(t *testing.T) {
	if a, b, c := median([]float64{1}), median([]float64{1, 3}), median([]float64{1, 2, 9}); a != 1 || b != 2 || c != 2 {
		t.Error(a, b, c)
	}
}
