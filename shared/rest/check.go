package rest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/shared/fault"
)

// Checks hold real answers to the documents. Unlike the published schemas, they refuse fields that are not in them.
type Checks struct {
	routes  []Route
	schemas map[string]*jsonschema.Resolved
}

// NewChecks makes the checks of complete routes. Types are those of answers that write their own JSON, in full; more are
// closed schemas by name, which go before those of the answers' structs.
func NewChecks(routes []Route, types Types, more map[string]*jsonschema.Schema) *Checks {
	c := &Checks{routes: routes, schemas: map[string]*jsonschema.Resolved{"Error": resolved(ErrorSchema())}}
	for name, s := range more {
		c.schemas[name] = resolved(s)
	}
	for i := range routes {
		if answer := routes[i].Answer; answer != nil && c.schemas[AnswerName(answer)] == nil {
			c.schemas[AnswerName(answer)] = resolved(AnswerSchema(answer, types))
		}
	}
	return c
}

func resolved(s *jsonschema.Schema) *jsonschema.Resolved {
	r, err := s.Resolve(nil)
	if err != nil {
		panic("rest: schema can't be resolved: " + err.Error())
	}
	return r
}

// Response holds an answer to the document: whether the route is in it, and status and body are as it says. path is that of
// the request, without a query.
func (c *Checks) Response(method, path string, status int, body []byte) error {
	rt := c.route(method, path)
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
	case status == 304, rt.Answer == nil:
		return nil
	case status != rt.Status:
		return fmt.Errorf("%s answered %d, the document says %d", rt.ID, status, rt.Status)
	default:
		name = AnswerName(rt.Answer)
	}
	if err := c.Body(name, body); err != nil {
		return fmt.Errorf("%s answered %d: %w", rt.ID, status, err)
	}
	if status < 400 {
		return nil
	}
	var e ErrorBody
	if err := json.Unmarshal(body, &e); err != nil || fault.Lookup(fault.Code(e.Code)).Status != status {
		return fmt.Errorf("%s answered %d with the code %q (%v)", rt.ID, status, e.Code, err)
	}
	return nil
}

// Body holds a body to the closed schema of this name.
func (c *Checks) Body(name string, body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return c.schemas[name].Validate(value)
}

// route finds the route of a request, nil if there is none.
func (c *Checks) route(method, path string) *Route {
	if method == "HEAD" {
		method = "GET"
	}
	given := strings.Split(strings.TrimPrefix(path, "/api"), "/")
	for i := range c.routes {
		rt := &c.routes[i]
		want := strings.Split(rt.Path, "/")
		if rt.Method != method || len(want) != len(given) {
			continue
		}
		match := true
		for i := range want {
			match = match && (want[i] == given[i] || strings.HasPrefix(want[i], "{"))
		}
		if match {
			return rt
		}
	}
	return nil
}
