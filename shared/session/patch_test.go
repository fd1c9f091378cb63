package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"multistream/shared/event"
)

// patchStep is one operation of a JSON Patch (RFC 6902). Only add, remove and replace occur. The path is a JSON Pointer; an
// index is that of the list as the operations before it left it, and adding at a place moves what stands there up.
type patchStep struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

// patchOf gives the operations that make after of before, in an order that each language gets the same from: by field.
func patchOf(t *testing.T, before, after []byte) []patchStep {
	t.Helper()
	var steps []patchStep
	differ(t, "", treeOf(t, before), treeOf(t, after), &steps)
	return steps
}

func treeOf(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func differ(t *testing.T, path string, before, after any, steps *[]patchStep) {
	if reflect.DeepEqual(before, after) {
		return
	}
	add := func(op, path string, v any) { *steps = append(*steps, patchStep{op, path, encoded(t, v)}) }
	remove := func(path string) { *steps = append(*steps, patchStep{Op: "remove", Path: path}) }
	switch a := after.(type) {
	case map[string]any:
		b, same := before.(map[string]any)
		if !same {
			break
		}
		names := slices.Collect(maps.Keys(b))
		for name := range a {
			if _, known := b[name]; !known {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			below := path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			was, had := b[name]
			is, has := a[name]
			switch {
			case !has:
				remove(below)
			case !had:
				add("add", below, is)
			default:
				differ(t, below, was, is, steps)
			}
		}
		return
	case []any:
		b, same := before.([]any)
		if !same {
			break
		}
		from, bEnd, aEnd := 0, len(b), len(a) // of what differs
		for from < min(bEnd, aEnd) && reflect.DeepEqual(b[from], a[from]) {
			from++
		}
		for bEnd > from && aEnd > from && reflect.DeepEqual(b[bEnd-1], a[aEnd-1]) {
			bEnd, aEnd = bEnd-1, aEnd-1
		}
		both := min(bEnd, aEnd)
		for i := from; i < both; i++ {
			differ(t, path+"/"+strconv.Itoa(i), b[i], a[i], steps)
		}
		for i := both; i < bEnd; i++ {
			remove(path + "/" + strconv.Itoa(both))
		}
		for i := both; i < aEnd; i++ {
			add("add", path+"/"+strconv.Itoa(i), a[i])
		}
		return
	}
	add("replace", path, after)
}

// patched applies operations by the words of RFC 6902, not by how they were found.
func patched(t *testing.T, before []byte, steps []patchStep) []byte {
	t.Helper()
	root := treeOf(t, before)
	for _, step := range steps {
		if step.Path == "" {
			root = treeOf(t, step.Value)
			continue
		}
		var err error
		if root, err = operate(t, root, strings.Split(step.Path, "/")[1:], step); err != nil {
			t.Fatalf("%s %s: %v", step.Op, step.Path, err)
		}
	}
	return encoded(t, root)
}

func operate(t *testing.T, v any, path []string, step patchStep) (any, error) {
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[0])
	switch v := v.(type) {
	case map[string]any:
		inner, had := v[name]
		switch {
		case !had && (len(path) > 1 || step.Op != "add"):
			return nil, fmt.Errorf("there is no %q", name)
		case len(path) == 1 && step.Op == "remove":
			delete(v, name)
			return v, nil
		case len(path) == 1:
			v[name] = treeOf(t, step.Value)
			return v, nil
		}
		inner, err := operate(t, inner, path[1:], step)
		v[name] = inner
		return v, err
	case []any:
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i > len(v) || i == len(v) && (len(path) > 1 || step.Op != "add") {
			return nil, fmt.Errorf("there is no item %q", name)
		}
		switch {
		case len(path) > 1:
			v[i], err = operate(t, v[i], path[1:], step)
			return v, err
		case step.Op == "remove":
			return slices.Delete(v, i, i+1), nil
		case step.Op == "add":
			return slices.Insert(v, i, treeOf(t, step.Value)), nil
		}
		v[i] = treeOf(t, step.Value)
		return v, nil
	}
	return nil, fmt.Errorf("%q is asked of %v", name, v)
}

// stepTo gives the patch, and holds it to making the same value of the one before.
func stepTo(t *testing.T, before, after []byte) []patchStep {
	t.Helper()
	steps := patchOf(t, before, after)
	made, err := event.CanonicalJSON(json.RawMessage(patched(t, before, steps)))
	if err != nil {
		t.Fatal(err)
	}
	if want, err := event.CanonicalJSON(json.RawMessage(after)); err != nil || !bytes.Equal(made, want) {
		t.Fatalf("the patch %s makes\n%s\nof\n%s\nwant\n%s (%v)", encoded(t, steps), made, before, want, err)
	}
	return steps
}
