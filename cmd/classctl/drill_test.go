package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestDrill(t *testing.T) {
	e := startEdge(t)
	waitForDoor(t, e.dir)
	code, out, errs := told(t, "drill", "--data", e.dir)
	if code != good || strings.Count(out, " works") < 10 || errs != "" {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	code, out, _ = told(t, "drill", "chat", "refuse", "--for", "10m", "--data", e.dir)
	if code != good || !strings.Contains(out, "refuse until") {
		t.Errorf("%d %s", code, out)
	}
	code, out, _ = told(t, "drill", "chat", "end", "--data", e.dir)
	if code != good || strings.Contains(out, "refuse until") {
		t.Errorf("%d %s", code, out)
	}
	for want, args := range map[string][]string{
		"There is no feature":   {"drill", "class", "refuse", "--data", e.dir},
		"refuse, hang or crash": {"drill", "chat", "explode", "--data", e.dir},
		"lasts from":            {"drill", "chat", "refuse", "--for", "3h", "--data", e.dir},
		"want nothing":          {"drill", "chat", "--data", e.dir},
		"no edge was ever":      {"drill", "--data", t.TempDir()},
	} {
		if code, _, errs := told(t, args...); code != wrong || !strings.Contains(errs, want) {
			t.Errorf("%q: %d %s", args, code, errs)
		}
	}
	e.stop()
	if code, _, errs := told(t, "drill", "--data", e.dir); code != wrong || !strings.Contains(errs, "can't be reached") {
		t.Errorf("of a stopped edge: %d %s", code, errs)
	}
}

// waitForDoor waits until the edge has written where its operator's door is.
func waitForDoor(t *testing.T, dir string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-tick.C {
		if _, err := os.Stat(dir + "/operator.url"); err == nil {
			return
		}
	}
	t.Fatal("the operator's door did not open")
}
