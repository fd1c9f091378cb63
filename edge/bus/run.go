package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	beat     = time.Second     // between looks at whether NATS answers
	patience = 2 * time.Second // for an answer of NATS; it usually takes microseconds
)

var errGone = errors.New("embedded NATS: the connection ended")

// running is one life of the server.
type running struct {
	b    *Bus
	nc   *nats.Conn
	in   chan *nats.Msg
	gone chan struct{}
	subs map[string]*nats.Subscription
}

// Run starts NATS and carries messages until ctx is done or NATS fails; it then may be run again. All calls into NATS are
// made by its own goroutine.
func (b *Bus) Run(ctx context.Context) error {
	if err := b.drilled(); err != nil {
		return err
	}
	server, err := b.startServer()
	if err != nil {
		return fmt.Errorf("embedded NATS: %w", err)
	}
	defer server.WaitForShutdown()
	defer server.Shutdown()
	r := &running{b: b, in: make(chan *nats.Msg, maxIn), gone: make(chan struct{}), subs: map[string]*nats.Subscription{}}
	if r.nc, err = b.connect(link{server, b}, r.gone); err != nil {
		return fmt.Errorf("embedded NATS: connect: %w", err)
	}
	defer r.nc.Close()
	if err := r.begin(); err != nil {
		return err
	}
	b.starts.Add(1)
	b.setUp(true)
	defer b.setUp(false)
	return r.carry(ctx)
}

// begin forgets what was left from before, and listens.
func (r *running) begin() error {
	for {
		select {
		case <-r.b.out:
			continue
		default:
		}
		break
	}
	if err := r.listen(); err != nil {
		return err
	}
	return r.answers()
}

// carry is the life of the bus.
func (r *running) carry(ctx context.Context) error {
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-r.gone:
			return errGone
		case m := <-r.in:
			r.deliver(m)
		case m := <-r.b.out:
			err = r.publish(m)
		case <-r.b.kick:
			err = r.listen()
		case <-tick.C:
			if err = r.b.drilled(); err == nil {
				err = r.answers()
			}
		}
		if err != nil {
			return fmt.Errorf("embedded NATS: %w", err)
		}
	}
}

// publish first sees to who began to listen before the message was given.
func (r *running) publish(m message) error {
	select {
	case <-r.b.kick:
		if err := r.listen(); err != nil {
			return err
		}
	default:
	}
	if err := r.nc.Publish(m.subject, m.data); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	r.b.published.Add(1)
	return nil
}

// answers asks NATS for a sign of life.
func (r *running) answers() error {
	if err := r.nc.FlushTimeout(patience); err != nil {
		return fmt.Errorf("no answer within %s: %w", patience, err)
	}
	return nil
}

func (r *running) deliver(m *nats.Msg) {
	r.b.mu.Lock()
	listeners := r.b.listeners[m.Subject] // never changed in place
	r.b.mu.Unlock()
	for _, l := range listeners {
		l.take(m.Data)
	}
	r.b.delivered.Add(1)
}

// listen brings the subscriptions in line with who listens.
func (r *running) listen() error {
	r.b.mu.Lock()
	wanted := make(map[string]bool, len(r.b.listeners))
	for name := range r.b.listeners {
		wanted[name] = true
	}
	r.b.mu.Unlock()
	for name, sub := range r.subs {
		if !wanted[name] {
			delete(r.subs, name)
			if err := sub.Unsubscribe(); err != nil {
				return fmt.Errorf("unsubscribe: %w", err)
			}
		}
	}
	for name := range wanted {
		if r.subs[name] != nil {
			continue
		}
		sub, err := r.nc.ChanSubscribe(name, r.in)
		if err != nil {
			return fmt.Errorf("subscribe: %w", err)
		}
		r.subs[name] = sub
	}
	return nil
}
