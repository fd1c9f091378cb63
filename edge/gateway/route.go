package gateway

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"multistream/shared/limits"
	"multistream/shared/session"
)

// route is one line of the API: all that the server, the documents and the checks of answers need to know of it.
type route struct {
	method, path string
	id           string   // operationId, and its name in logs and metrics
	about        string   // one line
	actions      []action // the commands it gives; several are told apart by the field "action"
	request      any      // struct of the body where there is no command
	query        []parameter
	answer       any // struct of the answer; nil: none, or bytes
	status       int // of a success; 0: 200
	open         bool
	unclaimed    bool // answered by a box that belongs to nobody too
	keyless      bool // needs no idempotency key: it changes nothing, or may not be stored
	plain        bool // takes text/plain too, which sendBeacon sends
	raw          bool // the body is not JSON
	handle       func(g *Gateway, c *call) (any, error)

	params []string // of the path, but the session's
}

// action is one command of a route.
type action struct {
	word    string // "" where the route has but one
	command string
}

// parameter of a query.
type parameter struct {
	name, about string
	required    bool
	schema      any // a Go value whose type says the form: event.ID, event.Time, int, or text
	enum        []string
	limit       string // of limits.Table
}

// pageParameter is how long a page of a list shall be.
func pageParameter() parameter {
	l := limits.Table["page"]
	return parameter{name: "limit", about: fmt.Sprintf("%d to %d, %d if not given", l.Min, l.Max, limits.PageDefault), schema: 0, limit: "page"}
}

var pathParam = regexp.MustCompile(`\{([a-zA-Z]+)\}`)

// routes gives the whole table.
func routes() []route {
	all := slices.Concat(authRoutes(), boxRoutes(), sessionRoutes(), participationRoutes(), joinCodeRoutes(), studioRoutes(), interactionRoutes(), markRoutes(), liveRoutes(),
		peopleRoutes())
	for i := range all {
		r := &all[i]
		if r.status == 0 {
			r.status = http.StatusOK
		}
		for _, m := range pathParam.FindAllStringSubmatch(r.path, -1) {
			if m[1] != "sessionId" {
				r.params = append(r.params, m[1])
			}
		}
		if r.handle == nil {
			r.handle = (*Gateway).give
		}
		if r.writes() && r.id == "" || len(r.actions) > 1 && slices.ContainsFunc(r.actions, func(a action) bool { return a.word == "" }) {
			panic("gateway: route " + r.path + " is not complete")
		}
	}
	return all
}

func (rt *route) writes() bool { return rt.method != http.MethodGet }

// inClass tells whether the route is about one class.
func (rt *route) inClass() bool { return strings.HasPrefix(rt.path, "/sessions/{sessionId}") }

// payload gives the struct type of an action's command.
func (a action) payload() reflect.Type {
	t, ok := session.CommandOf(a.command)
	if !ok {
		panic("gateway: there is no command " + a.command)
	}
	return reflect.TypeOf(t.New()).Elem()
}

// one is the usual case: a route that gives one command.
func one(method, path, id, command, about string, answer any, status int) route {
	return route{method: method, path: path, id: id, about: about, actions: []action{{command: command}}, answer: answer, status: status}
}

// several is a route whose field "action" chooses the command: word, command, word, command …
func several(path, id, about string, words ...string) route {
	r := route{method: http.MethodPost, path: path, id: id, about: about, answer: Done{}}
	for i := 0; i+1 < len(words); i += 2 {
		r.actions = append(r.actions, action{words[i], words[i+1]})
	}
	return r
}

func get(path, id, about string, answer any, handle func(g *Gateway, c *call) (any, error), query ...parameter) route {
	return route{method: http.MethodGet, path: path, id: id, about: about, answer: answer, handle: handle, query: query}
}
