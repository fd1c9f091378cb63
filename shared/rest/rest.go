// Package rest is how every program of the system serves its API: one table of routes, of which the server, the documents
// and the checks of real answers are made, so that none of them can say something else than another.
//
// A request passes the same steps everywhere: headers that keep browsers from guessing, an id, a line in the log, defence
// against other sites, who asks (a token that was verified), their pace, strict JSON, an idempotency key; then the route's
// own handler; then an answer or an error, of one shape. What a route does is the program's: a Route holds a function.
package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// Options configure a Server. Program, Routes, Authenticator and Cookies are required.
type Options struct {
	Program       string  // begins the names of its metrics, like edge
	Routes        []Route // below /api
	Authenticator Authenticator
	Cookies       Cookies
	Gate          func(c *Call) error // asked before anything is read, but for Ungated routes; its error is the answer. nil: open
	Checks        []Check             // of /readyz
	Stats         []func() []Stat     // of Metrics, asked at each scrape
	Version       string
	TLS           *tls.Config // nil: plain HTTP
	Logger        *slog.Logger
	Now           func() time.Time // nil: time.Now
	Pace          Pace
	// Stop ends what became a connection of another kind, and waits for it until ctx is done. It is called once Base ended,
	// when nothing new is taken. nil: there is no such thing.
	Stop func(ctx context.Context) error
}

// Pace holds the times and bounds of connections; zero fields take the default in brackets.
type Pace struct {
	CommandsPer10 int           // commands, and likewise questions, of one person in 10 s [limits.UserCommandsPer10]
	Strangers     int           // connections from one address on which nobody is signed in [8,192; a school is often one address]
	Connections   int           // connections in all, sockets included [20,000]
	SignInsPer10  int           // refused refreshes from one address in 10 s; those that are not refused are free [60]
	Header        time.Duration // for a request's first line and headers to arrive [5 s]
	Renew         time.Duration // before a connection is closed that is idle, or with its next answer [25 s: twice that is below the minute after which some networks swallow it]
	Body          time.Duration // for a request's body to arrive, and for an answer to be taken, beside a second for each kilobyte [20 s]
	Upload        time.Duration // for a large body to arrive [10 min]
	Answer        time.Duration // for a handler to answer [15 s]
}

// OrDefault fills in what is zero.
func (p Pace) OrDefault() Pace {
	number := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	span := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	number(&p.CommandsPer10, limits.UserCommandsPer10)
	number(&p.Strangers, limits.Strangers)
	number(&p.Connections, limits.Connections)
	number(&p.SignInsPer10, limits.SignInsPer10)
	span(&p.Header, 5*time.Second)
	span(&p.Renew, 25*time.Second)
	span(&p.Body, 20*time.Second)
	span(&p.Upload, 10*time.Minute)
	span(&p.Answer, 15*time.Second)
	return p
}

// Server serves an API. Make it with New.
type Server struct {
	o       Options
	log     *slog.Logger
	metrics *metrics
	limiter *Limiter
	handler http.Handler

	base     context.Context // ends when the server stops
	cancel   context.CancelFunc
	upgraded atomic.Int64 // connections that became others

	ticketsMu   sync.Mutex
	tickets     map[event.ID]map[*ticket]struct{} // by user
	revocations atomic.Int64                      // calls of Recheck
}

// New makes a Server. It returns an error if something required is missing, and panics if the table of routes is wrong,
// which the first test finds.
func New(o Options) (*Server, error) {
	if o.Program == "" || o.Cookies == "" || o.Authenticator == nil || len(o.Routes) == 0 {
		return nil, errors.New("rest: Program, Routes, Authenticator and Cookies are required")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Pace = o.Pace.OrDefault()
	o.Routes = Complete(o.Routes)
	s := &Server{o: o, log: o.Logger, metrics: newMetrics(o.Program, o.Stats), limiter: NewLimiter(o.Pace.CommandsPer10, 10*time.Second, o.Now),
		tickets: map[event.ID]map[*ticket]struct{}{}}
	s.base, s.cancel = context.WithCancel(context.Background())
	s.handler = s.router()
	return s, nil
}

// Handler serves everything that people may reach: /api, /healthz and /readyz.
func (s *Server) Handler() http.Handler { return s.handler }

// Base ends when the server stops taking requests.
func (s *Server) Base() context.Context { return s.base }

// Upgraded counts connections that became others, by n more: they take places too.
func (s *Server) Upgraded(n int64) { s.upgraded.Add(n) }
