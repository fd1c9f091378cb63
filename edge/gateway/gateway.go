// Package gateway speaks HTTP and WebSocket to the people of a class: it decodes, authenticates, authorises, hands the
// command to the class and answers; and it streams to each person what they may see. What every program's API has in
// common is package rest's.
//
// It knows no other part: what it needs is declared in parts.go and wired by package edge.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
)

// Options configure a Gateway. Classes, Sessions, Identity, Guests, Owner, Directory and Assets are required.
type Options struct {
	Classes   Classes
	Sessions  Sessions
	Identity  Identity
	Guests    Guests
	Owner     Owner
	Directory accounts.Directory
	Assets    Assets
	Signals   Signals              // nil: this box has no presence, typing and pointers, and says so to who gives one
	Checks    []rest.Check         // of /readyz
	Stats     []func() []rest.Stat // of Metrics, asked at each scrape
	Version   string
	PublicURL string      // where people reach the box; "": what each asker reached it by
	TLS       *tls.Config // nil: plain HTTP
	Authority []byte      // PEM of the box's own certificate authority, if it has one
	Logger    *slog.Logger
	Now       func() time.Time // nil: time.Now
	Pace      Pace
}

// Pace holds the times and bounds of connections; zero fields take the default in brackets.
type Pace struct {
	rest.Pace
	Sockets      int           // open sockets, and polls under way, of one person [8]
	Skip         time.Duration // how long events that a person may not see may hold back their position [250 ms]
	Beat         time.Duration // without a message before a socket's client is told its position again [5 s]
	Poll         time.Duration // a poll's wait for something to tell [25 s, a client may ask for less]
	Gather       time.Duration // least time between the beginning of a poll and an answer with events [200 ms]
	Linger       time.Duration // how long who polls counts as connected from one poll to the next [5 s]
	SignalsPer10 int           // signals of one person in one class in 10 s [limits.UserSignalsPer10]
	Signals      time.Duration // least time between two frames of pointers in a class; five times that for typing [100 ms]
	Presence     time.Duration // least time between two frames of presence in a class [1 s]
	Ping         time.Duration // between pings of a socket, and checks of its token [20 s]
	Write        time.Duration // least time that a write to a socket may take before it is closed [10 s]
}

// Gateway serves the API. Make it with New.
type Gateway struct {
	o        Options
	log      *slog.Logger
	server   *rest.Server
	accounts *accounts.API
	commands map[string]*rest.Route // by command type, for the socket
	metrics  *metrics
	guesses  *guesses
	coding   chan struct{} // held by who sets a join code

	base     context.Context // ends when the gateway stops
	mu       sync.Mutex
	sockets  map[event.ID]int // and polls under way, by user
	viewSize atomic.Int64     // bytes of the latest view
	held     map[seat]*held   // of those who poll, from one poll to the next
	open     sync.WaitGroup   // sockets and polls

	signals, classSignals *rest.Limiter
	classSaid             *rest.Limiter // by class
	roomsMu               sync.Mutex
	rooms                 map[roomKey]*room // classes with sockets

	hallsMu sync.Mutex
	halls   map[roomKey]*hall
}

// New makes a Gateway. It returns an error if a required part is missing, and panics if its table of routes is wrong,
// which the first test finds.
func New(o Options) (*Gateway, error) {
	if o.Classes == nil || o.Sessions == nil || o.Identity == nil || o.Guests == nil || o.Owner == nil || o.Directory == nil || o.Assets == nil {
		return nil, errors.New("gateway: Classes, Sessions, Identity, Guests, Owner, Directory and Assets are required")
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Pace = o.Pace.orDefault()
	g := &Gateway{
		o: o, log: o.Logger, commands: map[string]*rest.Route{}, sockets: map[event.ID]int{}, held: map[seat]*held{},
		guesses: newGuesses(o.Now), coding: make(chan struct{}, 1), rooms: map[roomKey]*room{}, halls: map[roomKey]*hall{},
		signals:      rest.NewLimiter(o.Pace.SignalsPer10, 10*time.Second, o.Now),
		classSignals: rest.NewLimiter(limits.ClassSignalsPer10, 10*time.Second, o.Now),
		classSaid:    rest.NewLimiter(limits.ClassSaidPer1, time.Second, o.Now),
	}
	g.accounts = accounts.New(accounts.Options{Identity: o.Identity, Directory: o.Directory, Cookies: cookies, Pace: o.Pace.Pace, Now: o.Now,
		Guest: g.guestMe, SignedOut: forgetDevice})
	routes := g.routes()
	for i := range routes {
		for _, a := range routes[i].Actions {
			g.commands[a.Command] = &routes[i]
		}
	}
	var err error
	if g.server, err = rest.New(rest.Options{Program: "edge", Routes: routes, Authenticator: o.Identity, Cookies: cookies, Gate: g.inUse, Checks: o.Checks,
		Stats: o.Stats, Version: o.Version, TLS: o.TLS, Logger: o.Logger, Now: o.Now, Pace: o.Pace.Pace, Stop: g.stop}); err != nil {
		return nil, err
	}
	g.base, g.metrics = g.server.Base(), newMetrics(g.server.Registry())
	return g, nil
}

// Handler serves everything that people may reach: /api, /healthz and /readyz.
func (g *Gateway) Handler() http.Handler { return g.server.Handler() }

// Metrics serves the numbers of the box in Prometheus's text format. It belongs behind a door of its own.
func (g *Gateway) Metrics() http.Handler { return g.server.Metrics() }

// Recheck ends whatever somebody holds by access tokens that are not accepted any more. Identity calls it when it revoked
// some, before it answers who asked for that.
func (g *Gateway) Recheck(user event.ID) { g.server.Recheck(user) }

// Serve answers on a listener until ctx ends, then lets requests finish and closes sockets so that clients come back.
func (g *Gateway) Serve(ctx context.Context, l net.Listener) error { return g.server.Serve(ctx, l) }

// stop ends who is connected, and waits for them until ctx is done.
func (g *Gateway) stop(ctx context.Context) error {
	g.letAllGo()
	closed := make(chan struct{})
	go func() {
		g.open.Wait()
		close(closed)
	}()
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return errors.New("gateway: sockets were still open after 10 s")
	}
}

func (p Pace) orDefault() Pace {
	p.Pace = p.Pace.OrDefault()
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
	number(&p.Sockets, limits.SocketsOfUser)
	number(&p.SignalsPer10, limits.UserSignalsPer10)
	span(&p.Signals, 100*time.Millisecond)
	span(&p.Presence, time.Second)
	span(&p.Skip, limits.SkipMillis*time.Millisecond)
	span(&p.Beat, 5*time.Second)
	span(&p.Poll, 25*time.Second)
	span(&p.Gather, 200*time.Millisecond)
	span(&p.Linger, 5*time.Second)
	span(&p.Ping, 20*time.Second)
	span(&p.Write, 10*time.Second)
	return p
}
