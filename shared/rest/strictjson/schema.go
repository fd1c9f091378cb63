package strictjson

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema gives the JSON Schema of what Bind accepts for a struct type: the same tags, so the two can't differ. Fields named
// in path are left out, as the address gives them.
func Schema(t reflect.Type, path ...string) *jsonschema.Schema {
	s := schemaOf(shapeOf(t))
	for _, name := range path {
		delete(s.Properties, name)
		s.PropertyOrder = without(s.PropertyOrder, name)
		s.Required = without(s.Required, name)
	}
	return s
}

// The forms of ids, times and hashes, by the name of their Go type.
var forms = map[string]jsonschema.Schema{
	"ID":   {Type: "string", Format: "uuid", Pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
	"Time": {Type: "string", Format: "date-time"},
	"Hash": {Type: "string", Pattern: "^[0-9a-f]{64}$"},
}

func schemaOf(s *shape) *jsonschema.Schema {
	switch s.kind {
	case kindPersonal, kindPointer:
		return schemaOf(s.elem)
	case kindRaw:
		return &jsonschema.Schema{}
	case kindBool:
		return &jsonschema.Schema{Type: "boolean"}
	case kindID:
		form, ok := forms[s.typ.Name()]
		if !ok {
			form = jsonschema.Schema{Type: "string"}
		}
		return &form
	case kindInt:
		out := &jsonschema.Schema{Type: "integer"}
		if l := s.rules.limit; l != nil {
			out.Minimum, out.Maximum = number(l.Min), number(l.Max)
		}
		return out
	case kindText:
		return textSchema(s)
	case kindList:
		out := &jsonschema.Schema{Type: "array", Items: schemaOf(s.elem)}
		if l := s.rules.limit; l != nil {
			out.MinItems, out.MaxItems = jsonschema.Ptr(l.Min), jsonschema.Ptr(l.Max)
		}
		return out
	}
	return objectSchema(s)
}

func textSchema(s *shape) *jsonschema.Schema {
	out := &jsonschema.Schema{Type: "string"}
	if s.rules.enum != nil {
		for _, word := range s.rules.enum {
			out.Enum = append(out.Enum, word)
		}
		return out
	}
	out.MinLength, out.MaxLength = jsonschema.Ptr(s.limit().Min), jsonschema.Ptr(s.limit().Max)
	return out
}

func objectSchema(s *shape) *jsonschema.Schema {
	out := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: Nothing()}
	for _, f := range s.fields {
		field := schemaOf(f.shape)
		if f.optional {
			field = orNull(field)
		} else {
			out.Required = append(out.Required, f.name)
		}
		out.Properties[f.name] = field
		out.PropertyOrder = append(out.PropertyOrder, f.name)
	}
	return out
}

// orNull lets a schema also take null, which stands for an absent field.
func orNull(s *jsonschema.Schema) *jsonschema.Schema {
	if s.Type != "" {
		s.Types, s.Type = []string{s.Type, "null"}, ""
	}
	if s.Enum != nil {
		s.Enum = append(s.Enum, nil)
	}
	return s
}

// Nothing is the schema that no value fits.
func Nothing() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }

func number(n int) *float64 {
	f := float64(n)
	return &f
}

func without(list []string, name string) []string {
	var out []string
	for _, n := range list {
		if n != name {
			out = append(out, n)
		}
	}
	return out
}

// TypeName gives the name under which a schema of a struct type is listed.
func TypeName(t reflect.Type) string {
	return notName.ReplaceAllString(strings.TrimPrefix(t.String(), "*"), "")
}

var notName = regexp.MustCompile(`^[a-z]+\.|[^A-Za-z0-9]`)
