package gateway

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
)

//go:generate go run ./generate

type object = map[string]any

// OpenAPI gives the OpenAPI 3.1 document of the API, made of the table of routes, the structs and the table of limits.
func OpenAPI() []byte {
	view := reference("View")
	schemas := object{
		"View":  opened(viewSchema()),
		"Error": errorSchema(),
	}
	for name, s := range frameSchemas() {
		schemas[name] = s
	}
	paths := object{}
	for _, rt := range routes() {
		rt := rt
		item, _ := paths["/api"+rt.path].(object)
		if item == nil {
			item = object{}
			paths["/api"+rt.path] = item
		}
		if rt.answer != nil {
			schemas[strictjson.TypeName(reflect.TypeOf(rt.answer))] = opened(answerSchema(rt.answer, view))
		}
		item[strings.ToLower(rt.method)] = operation(&rt)
	}
	b, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Multistream edge", "version": "1",
			"description": "Every error has the shape Error; its code is stable. POST, PATCH and DELETE need an idempotency key, but for /auth: the same key again gives the first answer.",
		},
		"paths": paths,
		"components": object{
			"schemas":   schemas,
			"responses": object{"Error": jsonContent("An error.", reference("Error"))},
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
				"cookie": object{"type": "apiKey", "in": "cookie", "name": accessCookie, "description": "over TLS it is named " + hostPrefix + accessCookie},
			},
		},
		"security": []object{{"bearer": []string{}}, {"cookie": []string{}}},
	}, "", "  ")
	if err != nil {
		panic("gateway: OpenAPI: " + err.Error())
	}
	return append(b, '\n')
}

func reference(name string) *jsonschema.Schema {
	return &jsonschema.Schema{Ref: "#/components/schemas/" + name}
}

func jsonContent(about string, s *jsonschema.Schema) object {
	return object{"description": about, "content": object{"application/json": object{"schema": s}}}
}

func operation(rt *route) object {
	op := object{
		"operationId": rt.id, "summary": rt.about,
		"responses": object{strconv.Itoa(success(rt)): successContent(rt), "default": object{"$ref": "#/components/responses/Error"}},
	}
	if rt.open {
		op["security"] = []object{}
	}
	if p := parameters(rt); len(p) > 0 {
		op["parameters"] = p
	}
	if s := requestSchema(rt); s != nil {
		op["requestBody"] = object{"required": len(s.Required) > 0 || len(s.OneOf) > 0, "content": object{"application/json": object{"schema": s}}}
	} else if rt.id == "importUsers" {
		op["requestBody"] = object{"required": true, "content": object{"text/csv": object{}}}
	} else if rt.id == "addAsset" {
		content := object{}
		for kind := range assetTypes {
			content[kind] = object{}
		}
		op["requestBody"] = object{"required": true, "content": content}
	}
	if commands := rt.commandNames(); len(commands) > 0 {
		op["x-commands"] = commands
	}
	return op
}

func (rt *route) commandNames() []string {
	var names []string
	for _, a := range rt.actions {
		names = append(names, a.command)
	}
	return names
}

// success is the status of a route when all goes well.
func success(rt *route) int {
	switch rt.id {
	case "live":
		return http.StatusSwitchingProtocols
	case "mediaToken":
		return fault.Lookup(fault.MediaOff).Status
	}
	return rt.status
}

func successContent(rt *route) object {
	switch {
	case rt.answer != nil:
		return jsonContent("Done.", reference(strictjson.TypeName(reflect.TypeOf(rt.answer))))
	case rt.id == "live":
		return object{"description": "The socket's messages are described by /api/socket.schema.json."}
	case rt.id == "getAsset":
		return object{"description": "The bytes in the asset's own type (ranges and If-None-Match work), or a board page as JSON."}
	case rt.open && !rt.writes():
		return object{"description": "The document."}
	}
	return jsonContent("Not on this box.", reference("Error"))
}

func parameters(rt *route) []object {
	var out []object
	names := rt.params
	if rt.inClass() {
		names = append([]string{"sessionId"}, names...)
	}
	for _, name := range names {
		out = append(out, object{"name": name, "in": "path", "required": true, "schema": parameterSchema(parameter{schema: event.ID{}})})
	}
	for _, p := range rt.query {
		out = append(out, object{"name": p.name, "in": "query", "required": p.required, "description": p.about, "schema": parameterSchema(p)})
	}
	if rt.writes() && !rt.keyless {
		out = append(out, object{"name": "Idempotency-Key", "in": "header", "required": rt.raw, "schema": keySchema("the same for every try")})
	}
	return out
}

func parameterSchema(p parameter) *jsonschema.Schema {
	if p.enum != nil {
		s := &jsonschema.Schema{Type: "string"}
		for _, word := range p.enum {
			s.Enum = append(s.Enum, word)
		}
		return s
	}
	l, limited := limits.Table[p.limit]
	if p.limit != "" && !limited {
		panic("gateway: parameter " + p.name + " names the limit " + p.limit + ", which the table does not have")
	}
	switch p.schema.(type) {
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
	return answerTypes(nil)[reflect.TypeOf(p.schema)]
}

// errorSchema lists every code.
func errorSchema() *jsonschema.Schema {
	s := answerSchema(ErrorBody{}, nil)
	codes := fault.Codes()
	sort.Slice(codes, func(i, j int) bool { return codes[i] < codes[j] })
	for _, c := range slices.Compact(codes) {
		s.Properties["code"].Enum = append(s.Properties["code"].Enum, string(c))
	}
	return s
}
