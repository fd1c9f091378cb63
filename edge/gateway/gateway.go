// Package gateway speaks HTTP and WebSocket to the people of a class: it decodes, authenticates, authorises, hands the
// command to the class and answers; and it streams to each person what they may see.
//
// It knows no other part: what it needs is declared in parts.go and wired by package edge.
package gateway

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

// Options configure a Gateway. Classes, Sessions, Identity, Guests, Owner, Directory and Assets are required.
type Options struct {
	Classes   Classes
	Sessions  Sessions
	Identity  Identity
	Guests    Guests
	Owner     Owner
	Directory Directory
	Assets    Assets
	Signals   Signals         // nil: this box has no presence, typing and pointers, and says so to who gives one
	Checks    []Check         // of /readyz
	Stats     []func() []Stat // of Metrics, asked at each scrape
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
	CommandsPer10 int           // commands, and likewise questions, of one person in 10 s [limits.UserCommandsPer10]
	Strangers     int           // connections from one address on which nobody is signed in [8,192; a school is often one address]
	Connections   int           // connections in all, sockets included [20,000]
	SignInsPer10  int           // refused refreshes from one address in 10 s; those that are not refused are free [60]
	Sockets       int           // open sockets, and polls under way, of one person [8]
	Skip          time.Duration // how long events that a person may not see may hold back their position [250 ms]
	Beat          time.Duration // without a message before a socket's client is told its position again [5 s]
	Poll          time.Duration // a poll's wait for something to tell [25 s, a client may ask for less]
	Gather        time.Duration // least time between the beginning of a poll and an answer with events [200 ms]
	Linger        time.Duration // how long who polls counts as connected from one poll to the next [5 s]
	SignalsPer10  int           // signals of one person in one class in 10 s [limits.UserSignalsPer10]
	Signals       time.Duration // least time between two frames of pointers in a class; five times that for typing [100 ms]
	Presence      time.Duration // least time between two frames of presence in a class [1 s]
	Ping          time.Duration // between pings of a socket, and checks of its token [20 s]
	Write         time.Duration // least time that a write to a socket may take before it is closed [10 s]
	Header        time.Duration // for a request's first line and headers to arrive [5 s]
	Renew         time.Duration // before a connection is closed that is idle, or with its next answer [25 s: twice that is below the minute after which some networks swallow it]
	Body          time.Duration // for a request's body to arrive, and for an answer to be taken, beside a second for each kilobyte [20 s]
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
	guesses  *guesses
	coding   chan struct{} // held by who sets a join code
	handler  http.Handler

	base     context.Context // ends when the gateway stops
	cancel   context.CancelFunc
	mu       sync.Mutex
	sockets  map[event.ID]int // and polls under way, by user
	upgraded atomic.Int64     // open sockets
	viewSize atomic.Int64     // bytes of the latest view
	held     map[seat]*held   // of those who poll, from one poll to the next
	open     sync.WaitGroup   // sockets and polls

	ticketsMu   sync.Mutex
	tickets     map[event.ID]map[*ticket]struct{} // by user
	revocations atomic.Int64                      // calls of Recheck

	signals, classSignals *limiter
	classSaid             *limiter // by class
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
		o: o, log: o.Logger, routes: routes(), commands: map[string]*route{}, sockets: map[event.ID]int{}, held: map[seat]*held{}, tickets: map[event.ID]map[*ticket]struct{}{},
		limiter: newLimiter(o.Pace.CommandsPer10, 10*time.Second, o.Now),
		guesses: newGuesses(o.Now), coding: make(chan struct{}, 1),
		signIns: newLimiter(o.Pace.SignInsPer10, 10*time.Second, o.Now), rooms: map[roomKey]*room{}, halls: map[roomKey]*hall{},
		signals:      newLimiter(o.Pace.SignalsPer10, 10*time.Second, o.Now),
		classSignals: newLimiter(limits.ClassSignalsPer10, 10*time.Second, o.Now),
	}
	for i := range g.routes {
		for _, a := range g.routes[i].actions {
			g.commands[a.command] = &g.routes[i]
		}
	}
	g.classSaid = newLimiter(limits.ClassSaidPer1, time.Second, o.Now)
	g.base, g.cancel = context.WithCancel(context.Background())
	g.metrics = newMetrics(o.Stats)
	g.handler = g.router()
	return g, nil
}

// Handler serves everything that people may reach: /api, /healthz and /readyz.
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
	number(&p.Strangers, limits.Strangers)
	number(&p.Connections, limits.Connections)
	number(&p.SignInsPer10, limits.SignInsPer10)
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
	span(&p.Header, 5*time.Second)
	span(&p.Renew, 25*time.Second)
	span(&p.Body, 20*time.Second)
	span(&p.Upload, 10*time.Minute)
	span(&p.Answer, 15*time.Second)
	return p
}
