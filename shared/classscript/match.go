package classscript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Match compares what was said with what is there, and returns an error naming the place where they differ. Both are made of
// string, int64, bool, nil, []any and map[string]any; want may hold Absent.
//
// An object must have the said members and may have more; "#" is their number. A list must have as many entries as said, each matching; said as
// an object it is asked for its length ("#"), for entries by place ("0", "-1"), for entries that some of it must match
// ("has") and for such that none may match ("hasNot"), each a list. Absent and nil fit what is missing or empty: "", 0,
// false, [] and {}.
func Match(want, got any) error { return match("", want, got) }

func match(path string, want, got any) error {
	switch w := want.(type) {
	case Absent, nil:
		if !empty(got) {
			return differ(path, "nothing", got)
		}
		return nil
	case map[string]any:
		if list, isList := got.([]any); isList || got == nil && asksList(w) {
			return matchList(path, w, list)
		}
		object, isObject := got.(map[string]any)
		if !isObject && len(w) > 0 {
			if _, missing := got.(map[string]any); !missing && got == nil {
				object = nil
			} else {
				return differ(path, "an object", got)
			}
		}
		for _, name := range sortedNames(w) {
			member := object[name]
			if name == "#" {
				member = int64(len(object))
			}
			if err := match(path+"."+name, w[name], member); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, _ := got.([]any)
		if len(list) != len(w) || got != nil && list == nil {
			return differ(path, fmt.Sprintf("a list of %d", len(w)), got)
		}
		for i := range w {
			if err := match(path+"."+strconv.Itoa(i), w[i], list[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if want != got && !(got == nil && empty(want)) {
		return differ(path, show(want), got)
	}
	return nil
}

func asksList(w map[string]any) bool {
	for name := range w {
		if _, err := strconv.Atoi(name); err != nil && name != "#" && name != "has" && name != "hasNot" {
			return false
		}
	}
	return true
}

func matchList(path string, w map[string]any, list []any) error {
	for _, name := range sortedNames(w) {
		want, at := w[name], path+"."+name
		switch name {
		case "#":
			if want != int64(len(list)) {
				return differ(at, show(want), int64(len(list)))
			}
		case "has", "hasNot":
			entries, _ := want.([]any)
			for _, entry := range entries {
				if slices.ContainsFunc(list, func(got any) bool { return match("", entry, got) == nil }) != (name == "has") {
					return differ(at, show(entry), list)
				}
			}
		default:
			got, err := entryOf(list, name)
			if err != nil {
				return fmt.Errorf("%s: %w", strings.TrimPrefix(at, "."), err)
			}
			if err := match(at, want, got); err != nil {
				return err
			}
		}
	}
	return nil
}

func entryOf(list []any, place string) (any, error) {
	i, err := strconv.Atoi(place)
	if err != nil {
		return nil, fmt.Errorf("a list has no %q: want a place, # or -1", place)
	}
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil, nil
	}
	return list[i], nil
}

// lookup follows a path through objects and lists; # is the length of a list or the number of an object's members.
func lookup(v any, path string) (any, error) {
	for part := range strings.SplitSeq(path, ".") {
		switch inner := v.(type) {
		case map[string]any:
			if v = inner[part]; part == "#" {
				v = int64(len(inner))
			}
		case []any:
			if part == "#" {
				v = int64(len(inner))
				continue
			}
			var err error
			if v, err = entryOf(inner, part); err != nil {
				return nil, err
			}
		case nil:
			if part == "#" {
				v = int64(0)
			}
		default:
			return nil, fmt.Errorf("%q lies within %s, which has no parts", part, show(v))
		}
	}
	return v, nil
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil, Absent:
		return true
	case string:
		return v == ""
	case int64:
		return v == 0
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func differ(path, want string, got any) error {
	if path = strings.TrimPrefix(path, "."); path == "" {
		path = "value"
	}
	return fmt.Errorf("%s: want %s, got %s", path, want, show(got))
}

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if len(b) > 600 {
		return string(b[:600]) + "…"
	}
	return string(b)
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Decode reads JSON into the values that Match compares. It returns an error for numbers that are no integers of 64 bits.
func Decode(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return integers(v)
}

func integers(v any) (any, error) {
	var err error
	switch inner := v.(type) {
	case json.Number:
		return strconv.ParseInt(string(inner), 10, 64)
	case []any:
		for i := range inner {
			if inner[i], err = integers(inner[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for name := range inner {
			if inner[name], err = integers(inner[name]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
