package main

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"multistream/shared/event"
)

const (
	begin = "<!-- types:begin, written by go generate ./shared/event -->\n"
	end   = "<!-- types:end -->"
)

// withTable replaces what lies between the page's marks.
func withTable(page []byte, words docs) ([]byte, error) {
	before, rest, ok := bytes.Cut(page, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, errors.New("docs/events.md has lost its marks types:begin and types:end")
	}
	var out bytes.Buffer
	out.Write(before)
	out.WriteString(begin)
	writeTable(&out, words)
	out.WriteString(end)
	out.Write(after)
	return out.Bytes(), nil
}

// others says what those get who may not see an event as it is.
var others = map[event.Audience]string{
	event.Everyone:         "in the waiting room: nothing",
	event.EveryoneAndLobby: "nobody is left out",
	event.Staff:            "nothing",
	event.Concerned:        "nothing",
	event.Counted:          "a copy with a count, without a name",
	event.Addressed:        "nothing",
}

func writeTable(out *bytes.Buffer, words docs) {
	owners := []event.Owner{event.OwnerOrchestrator, event.OwnerIdentity, event.OwnerStudio, event.OwnerInteraction, event.OwnerMedia, event.OwnerFanout, event.OwnerArtifacts}
	used := map[reflect.Type]bool{}
	for _, owner := range owners {
		fmt.Fprintf(out, "\n### %s\n\n| type | seen by | the others get | caused by | payload |\n| --- | --- | --- | --- | --- |\n", owner)
		for _, t := range event.Types() {
			if t.Owner != owner {
				continue
			}
			payload := reflect.TypeOf(t.New()).Elem()
			name := "`" + t.Name + "`"
			if t.Version > 1 {
				name += fmt.Sprintf(" (version %d)", t.Version)
			}
			if t.AfterEnd {
				name += " (after the end)"
			}
			seen, _, _ := strings.Cut(string(t.Audience), ";")
			fmt.Fprintf(out, "| %s | %s | %s | `%s` | %s |\n", name, seen, others[t.Audience], strings.Join(t.Causes, "` `"), fieldList(payload, words, used))
		}
	}
	out.WriteString("\n### Parts of payloads\n\n| name | fields |\n| --- | --- |\n")
	for done := map[reflect.Type]bool{}; len(done) < len(used); {
		for _, part := range byName(used) {
			if !done[part] {
				done[part] = true
				fmt.Fprintf(out, "| %s | %s |\n", part.Name(), fieldList(part, words, used))
			}
		}
	}
	out.WriteString("\n")
}

func byName(types map[reflect.Type]bool) []reflect.Type {
	var out []reflect.Type
	for t := range types {
		at := len(out)
		for at > 0 && out[at-1].Name() > t.Name() {
			at--
		}
		out = append(out[:at], append([]reflect.Type{t}, out[at:]...)...)
	}
	return out
}

// fieldList describes the fields of a struct in a table's cell; the structs that they hold are added to used.
func fieldList(t reflect.Type, words docs, used map[reflect.Type]bool) string {
	var cells []string
	for _, f := range fieldsOf(t) {
		cell := "`" + f.name
		if tag := f.Tag.Get("json"); strings.Contains(tag, ",omit") {
			cell += "?"
		}
		cell += "` " + typeWord(f.Type, used)
		if person := f.Tag.Get("personal"); person != "" {
			cell += " personal (" + person + ")"
		}
		if doc := words[f.within.Name()+"."+f.Name]; doc != "" {
			cell += " (" + strings.ReplaceAll(doc, "|", "\\|") + ")"
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, " · ")
}

func typeWord(t reflect.Type, used map[reflect.Type]bool) string {
	switch {
	case t == idType:
		return "id"
	case t == timeType:
		return "time"
	case t == hashType:
		return "hash"
	case t.Kind() == reflect.Pointer:
		return typeWord(t.Elem(), used)
	case t.Kind() == reflect.Slice:
		return typeWord(t.Elem(), used) + "[]"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "integer"
	case isPersonal(t):
		return typeWord(t.Field(0).Type, used)
	}
	used[t] = true
	return t.Name()
}
