package edge

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

var (
	servedName     = regexp.MustCompile(`(?m)^# HELP (edge_\w+) `)
	documentedName = regexp.MustCompile("(?m)^\\| `(edge_\\w+)` \\|")
)

// TestMetricsAreDocumented holds the numbers that a box serves in the middle of a class to their page. Those that count by
// labels show when there is something to count, so the page may have more.
func TestMetricsAreDocumented(t *testing.T) {
	s := newServer(t)
	teacher, ada := s.signIn("teacher"), s.signIn("student01")
	class, _ := s.liveClass(teacher, ada)
	listening := ada.listen(class)
	ada.call("POST", class+"/chat", m{"content": "hello", "to": m{"audience": "all"}}).want(201)
	listening.until("an event", func(h *heard) bool { return len(h.Events) > 0 })
	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, name := range documentedName.FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, name[1])
	}
	served := servedName.FindAllStringSubmatch(s.door().text("/metrics"), -1)
	if len(served) < 30 {
		t.Fatalf("only %d numbers are served", len(served))
	}
	for _, name := range served {
		if !slices.Contains(documented, name[1]) {
			t.Errorf("%s is not in docs/metrics.md", name[1])
		}
	}
	for _, line := range s.metrics() {
		if line == "edge_fanout_seconds_count 0" {
			t.Error("no event was timed on its way to a screen")
		}
	}
}
