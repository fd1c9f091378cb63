package gateway

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/fault"
)

// checks are the closed schemas of all answers, resolved once.
var checks = sync.OnceValue(func() map[string]*jsonschema.Resolved {
	out := map[string]*jsonschema.Resolved{"Error": resolved(errorSchema())}
	view := viewSchema()
	for _, rt := range routes() {
		if _, polled := rt.answer.(Frames); rt.answer != nil && !polled {
			out[strictjson.TypeName(reflect.TypeOf(rt.answer))] = resolved(answerSchema(rt.answer, view))
		}
	}
	closedSocket := func() *jsonschema.Schema {
		s := socketSchema(func(s *jsonschema.Schema) *jsonschema.Schema { return s })
		s.OneOf = nil
		return s
	}
	server, frames := closedSocket(), closedSocket()
	server.Ref = "#/$defs/" + serverMessage
	out[serverMessage] = resolved(server)
	all := closed(map[string]*jsonschema.Schema{"frames": {Type: "array", Items: local(serverMessage), MinItems: jsonschema.Ptr(1)}}, "frames")
	all.Schema, all.Defs = frames.Schema, frames.Defs
	out["Frames"] = resolved(all)
	return out
})

func resolved(s *jsonschema.Schema) *jsonschema.Resolved {
	r, err := s.Resolve(nil)
	if err != nil {
		panic("gateway: schema can't be resolved: " + err.Error())
	}
	return r
}

// CheckResponse holds a real answer to the document: whether the route is in it, and status and body are as it says.
// Unlike the published schemas, it refuses fields that are not in them. path is that of the request, without a query.
func CheckResponse(method, path string, status int, body []byte) error {
	rt := routeOf(method, path)
	if rt == nil {
		if !strings.HasPrefix(path, "/api/") || status == 404 || status == 405 {
			return nil
		}
		return fmt.Errorf("%s %s answered %d but is not in the document", method, path, status)
	}
	name := ""
	switch {
	case method == "HEAD":
		return nil
	case status >= 400:
		name = "Error"
	case status == 304, rt.answer == nil:
		return nil
	case status != rt.status:
		return fmt.Errorf("%s answered %d, the document says %d", rt.id, status, rt.status)
	default:
		name = strictjson.TypeName(reflect.TypeOf(rt.answer))
	}
	if err := checkBody(name, body); err != nil {
		return fmt.Errorf("%s answered %d: %w", rt.id, status, err)
	}
	if status < 400 {
		return nil
	}
	var e ErrorBody
	if err := json.Unmarshal(body, &e); err != nil || fault.Lookup(fault.Code(e.Code)).Status != status {
		return fmt.Errorf("%s answered %d with the code %q (%v)", rt.id, status, e.Code, err)
	}
	return nil
}

// CheckFrame holds a message of a socket to the schema.
func CheckFrame(message []byte) error { return checkBody(serverMessage, message) }

func checkBody(name string, body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return checks()[name].Validate(value)
}

// routeOf finds the route of a request, nil if there is none.
func routeOf(method, path string) *route {
	if method == "HEAD" {
		method = "GET"
	}
	given := strings.Split(strings.TrimPrefix(path, "/api"), "/")
	for _, rt := range routes() {
		want := strings.Split(rt.path, "/")
		if rt.method != method || len(want) != len(given) {
			continue
		}
		match := true
		for i := range want {
			match = match && (want[i] == given[i] || strings.HasPrefix(want[i], "{"))
		}
		if match {
			return &rt
		}
	}
	return nil
}
