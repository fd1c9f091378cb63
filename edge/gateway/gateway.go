// Package gateway speaks HTTP and WebSocket to the people of a class: it decodes, authenticates, authorises, hands the
// command to the class and answers; and it streams to each person what they may see.
//
// It knows no other part: what it needs is declared in parts.go and wired by package edge.
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// Options configure a Gateway. Classes, Sessions, Identity, Directory and Assets are required.
type Options struct {
	Classes   Classes
	Sessions  Sessions
	Identity  Identity
	Directory Directory
	Assets    Assets
	Checks    []Check         // of /readyz
	Stats     []func() []Stat // of /metrics, asked at each scrape
	Version   string
	Logger    *slog.Logger
	Now       func() time.Time // nil: time.Now
	Pace      Pace
}

// Pace holds the times and bounds of connections; zero fields take the default in brackets.
type Pace struct {
	CommandsPer10 int           // commands, and likewise questions, of one person in 10 s [limits.UserCommandsPer10]
	SignInsPer10  int           // refused refreshes from one address in 10 s; those that are not refused are free [60]
	Sockets       int           // open sockets of one person [8]
	Skip          time.Duration // how long events that a person may not see may hold back their position [250 ms]
	Ping          time.Duration // between pings of a socket, and checks of its token [20 s]
	Write         time.Duration // least time that a write to a socket may take before it is closed [10 s]
	Body          time.Duration // for a request's body to arrive [20 s]
	Upload        time.Duration // for an asset to arrive [10 min]
	Answer        time.Duration // for a class to answer [15 s]
}

// Gateway serves the API. Make it with New.
type Gateway struct {
	o        Options
	log      *slog.Logger
	routes   []route
	commands map[string]*route // by command type, for the socket
	metrics  *metrics
	limiter  *limiter
	signIns  *limiter
	handler  http.Handler

	base    context.Context // ends when the gateway stops
	cancel  context.CancelFunc
	mu      sync.Mutex
	sockets map[event.ID]int // open ones by user
	open    sync.WaitGroup   // sockets

	heldMu      sync.Mutex
	held        map[event.ID]map[*held]struct{} // by user
	revocations atomic.Int64                    // calls of Recheck
}

// New makes a Gateway. It returns an error if a required part is missing, and panics if its table of routes is wrong,
// which the first test finds.
func New(o Options) (*Gateway, error) {
	if o.Classes == nil || o.Sessions == nil || o.Identity == nil || o.Directory == nil || o.Assets == nil {
		return nil, errors.New("gateway: Classes, Sessions, Identity, Directory and Assets are required")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Pace = o.Pace.orDefault()
	g := &Gateway{
		o: o, log: o.Logger, routes: routes(), commands: map[string]*route{}, sockets: map[event.ID]int{}, held: map[event.ID]map[*held]struct{}{},
		limiter: newLimiter(o.Pace.CommandsPer10, 10*time.Second, o.Now),
		signIns: newLimiter(o.Pace.SignInsPer10, 10*time.Second, o.Now),
	}
	for i := range g.routes {
		for _, a := range g.routes[i].actions {
			g.commands[a.command] = &g.routes[i]
		}
	}
	g.base, g.cancel = context.WithCancel(context.Background())
	g.metrics = newMetrics(o.Stats)
	g.handler = g.router()
	return g, nil
}

// Handler serves everything: /api, /healthz, /readyz and /metrics.
func (g *Gateway) Handler() http.Handler { return g.handler }

func (p Pace) orDefault() Pace {
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
	number(&p.SignInsPer10, 60)
	number(&p.Sockets, 8)
	span(&p.Skip, 250*time.Millisecond)
	span(&p.Ping, 20*time.Second)
	span(&p.Write, 10*time.Second)
	span(&p.Body, 20*time.Second)
	span(&p.Upload, 10*time.Minute)
	span(&p.Answer, 15*time.Second)
	return p
}
