package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/rest/strictjson"
)

// Types are the schemas of types that write their own JSON.
type Types map[reflect.Type]*jsonschema.Schema

// basicTypes are those of every program.
func basicTypes() Types {
	erased := any(true)
	return Types{
		reflect.TypeFor[event.ID]():   {Type: "string", Format: "uuid"},
		reflect.TypeFor[event.Time](): {Type: "string", Format: "date-time"},
		reflect.TypeFor[event.Hash](): {Type: "string", Pattern: "^[0-9a-f]{64}$"},
		reflect.TypeFor[event.Text](): {OneOf: []*jsonschema.Schema{
			{Type: "string"},
			{Type: "object", Required: []string{"erased"}, Properties: map[string]*jsonschema.Schema{"erased": {Const: &erased}},
				Description: "it was a person's, who was erased"},
		}},
		reflect.TypeFor[json.RawMessage](): {Type: "object"},
	}
}

// AnswerName is the name under which the schema of an answer's struct is listed.
func AnswerName(answer any) string { return strictjson.TypeName(reflect.TypeOf(answer)) }

// AnswerSchema gives the schema of an answer's struct: closed, as the checks want it.
func AnswerSchema(answer any, more Types) *jsonschema.Schema {
	types := basicTypes()
	maps.Copy(types, more)
	s, err := jsonschema.ForType(reflect.TypeOf(answer), &jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		panic("rest: schema of " + reflect.TypeOf(answer).String() + ": " + err.Error())
	}
	return s
}

// Opened lets a schema take fields that are added later, as every reader of answers must.
func Opened(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	if a := s.AdditionalProperties; a != nil && a.Not != nil {
		s.AdditionalProperties = nil
	}
	Opened(s.AdditionalProperties)
	Opened(s.Items)
	for _, p := range s.Properties {
		Opened(p)
	}
	for _, p := range s.OneOf {
		Opened(p)
	}
	return s
}

// requestSchema gives the schema of a route's body, nil if it has none.
func requestSchema(rt *Route) *jsonschema.Schema {
	switch {
	case rt.Raw || !rt.Writes():
		return nil
	case len(rt.Actions) == 0:
		return withKey(strictjson.Schema(reflect.TypeOf(rt.Request), rt.params...))
	case len(rt.Actions) == 1:
		return withKey(strictjson.Schema(rt.Actions[0].Payload, rt.params...))
	}
	out := &jsonschema.Schema{}
	for _, a := range rt.Actions {
		s := withKey(strictjson.Schema(a.Payload, rt.params...))
		word := any(a.Word)
		s.Properties["action"] = &jsonschema.Schema{Type: "string", Const: &word}
		s.PropertyOrder = append([]string{"action"}, s.PropertyOrder...)
		s.Required = append([]string{"action"}, s.Required...)
		out.OneOf = append(out.OneOf, s)
	}
	return out
}

func withKey(s *jsonschema.Schema) *jsonschema.Schema {
	s.Properties["idempotencyKey"] = KeySchema("instead of the header Idempotency-Key")
	s.PropertyOrder = append(s.PropertyOrder, "idempotencyKey")
	return s
}

// KeySchema is that of an idempotency key.
func KeySchema(about string) *jsonschema.Schema {
	l := limits.Table["idempotency_key"]
	return &jsonschema.Schema{Type: "string", Pattern: fmt.Sprintf("^[ -~]{%d,%d}$", l.Min, l.Max), Description: about}
}
