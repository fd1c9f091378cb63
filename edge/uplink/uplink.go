// Package uplink is the box's link to the hub: an embedded NATS server of its own that connects to the hub as a leaf node, and asks. It
// carries requests and answers alone; nothing of a class depends on it, and it shares nothing with package bus.
//
// Until edges can be enrolled it connects to loopback only, with a key that the hub is configured with.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// ErrNobody says that the hub is not there: known at once, unlike an answer that does not come, and no different from it.
var ErrNobody = errors.New("the hub is not there")

// asked is the subject that the hub maps to one of its own that names this edge.
const asked = "sync.v1"

// Bounds.
const (
	maxPayload = 5 << 20 // bytes of a frame; those of replication have a little over 4 MiB
	maxPending = 32 << 20
	patience   = 10 * time.Second // for what happens within the box
	retry      = 250 * time.Millisecond
	stuck      = 3 * time.Second // that a link may be there with nobody at its end, before it is made anew
)

// Link is the way to the hub. Make it with New; Ask may be called from anywhere, whether or not it runs.
type Link struct {
	hub  *url.URL
	seed string // of the nkey, as text
	name string // its public half
	log  *slog.Logger

	mu     sync.Mutex
	nc     *nats.Conn // nil while it does not run
	nobody time.Time  // since when nobody takes what is asked; zero: somebody does
}

// New makes a Link to the hub's address for edges (host:port) with the edge's key, made of a seed of 32 bytes. It refuses, with a
// sentence, an address that is not this machine's.
func New(hub string, seed []byte, log *slog.Logger) (*Link, error) {
	host, _, err := net.SplitHostPort(hub)
	if err != nil {
		return nil, fmt.Errorf("address of the hub %q: want host:port, like 127.0.0.1:7422", hub)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("address of the hub %q: until edges can be enrolled the way to it is not encrypted, so only a loopback address is taken, like 127.0.0.1:7422", hub)
	}
	key, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, seed)
	if err != nil {
		return nil, fmt.Errorf("key of the link to the hub: %w", err)
	}
	name, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("key of the link to the hub: %w", err)
	}
	text, err := key.Seed()
	if err != nil {
		return nil, fmt.Errorf("key of the link to the hub: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Link{hub: &url.URL{Scheme: "nats-leaf", Host: hub}, seed: string(text), name: name, log: log}, nil
}

// Key is the public nkey that the hub is to be configured with for this edge.
func (l *Link) Key() string { return l.name }

// Run keeps the link until ctx is done or NATS fails; it then may be run again.
func (l *Link) Run(ctx context.Context) error {
	s, err := l.startServer()
	if err != nil {
		return fmt.Errorf("link to the hub: %w", err)
	}
	defer s.WaitForShutdown()
	defer s.Shutdown()
	gone := make(chan struct{})
	nc, err := l.connect(s, gone)
	if err != nil {
		return fmt.Errorf("link to the hub: connect within the box: %w", err)
	}
	defer nc.Close()
	l.set(nc)
	defer l.set(nil)
	tick := time.NewTicker(stuck / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-gone:
			return errors.New("link to the hub: the connection within the box ended")
		case <-tick.C:
			if s.NumLeafNodes() > 0 && l.nobodyFor() > stuck {
				return errors.New("link to the hub: it is there, and nobody takes what is asked")
			}
		}
	}
}

// answered takes note of whether somebody takes what is asked.
func (l *Link) answered(somebody bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case somebody:
		l.nobody = time.Time{}
	case l.nobody.IsZero():
		l.nobody = time.Now()
	}
}

func (l *Link) nobodyFor() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.nobody.IsZero() {
		return 0
	}
	return time.Since(l.nobody)
}

func (l *Link) set(nc *nats.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nc, l.nobody = nc, time.Time{}
}

// Ask sends a frame to the hub and gives the one that it answers. It returns ErrNobody at once where there is no link, and the context's
// error where no answer comes.
func (l *Link) Ask(ctx context.Context, frame []byte) ([]byte, error) {
	l.mu.Lock()
	nc := l.nc
	l.mu.Unlock()
	if nc == nil {
		return nil, ErrNobody
	}
	m, err := nc.RequestWithContext(ctx, asked, frame)
	switch {
	case err == nil:
		l.answered(true)
		return m.Data, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	l.answered(false)
	return nil, fmt.Errorf("%w: %w", ErrNobody, err)
}
