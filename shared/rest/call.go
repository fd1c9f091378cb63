package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest/strictjson"
)

// Call is one request on its way through the steps. What is absent stands for what the route does not have.
type Call struct {
	W       http.ResponseWriter
	R       *http.Request
	Route   *Route
	Who     Principal
	Token   string            // by which who was found
	Known   int64             // revocations before that, for Server.Ticket
	Session event.ID          // of the class in the address
	Path    map[string]string // ids of the address, but the session's
	Key     string            // idempotency key
	Body    strictjson.Object // without key and action
	Action  Action

	server *Server
}

// Written is the answer of a handler that wrote it itself.
type Written struct{}

// serve makes the handler of a route: address, who, pace, decode, then what the route does, then the answer.
func (s *Server) serve(rt *Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		NoteOf(r).route = rt.ID
		if !rt.Socket {
			ctx, cancel := context.WithTimeout(r.Context(), s.deadline(rt))
			defer cancel()
			r = r.WithContext(ctx)
		}
		c := &Call{W: w, R: r, Route: rt, server: s}
		answer, err := s.take(c)
		switch _, done := answer.(Written); {
		case err != nil:
			s.Fail(w, r, err)
		case !done:
			s.reply(w, r, rt.Status, answer)
		}
	}
}

func (s *Server) deadline(rt *Route) time.Duration {
	body := s.o.Pace.Body
	switch {
	case rt.Upload:
		body = s.o.Pace.Upload
	case rt.Wait > 0:
		body = rt.Wait
	}
	return body + s.o.Pace.Answer
}

func (s *Server) take(c *Call) (any, error) {
	if err := c.address(); err != nil {
		return nil, err
	}
	if !c.Route.Ungated && s.o.Gate != nil {
		if err := s.o.Gate(c); err != nil {
			return nil, err
		}
	}
	if !c.Route.Open {
		release, err := s.admit(c)
		if err != nil {
			return nil, err
		}
		defer release()
	}
	if err := c.queryKnown(); err != nil {
		return nil, err
	}
	if c.Route.Writes() {
		if err := s.decode(c); err != nil {
			return nil, err
		}
	}
	answer, err := c.Route.Handle(c)
	if ended := EndedBy(c.R.Context()); err != nil && ended != nil {
		err = ended
	}
	return answer, err
}

// admit finds out who asks and whether they may at all, at this pace. A question ends when its token is revoked.
func (s *Server) admit(c *Call) (release func(), err error) {
	known := s.revocations.Load()
	who, token, err := s.authenticate(c.R, c.Route)
	if err != nil {
		return nil, err
	}
	c.Who, c.Token, c.Known, release = who, token, known, func() {}
	welcome(c.R)
	if !c.Route.Writes() && !c.Route.Socket {
		var ctx context.Context
		ctx, release = s.Ticket(c.R.Context(), who.UserID, token, c.R.Host, known)
		c.R = c.R.WithContext(ctx)
	}
	n := NoteOf(c.R)
	n.Session = c.Session
	if c.Route.Secret {
		n.secret(c.W, who.UserID)
	} else {
		n.User = who.UserID
	}
	if err = c.Who.Within(c.Route, c.Session); err == nil {
		err = s.Pace(c.Who, c.Session, c.Route.Writes())
	}
	if err != nil {
		release()
	}
	return release, err
}

// SignedIn finds out who sends a request of an open route, and holds them to their pace.
func (c *Call) SignedIn() (Principal, error) {
	who, _, err := c.server.authenticate(c.R, c.Route)
	if err == nil {
		err = c.server.Pace(who, event.ID{}, true)
	}
	return who, err
}

// address reads the ids of the path.
func (c *Call) address() error {
	c.Path = make(map[string]string, len(c.Route.params))
	for _, name := range c.Route.params {
		c.Path[name] = chi.URLParam(c.R, name)
		if _, err := event.ParseID(c.Path[name]); err != nil {
			return fault.At(fault.InvalidField, name, "%s in the address must be an id. Nothing was changed.", name)
		}
	}
	if !c.Route.InClass() {
		return nil
	}
	id, err := event.ParseID(chi.URLParam(c.R, "sessionId"))
	if err != nil {
		return fault.At(fault.InvalidField, "sessionId", "The class in the address must be an id. Nothing was changed.")
	}
	c.Session = id
	return nil
}

// Pace holds back who sends too much, before anything of it is read.
func (s *Server) Pace(who Principal, session event.ID, writes bool) error {
	key := who.UserID.String() + "/" + session.String()
	if !writes {
		key += "/r"
	}
	if wait, ok := s.limiter.Take(key); !ok {
		return TooFast(wait)
	}
	return nil
}
