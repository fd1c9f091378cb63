package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

type object = map[string]any

// Document is what is published of an API.
type Document struct {
	Title, About string
	Routes       []Route // complete
	Cookies      Cookies
	Types        Types                         // of the parts of answers that write their own JSON, as references
	Schemas      map[string]*jsonschema.Schema // what these refer to
}

// OpenAPI gives the OpenAPI 3.1 document, made of the table of routes, the structs and the table of limits.
func (d *Document) OpenAPI() []byte {
	schemas := object{"Error": ErrorSchema()}
	for name, s := range d.Schemas {
		schemas[name] = s
	}
	paths := object{}
	for i := range d.Routes {
		rt := &d.Routes[i]
		item, _ := paths["/api"+rt.Path].(object)
		if item == nil {
			item = object{}
			paths["/api"+rt.Path] = item
		}
		if rt.Answer != nil {
			schemas[AnswerName(rt.Answer)] = Opened(AnswerSchema(rt.Answer, d.Types))
		}
		item[strings.ToLower(rt.Method)] = operation(rt)
	}
	b, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{
			"title": d.Title, "version": "1", "description": d.About,
		},
		"paths": paths,
		"components": object{
			"schemas":   schemas,
			"responses": object{"Error": jsonContent("An error.", Reference("Error"))},
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
				"cookie": object{"type": "apiKey", "in": "cookie", "name": d.Cookies.access(), "description": "over TLS it is named " + hostPrefix + d.Cookies.access()},
			},
		},
		"security": []object{{"bearer": []string{}}, {"cookie": []string{}}},
	}, "", "  ")
	if err != nil {
		panic("rest: OpenAPI: " + err.Error())
	}
	return append(b, '\n')
}

// Reference points to a schema of the document.
func Reference(name string) *jsonschema.Schema {
	return &jsonschema.Schema{Ref: "#/components/schemas/" + name}
}

func jsonContent(about string, s *jsonschema.Schema) object {
	return object{"description": about, "content": object{"application/json": object{"schema": s}}}
}

func operation(rt *Route) object {
	op := object{
		"operationId": rt.ID, "summary": rt.About,
		"responses": object{strconv.Itoa(rt.Status): successContent(rt), "default": object{"$ref": "#/components/responses/Error"}},
	}
	if rt.Open {
		op["security"] = []object{}
	}
	if p := parameters(rt); len(p) > 0 {
		op["parameters"] = p
	}
	if s := requestSchema(rt); s != nil {
		op["requestBody"] = object{"required": len(s.Required) > 0 || len(s.OneOf) > 0, "content": object{"application/json": object{"schema": s}}}
	} else if len(rt.Accepts) > 0 {
		content := object{}
		for _, kind := range rt.Accepts {
			content[kind] = object{}
		}
		op["requestBody"] = object{"required": true, "content": content}
	}
	if commands := rt.CommandNames(); len(commands) > 0 {
		op["x-commands"] = commands
	}
	return op
}

func successContent(rt *Route) object {
	switch {
	case rt.Answer != nil:
		return jsonContent("Done.", Reference(AnswerName(rt.Answer)))
	case rt.Status >= http.StatusBadRequest:
		return jsonContent(rt.Gives, Reference("Error"))
	}
	return object{"description": rt.Gives}
}

func parameters(rt *Route) []object {
	var out []object
	names := rt.params
	if rt.InClass() {
		names = append([]string{"sessionId"}, names...)
	}
	for _, name := range names {
		out = append(out, object{"name": name, "in": "path", "required": true, "schema": parameterSchema(Parameter{Schema: event.ID{}})})
	}
	for _, p := range rt.Query {
		out = append(out, object{"name": p.Name, "in": "query", "required": p.Required, "description": p.About, "schema": parameterSchema(p)})
	}
	if rt.Writes() && !rt.Keyless {
		out = append(out, object{"name": "Idempotency-Key", "in": "header", "required": rt.Raw, "schema": KeySchema("the same for every try")})
	}
	return out
}

func parameterSchema(p Parameter) *jsonschema.Schema {
	if p.Enum != nil {
		s := &jsonschema.Schema{Type: "string"}
		for _, word := range p.Enum {
			s.Enum = append(s.Enum, word)
		}
		return s
	}
	l, limited := limits.Table[p.Limit]
	if p.Limit != "" && !limited {
		panic("rest: parameter " + p.Name + " names the limit " + p.Limit + ", which the table does not have")
	}
	switch p.Schema.(type) {
	case int:
		s := &jsonschema.Schema{Type: "integer"}
		if limited {
			s.Minimum, s.Maximum = jsonschema.Ptr(float64(l.Min)), jsonschema.Ptr(float64(l.Max))
		}
		return s
	case event.Position:
		return &jsonschema.Schema{Type: "string", Pattern: `^[1-9][0-9]{0,15}\.(0|[1-9][0-9]{0,15})$`}
	case string:
		s := &jsonschema.Schema{Type: "string"}
		if limited {
			s.MinLength, s.MaxLength = jsonschema.Ptr(l.Min), jsonschema.Ptr(l.Max)
		}
		return s
	}
	return basicTypes()[reflect.TypeOf(p.Schema)]
}

// ErrorSchema lists every code.
func ErrorSchema() *jsonschema.Schema {
	s := AnswerSchema(ErrorBody{}, nil)
	codes := fault.Codes()
	sort.Slice(codes, func(i, j int) bool { return codes[i] < codes[j] })
	for _, c := range slices.Compact(codes) {
		s.Properties["code"].Enum = append(s.Properties["code"].Enum, string(c))
	}
	return s
}
