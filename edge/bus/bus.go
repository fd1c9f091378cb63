// Package bus is the embedded NATS of a box: it carries what is over when it is told (who has a connection, who types,
// where somebody points), and nothing that matters. It is core NATS alone: no listener, no JetStream, no file; there is no
// store to lose.
//
// A Bus may be used whether or not it runs: Run starts the server and ends when it fails, and supervision runs it again.
// Meanwhile Publish refuses, listeners hear nothing, and Up says so. Publish never waits, and no call from outside reaches
// into NATS: only the goroutine of Run does, so that whatever NATS does stays there.
//
// What is not guaranteed: recover does not reach the goroutines of NATS itself; a panic in one of them ends the process,
// which loses nothing that was acknowledged. What else runs in the process must therefore not need this package: the list
// of async parts can run as a process of its own.
package bus

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"multistream/shared/event"
)

// Bounds of what may wait and be said.
const (
	maxPayload = 128 << 10 // bytes of a message; the list of a full class's connections has 96 kB
	maxOut     = 1024      // messages that wait to be published; further ones are refused
	maxIn      = 4096      // messages that wait to be heard; further ones are lost and counted
	maxPending = 8 << 20   // bytes that the server keeps for a reader that does not keep up, before it cuts it off
	maxSubs    = 20_000    // classes that are listened to at once
)

// Errors of Publish; the message is lost, and nothing else.
var (
	ErrDown = errors.New("the bus is down")
	ErrBusy = errors.New("the bus has more to carry than it can take right now")
	ErrSize = errors.New("the message is larger than the bus carries")
)

// Bus carries messages between the listeners of a class. Make it with New; all methods may be called from any goroutine.
type Bus struct {
	log  *slog.Logger
	out  chan message
	kick chan struct{} // the set of listeners has changed

	mu        sync.Mutex
	up        bool
	changed   chan struct{} // closed when up changes
	listeners map[string][]*listener

	drill atomic.Pointer[drilling]

	starts, published, delivered, refused, lost atomic.Int64
}

type message struct {
	subject string
	data    []byte
}

type listener struct{ take func(message []byte) }

// New makes a Bus that does not run yet.
func New(log *slog.Logger) *Bus {
	return &Bus{log: log, out: make(chan message, maxOut), kick: make(chan struct{}, 1), changed: make(chan struct{}), listeners: map[string][]*listener{}}
}

// subject names a class on the bus. Tenant and class are words of their own, so that an account of another box can be
// given one school, and carries only what somebody there listens to.
func subject(tenant, session event.ID) string {
	return "class." + tenant.String() + "." + session.String()
}

// Publish gives a message to all that listen to a class, those of this box too, and never waits. The bus keeps the bytes.
// It returns ErrDown, ErrBusy or ErrSize; then the message is lost.
func (b *Bus) Publish(tenant, session event.ID, data []byte) error {
	if len(data) > maxPayload {
		return ErrSize
	}
	if up, _ := b.Up(); !up {
		b.refused.Add(1)
		return ErrDown
	}
	select {
	case b.out <- message{subject(tenant, session), data}:
		return nil
	default:
		b.refused.Add(1)
		return ErrBusy
	}
}

// Listen has take called with each message of a class, one after the other, until stop. take returns at once and keeps
// nothing of its argument. Messages that come while the bus is down are lost; listening goes on by itself afterwards.
func (b *Bus) Listen(tenant, session event.ID, take func(message []byte)) (stop func()) {
	name, l := subject(tenant, session), &listener{take}
	b.mu.Lock()
	b.listeners[name] = append(b.listeners[name], l)
	b.mu.Unlock()
	b.changes()
	return sync.OnceFunc(func() {
		b.mu.Lock()
		var rest []*listener
		for _, other := range b.listeners[name] {
			if other != l {
				rest = append(rest, other)
			}
		}
		if b.listeners[name] = rest; len(rest) == 0 {
			delete(b.listeners, name)
		}
		b.mu.Unlock()
		b.changes()
	})
}

func (b *Bus) changes() {
	select {
	case b.kick <- struct{}{}:
	default:
	}
}

// Up tells whether the bus carries messages, and gives a channel that is closed when that changes.
func (b *Bus) Up() (up bool, changed <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.up, b.changed
}

func (b *Bus) setUp(up bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.up != up {
		b.up = up
		close(b.changed)
		b.changed = make(chan struct{})
	}
}

// Stats are numbers for operators. All but Up and Listening only grow.
type Stats struct {
	Up                                          bool
	Listening                                   int // classes that somebody here listens to
	Starts, Published, Delivered, Refused, Lost int64
}

// Stats gives the numbers of now.
func (b *Bus) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Stats{Up: b.up, Listening: len(b.listeners), Starts: b.starts.Load(), Published: b.published.Load(),
		Delivered: b.delivered.Load(), Refused: b.refused.Load(), Lost: b.lost.Load()}
}
