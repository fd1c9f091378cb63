package gateway

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// answerTypes are the schemas of types that write their own JSON. The view of a class is large: it is given by the caller, in
// full or as a reference.
func answerTypes(view *jsonschema.Schema) map[reflect.Type]*jsonschema.Schema {
	erased := any(true)
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[event.ID]():   {Type: "string", Format: "uuid"},
		reflect.TypeFor[event.Time](): {Type: "string", Format: "date-time"},
		reflect.TypeFor[event.Hash](): {Type: "string", Pattern: "^[0-9a-f]{64}$"},
		reflect.TypeFor[event.Text](): {OneOf: []*jsonschema.Schema{
			{Type: "string"},
			{Type: "object", Required: []string{"erased"}, Properties: map[string]*jsonschema.Schema{"erased": {Const: &erased}},
				Description: "it was a person's, who was erased"},
		}},
		reflect.TypeFor[json.RawMessage](): {Type: "object"},
		reflect.TypeFor[Frame]():           reference("Frame"),
		reflect.TypeFor[View]():            view,
	}
}

// answerSchema gives the schema of an answer's struct: closed, as the checks want it.
func answerSchema(answer any, view *jsonschema.Schema) *jsonschema.Schema {
	s, err := jsonschema.ForType(reflect.TypeOf(answer), &jsonschema.ForOptions{TypeSchemas: answerTypes(view)})
	if err != nil {
		panic("gateway: schema of " + reflect.TypeOf(answer).String() + ": " + err.Error())
	}
	return s
}

// viewSchema gives the schema of a person's view of a class.
func viewSchema() *jsonschema.Schema { return answerSchema(session.State{}, &jsonschema.Schema{}) }

// opened lets a schema take fields that are added later, as every reader of answers must.
func opened(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	if a := s.AdditionalProperties; a != nil && a.Not != nil {
		s.AdditionalProperties = nil
	}
	opened(s.AdditionalProperties)
	opened(s.Items)
	for _, p := range s.Properties {
		opened(p)
	}
	for _, p := range s.OneOf {
		opened(p)
	}
	return s
}

// requestSchema gives the schema of a route's body, nil if it has none.
func requestSchema(rt *route) *jsonschema.Schema {
	switch {
	case rt.raw || !rt.writes():
		return nil
	case len(rt.actions) == 0:
		return withKey(strictjson.Schema(reflect.TypeOf(rt.request), rt.params...))
	case len(rt.actions) == 1:
		return withKey(strictjson.Schema(rt.actions[0].payload(), rt.params...))
	}
	out := &jsonschema.Schema{}
	for _, a := range rt.actions {
		s := withKey(strictjson.Schema(a.payload(), rt.params...))
		word := any(a.word)
		s.Properties["action"] = &jsonschema.Schema{Type: "string", Const: &word}
		s.PropertyOrder = append([]string{"action"}, s.PropertyOrder...)
		s.Required = append([]string{"action"}, s.Required...)
		out.OneOf = append(out.OneOf, s)
	}
	return out
}

func withKey(s *jsonschema.Schema) *jsonschema.Schema {
	s.Properties["idempotencyKey"] = keySchema("instead of the header Idempotency-Key")
	s.PropertyOrder = append(s.PropertyOrder, "idempotencyKey")
	return s
}

func keySchema(about string) *jsonschema.Schema {
	l := limits.Table["idempotency_key"]
	return &jsonschema.Schema{Type: "string", Pattern: fmt.Sprintf("^[ -~]{%d,%d}$", l.Min, l.Max), Description: about}
}
