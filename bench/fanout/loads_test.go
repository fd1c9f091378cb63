package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoads runs every other load of classload in small against an edge that it starts, and wants a clean line from each. It
// asserts nothing of the times.
func TestLoads(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("BENCH_DIR", t.TempDir())
	y, err := openYard(t.Context(), t.TempDir(), 60)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.close() })
	for name, flags := range map[string]string{
		"school":    "--classes 2 --size 6 --lessons 2 --seconds 2 --assembly 1 --speed 20",
		"join":      "--students 20 --events 200 --over 1",
		"reconnect": "--students 20 --events 20",
		"signin":    "--students 20",
		"flood":     "--classes 2 --size 6 --pairs 1 --seconds 2 --speed 20",
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(data, os.DirFS(y.school)); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(data, 0o700); err != nil {
				t.Fatal(err)
			}
			args := append([]string{name, "--edge", y.edge, "--data", data, "--accounts", y.accounts}, strings.Fields(flags)...)
			c := exec.CommandContext(t.Context(), y.classload, args...)
			var out, errs bytes.Buffer
			c.Stdout, c.Stderr = &out, &errs
			if err := c.Run(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, out.Bytes(), errs.Bytes())
			}
			var line struct {
				Load     string   `json:"load"`
				MemoryMB float64  `json:"serverMB"`
				Errors   []string `json:"errors"`
			}
			if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Load != name || line.MemoryMB <= 0 || len(line.Errors) > 0 {
				t.Errorf("%v: %s", err, out.Bytes())
			}
		})
	}
}
