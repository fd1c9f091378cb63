package rest

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"multistream/shared/limits"
)

// InSession begins the path of every route about one class.
const InSession = "/sessions/{sessionId}"

// Route is one line of an API: all that the server, the documents and the checks of answers need to know of it.
type Route struct {
	Method, Path string      // below /api; names in braces are ids
	ID           string      // operationId, and its name in logs and metrics
	About        string      // one line
	Actions      []Action    // the commands it gives; several are told apart by the field "action"
	Request      any         // struct of the body where there is no command
	Query        []Parameter // all that there may be
	Answer       any         // struct of the answer; nil: none, or no JSON
	Gives        string      // for the documents: what comes where Answer is nil
	Status       int         // of a success; 0: 200. From 400 on: it is always refused, with an error
	Handle       func(c *Call) (any, error)

	Open    bool                                // nobody has to be signed in
	Ungated bool                                // answered even while Options.Gate lets nothing else through
	Guests  bool                                // guests of a class may ask it, though it is about no class
	Keyless bool                                // needs no idempotency key: it changes nothing, or may not be stored
	Plain   bool                                // takes text/plain too, which sendBeacon sends
	Raw     bool                                // the body is not JSON
	Accepts []string                            // for the documents: media types of a raw body
	Upload  bool                                // the body may take Pace.Upload to arrive
	Wait    time.Duration                       // for how long an answer may wait for something to tell
	Socket  bool                                // it becomes a connection of another kind: no deadline
	Secret  bool                                // its log line leads to nobody: a poll may be anonymous
	Token   func(*http.Request) (string, error) // where else than usual the access token may be

	params []string // of the path, but the session's
}

// Action is one command of a route.
type Action struct {
	Word    string // "" where the route has but one
	Command string
	Payload reflect.Type // struct of the command's fields
}

// Parameter of a query.
type Parameter struct {
	Name, About string
	Required    bool
	Schema      any // a Go value whose type says the form: event.ID, event.Time, int, or text
	Enum        []string
	Limit       string // of limits.Table
}

// PageParameter is how long a page of a list shall be.
func PageParameter() Parameter {
	l := limits.Table["page"]
	return Parameter{Name: "limit", About: fmt.Sprintf("%d to %d, %d if not given", l.Min, l.Max, limits.PageDefault), Schema: 0, Limit: "page"}
}

var pathParam = regexp.MustCompile(`\{([a-zA-Z]+)\}`)

// Complete fills in what follows from the rest of each route. It panics where a route lacks something, which the first test finds.
func Complete(routes []Route) []Route {
	for i := range routes {
		rt := &routes[i]
		if rt.Status == 0 {
			rt.Status = http.StatusOK
		}
		rt.params = nil
		for _, m := range pathParam.FindAllStringSubmatch(rt.Path, -1) {
			if m[1] != "sessionId" || !rt.InClass() {
				rt.params = append(rt.params, m[1])
			}
		}
		if rt.Writes() && rt.ID == "" || rt.Handle == nil || len(rt.Actions) > 1 && slices.ContainsFunc(rt.Actions, func(a Action) bool { return a.Word == "" }) {
			panic("rest: route " + rt.Path + " is not complete")
		}
	}
	return routes
}

// Get is the usual route that reads.
func Get(path, id, about string, answer any, handle func(c *Call) (any, error), query ...Parameter) Route {
	return Route{Method: http.MethodGet, Path: path, ID: id, About: about, Answer: answer, Handle: handle, Query: query}
}

// Writes tells whether a route may change something.
func (rt *Route) Writes() bool { return rt.Method != http.MethodGet }

// InClass tells whether a route is about one class.
func (rt *Route) InClass() bool { return strings.HasPrefix(rt.Path, InSession) }

// CommandNames lists the commands of a route.
func (rt *Route) CommandNames() []string {
	var names []string
	for _, a := range rt.Actions {
		names = append(names, a.Command)
	}
	return names
}
