package gateway

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"multistream/edge/gateway/strictjson"
	"multistream/shared/event"
	"multistream/shared/fault"
)

// call is one request on its way through the steps.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	route   *route
	who     Principal
	token   string            // by which who was found
	known   int64             // revocations before that
	session event.ID          // absent outside a class
	path    map[string]string // ids of the address, but the session's
	key     string
	body    strictjson.Object // without key and action
	action  action
}

// written is the answer of a handler that wrote it itself.
type written struct{}

// serve makes the handler of a route: address, who, pace, decode, then what the route does, then the answer.
func (g *Gateway) serve(rt *route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := noteOf(r)
		n.route = rt.id
		if rt.id != "live" {
			ctx, cancel := context.WithTimeout(r.Context(), g.deadline(rt))
			defer cancel()
			r = r.WithContext(ctx)
		}
		c := &call{w: w, r: r, route: rt}
		answer, err := g.take(c)
		switch _, done := answer.(written); {
		case err != nil:
			g.fail(w, r, err)
		case !done:
			g.reply(w, r, rt.status, answer)
		}
	}
}

func (g *Gateway) deadline(rt *route) time.Duration {
	switch rt.id {
	case "addAsset", "importUsers":
		return g.o.Pace.Upload + g.o.Pace.Answer
	case "frames":
		return g.o.Pace.Poll + g.o.Pace.Answer
	}
	return g.o.Pace.Body + g.o.Pace.Answer
}

func (g *Gateway) take(c *call) (any, error) {
	if err := c.address(); err != nil {
		return nil, err
	}
	if err := g.inUse(c); err != nil {
		return nil, err
	}
	if !c.route.open {
		known := g.revocations.Load()
		who, token, err := g.authenticate(c.r, c.route)
		if err != nil {
			return nil, err
		}
		c.who, c.token, c.known = who, token, known
		welcome(c.r)
		if !c.route.writes() && c.route.id != "live" {
			ctx, release := g.ticket(c.r.Context(), who.UserID, token, c.r.Host, known)
			defer release()
			c.r = c.r.WithContext(ctx)
		}
		n := noteOf(c.r)
		n.session = c.session
		if c.route.id == "vote" {
			n.secret(c.w, who.UserID)
		} else {
			n.user = who.UserID
		}
		if err := c.who.within(c.route, c.session); err != nil {
			return nil, err
		}
		if err := g.pace(c.who, c.session, c.route.writes()); err != nil {
			return nil, err
		}
	}
	if err := c.queryKnown(); err != nil {
		return nil, err
	}
	if c.route.writes() {
		if err := g.decode(c); err != nil {
			return nil, err
		}
	}
	answer, err := c.route.handle(g, c)
	if ended := endedBy(c.r.Context()); err != nil && ended != nil {
		err = ended
	}
	return answer, err
}

// address reads the ids of the path.
func (c *call) address() error {
	c.path = make(map[string]string, len(c.route.params))
	for _, name := range c.route.params {
		c.path[name] = chi.URLParam(c.r, name)
		if _, err := event.ParseID(c.path[name]); err != nil {
			return fault.At(fault.InvalidField, name, "%s in the address must be an id. Nothing was changed.", name)
		}
	}
	if !c.route.inClass() {
		return nil
	}
	id, err := event.ParseID(chi.URLParam(c.r, "sessionId"))
	if err != nil {
		return fault.At(fault.InvalidField, "sessionId", "The class in the address must be an id. Nothing was changed.")
	}
	c.session = id
	return nil
}

// pace holds back who sends too much, before anything of it is read.
func (g *Gateway) pace(who Principal, session event.ID, writes bool) error {
	key := who.UserID.String() + "/" + session.String()
	if !writes {
		key += "/r"
	}
	if wait, ok := g.limiter.take(key); !ok {
		return tooFast(wait)
	}
	return nil
}

// queryKnown refuses parameters that the route does not have: a misspelt filter must not answer everything.
func (c *call) queryKnown() error {
	for name := range c.r.URL.Query() {
		if !slices.ContainsFunc(c.route.query, func(p parameter) bool { return p.name == name }) {
			return fault.At(fault.UnknownField, name, "There is no parameter %q here. Nothing was changed.", name)
		}
	}
	return nil
}
