package gateway

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"multistream/shared/event"
)

// hall is the sockets of one class that have all there is. One stream follows the class for all of them, and what is new is
// written to them by a few goroutines, in place of waking a thousand. Whoever can't be served so has to leave their seat, and
// follows the class by a stream of their own until they have all there is again: a slow client, one who gets something
// personal or a fresh view, one whose writer is just doing something else.
type hall struct {
	g    *Gateway
	key  roomKey
	ctx  context.Context // ends when the last socket of the class has left
	end  context.CancelFunc
	in   int          // sockets that may take a seat; under the gateway's lock
	told atomic.Int64 // statuses
	bad  atomic.Bool  // there is a mistake in the code: each socket goes on by itself

	mu    sync.Mutex // held while what is new is written
	open  bool       // the stream is followed
	at    int64      // what has been given to the seated
	seats []*socketWriter
}

// hall gives the hall of a class to a socket, which leaves it in the end. after is a position in the class's history.
func (g *Gateway) hall(key roomKey, after event.Position) *hall {
	g.hallsMu.Lock()
	defer g.hallsMu.Unlock()
	h := g.halls[key]
	if h == nil {
		h = &hall{g: g, key: key}
		h.ctx, h.end = context.WithCancel(context.Background())
		g.halls[key] = h
		go h.run(after)
	}
	h.in++
	return h
}

func (h *hall) leave(w *socketWriter) {
	h.mu.Lock()
	h.stand(w)
	h.mu.Unlock()
	h.g.hallsMu.Lock()
	defer h.g.hallsMu.Unlock()
	if h.in--; h.in == 0 {
		delete(h.g.halls, h.key)
		h.end()
	}
}

// sit seats a writer that has all there is, while told was what it is now. If it does not, there is something new, or the
// hall does not follow the class: then news is false.
func (h *hall) sit(w *socketWriter, told int64) (seated, news bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case !h.open, h.bad.Load():
		return false, false
	case w.upTo < h.at, h.told.Load() != told:
		return false, true
	}
	h.seats = append(h.seats, w)
	w.place = len(h.seats)
	w.seated.Store(true)
	h.g.metrics.seated.Inc()
	return true, false
}

// stand takes a writer's seat away; the lock is held.
func (h *hall) stand(w *socketWriter) {
	if w.place == 0 {
		return
	}
	last := h.seats[len(h.seats)-1]
	h.seats[w.place-1], last.place = last, w.place
	h.seats[len(h.seats)-1] = nil
	h.seats, w.place = h.seats[:len(h.seats)-1], 0
	w.seated.Store(false)
	h.g.metrics.seated.Dec()
	w.ring()
}

// run follows the class. Where it ends, the sockets go on by themselves.
func (h *hall) run(after event.Position) {
	defer h.close()
	stream, err := h.g.o.Classes.Follow(h.ctx, h.key.tenant, h.key.session, event.ID{}, after)
	if err != nil {
		return // what is wrong each socket finds out itself
	}
	defer stream.Close()
	h.mu.Lock()
	h.open, h.at = true, after.Sequence
	h.mu.Unlock()
	for {
		u, err := stream.Next(h.ctx)
		if err != nil {
			return
		}
		h.give(u)
	}
}

// close has everybody follow the class themselves, also after a mistake in the code.
func (h *hall) close() {
	if p := recover(); p != nil {
		h.failed(p)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open = false
	h.clear()
}

func (h *hall) clear() {
	for _, w := range slices.Clone(h.seats) {
		h.stand(w)
	}
}

func (h *hall) failed(p any) {
	h.bad.Store(true)
	h.g.log.Error("hall failed", "session", h.key.session.String(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
}

// give writes what is new to all who are seated. A status each of them tells: it is rare.
func (h *hall) give(u Update) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u.Status != nil {
		h.told.Add(1)
		h.clear()
	}
	if len(u.Entries) == 0 {
		return
	}
	h.at = u.Entries[len(u.Entries)-1].Sequence
	for _, w := range h.pump(u.Entries) {
		h.stand(w)
	}
}
