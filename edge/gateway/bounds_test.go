package gateway_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// unbounded are the numbers that a client may send as large as it likes, and why.
var unbounded = map[string]string{
	"planRevision": "counts the changes of a plan at the hub",
	"durationMs":   "of a recording",
	"size":         "of a file, which is counted when it comes",
	"expires":      "a time",
}

// TestWhatIsAskedIsBounded: the document tells of each number, text and list that may be sent how large it may be.
func TestWhatIsAskedIsBounded(t *testing.T) {
	raw, err := os.ReadFile("schema/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct {
				Name   string
				Schema map[string]any
			}
			RequestBody struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	seen := 0
	var bounded func(where, name string, s map[string]any)
	bounded = func(where, name string, s map[string]any) {
		seen++
		is := func(kind string) bool {
			many, _ := s["type"].([]any)
			return s["type"] == kind || slices.Contains(many, any(kind))
		}
		has := func(names ...string) bool {
			return slices.ContainsFunc(names, func(n string) bool { return s[n] != nil })
		}
		switch {
		case is("integer") && !has("maximum", "const", "enum") && unbounded[name] == "",
			is("string") && !has("maxLength", "pattern", "format", "const", "enum"),
			is("array") && !has("maxItems"):
			t.Errorf("%s: %s has no bound: %v", where, name, s)
		}
		for _, list := range []string{"oneOf", "anyOf"} {
			inner, _ := s[list].([]any)
			for _, v := range inner {
				bounded(where, name, v.(map[string]any))
			}
		}
		properties, _ := s["properties"].(map[string]any)
		for _, n := range slices.Sorted(maps.Keys(properties)) {
			bounded(where+" "+name, n, properties[n].(map[string]any))
		}
		if items, _ := s["items"].(map[string]any); items != nil {
			bounded(where, name+"[]", items)
		}
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			where := strings.ToUpper(method) + " " + path
			for _, p := range op.Parameters {
				bounded(where, "?"+p.Name, p.Schema)
			}
			for _, content := range op.RequestBody.Content {
				if content.Schema["format"] != "binary" {
					bounded(where, "", content.Schema)
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("only %d schemas were looked at", seen)
	}
}
