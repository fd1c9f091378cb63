// Package bus is the hub's end of the links to edges: an embedded NATS server that edges reach as leaf nodes, and that gives what each
// of them asks to one function, with the id of the edge that asks.
//
// Who asks is known from the connection, never from what is said. Each edge proves an nkey and is put into an account of its own, and
// the one thing that an account can reach is the one subject of the hub that has its edge's id in it: that mapping is the hub's, so an edge can
// neither publish in another's name nor hear another's answers.
//
// Until edges can be enrolled the keys are configured, and the server listens on loopback only. It is core NATS: nothing is stored.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"multistream/shared/event"
)

// Edge is one that may connect.
type Edge struct {
	ID  event.ID
	Key string // its public nkey, of a user: U…
}

// Options say who may ask what. All but Log are required.
type Options struct {
	Addr   string // host and port, loopback; port 0 for a free one
	Edges  []Edge
	Answer func(ctx context.Context, edge event.ID, frame []byte) []byte // called by several at once
	Log    *slog.Logger
}

// Bounds.
const (
	maxPayload = 5 << 20 // bytes of a frame; those of replication have a little over 4 MiB
	maxPending = 64 << 20
	workers    = 16               // questions that are answered at once
	waiting    = 256              // that wait for it; further ones are lost, and asked again
	patience   = 10 * time.Second // for what happens within the process
)

// Bus answers edges while it runs. Make it with New.
type Bus struct {
	o    Options
	host string
	port int

	mu    sync.Mutex
	addr  string
	ready chan struct{} // closed once addr is there
}

// New checks the options. It refuses, with a sentence, an address that others than this machine can reach.
func New(o Options) (*Bus, error) {
	if o.Answer == nil {
		return nil, errors.New("bus: nobody answers")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Bus{o: o, ready: make(chan struct{})}
	host, port, err := net.SplitHostPort(o.Addr)
	if err == nil {
		b.port, err = strconv.Atoi(port)
	}
	if err != nil || b.port < 0 {
		return nil, fmt.Errorf("address for edges %q: want host:port, like 127.0.0.1:7422", o.Addr)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("address for edges %q: others than this machine can reach it, and until edges can be enrolled the way to them is not encrypted: use a loopback address, like 127.0.0.1:7422", o.Addr)
	}
	b.host = host
	if b.port == 0 {
		b.port = -1 // what NATS takes for a free one
	}
	seen := map[string]bool{}
	for _, e := range o.Edges {
		if e.ID.IsZero() || seen[e.ID.String()] || seen[e.Key] || !nkeys.IsValidPublicUserKey(e.Key) {
			return nil, fmt.Errorf("edge %q with key %q: want an id and a public nkey of a user (U…), each for one edge alone", e.ID, e.Key)
		}
		seen[e.ID.String()], seen[e.Key] = true, true
	}
	return b, nil
}

// Addr waits until the bus listens, and tells where.
func (b *Bus) Addr(ctx context.Context) (string, error) {
	select {
	case <-b.ready:
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.addr, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Run serves until ctx is done or the server fails; it then may be run again.
func (b *Bus) Run(ctx context.Context) error {
	s, err := b.startServer()
	if err != nil {
		return fmt.Errorf("embedded NATS: %w", err)
	}
	defer s.WaitForShutdown()
	defer s.Shutdown()
	gone := make(chan struct{})
	nc, err := s.connect(gone, b.o.Log)
	if err != nil {
		return fmt.Errorf("embedded NATS: connect: %w", err)
	}
	defer nc.Close()
	questions := make(chan *nats.Msg, waiting)
	if _, err := nc.ChanSubscribe(subject("*"), questions); err != nil {
		return fmt.Errorf("embedded NATS: subscribe: %w", err)
	}
	if err := nc.FlushTimeout(patience); err != nil {
		return fmt.Errorf("embedded NATS: %w", err)
	}
	at, err := s.address()
	if err != nil {
		return fmt.Errorf("embedded NATS: %w", err)
	}
	b.listens(at)
	b.o.Log.Info("edges reach the hub", "address", at, "edges", len(b.o.Edges))
	ctx, stop := context.WithCancel(ctx)
	var answering sync.WaitGroup
	defer answering.Wait()
	defer stop()
	for range workers {
		answering.Go(func() {
			for {
				select {
				case m := <-questions:
					b.answer(ctx, m)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	select {
	case <-ctx.Done():
		return nil
	case <-gone:
		return errors.New("embedded NATS: the connection ended")
	}
}

func (b *Bus) listens(at string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.addr == "" {
		close(b.ready)
	}
	b.addr = at
	if _, port, err := net.SplitHostPort(at); err == nil { // when it is run again it must be found where it was
		b.port, _ = strconv.Atoi(port)
	}
}

// answer gives one question to who answers.
func (b *Bus) answer(ctx context.Context, m *nats.Msg) {
	edge, ok := edgeOf(m.Subject)
	if !ok || m.Reply == "" {
		b.o.Log.Warn("a question that nobody can have asked", "subject", m.Subject)
		return
	}
	if err := m.Respond(b.o.Answer(ctx, edge, m.Data)); err != nil {
		b.o.Log.Warn("an answer could not be sent; the edge asks again", "edge", edge, "error", err)
	}
}
