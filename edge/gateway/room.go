package gateway

import (
	"context"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/session"
)

const (
	rollEvery   = 10 * time.Second // a roll is said again so often, as one may have been lost
	rollLasts   = 3 * rollEvery    // a box that is not heard of for so long is gone
	maxBoxes    = 32               // boxes that serve one class
	pointersPer = 250              // connections; with each further so many pointers are told that much less often
	typingEach  = 5                // times as long as for pointers
)

// room is one class as far as its signals go, while it has connections here: a goroutine that hears the bus, and tells
// the ears at most so often. All that it knows of others it has from the bus, also about this gateway's own connections.
type room struct {
	g               *Gateway
	tenant, session event.ID
	box             event.ID // names this room's rolls
	kick            chan struct{}
	done            chan struct{} // closed when the last connection has left

	mu       sync.Mutex
	ears     map[*ear]bool
	here     map[event.ID]int // connections by user
	points   map[event.ID]PointerNow
	typing   map[TypingNow]bool
	rolls    map[event.ID]heardRoll
	rollDue  bool   // who is here has changed
	rollsNew bool   // what is known of who is where has changed
	feature  *shout // told to who comes while the bus is down
	presence *shout // the latest, told to who comes

	loop roomLoop
}

type heardRoll struct {
	users []event.ID
	at    time.Time
}

type roomKey struct{ tenant, session event.ID }

// listen joins a connection to the room of its class. It gives nil where the box has no signals.
func (g *Gateway) listen(who rest.Principal, id event.ID, tell nudger) *ear {
	if g.o.Signals == nil {
		return nil
	}
	g.roomsMu.Lock()
	defer g.roomsMu.Unlock()
	key := roomKey{who.TenantID, id}
	r := g.rooms[key]
	if r == nil {
		r = g.newRoom(key)
		g.rooms[key] = r
		defer func() { go r.run() }()
	}
	e := &ear{room: r, tell: tell}
	r.mu.Lock()
	r.ears[e] = true
	r.here[who.UserID]++
	r.rollDue = true
	if r.feature != nil {
		e.offer(slotFeature, r.feature)
	}
	if r.presence != nil {
		e.offer(slotPresence, r.presence)
	}
	r.mu.Unlock()
	r.wake()
	return e
}

func (e *ear) leave(user event.ID) {
	r := e.room
	r.g.roomsMu.Lock()
	defer r.g.roomsMu.Unlock()
	r.mu.Lock()
	delete(r.ears, e)
	if r.here[user]--; r.here[user] <= 0 {
		delete(r.here, user)
	}
	r.rollDue = true
	empty := len(r.ears) == 0
	r.mu.Unlock()
	if empty {
		delete(r.g.rooms, roomKey{r.tenant, r.session})
		close(r.done)
	}
	r.wake()
}

func (g *Gateway) newRoom(key roomKey) *room {
	r := &room{g: g, tenant: key.tenant, session: key.session, box: event.NewID(), kick: make(chan struct{}, 1), done: make(chan struct{}),
		ears: map[*ear]bool{}, here: map[event.ID]int{}, points: map[event.ID]PointerNow{}, typing: map[TypingNow]bool{}, rolls: map[event.ID]heardRoll{}}
	r.loop.up = true
	r.turn()
	return r
}

func (r *room) wake() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// hear takes a message of the bus.
func (r *room) hear(b []byte) {
	m, ok, err := decodeHeard(b)
	if err != nil {
		r.g.metrics.signal("unread", "garbled")
	}
	if !ok {
		return
	}
	r.mu.Lock()
	switch {
	case m.point != nil:
		if _, known := r.points[m.point.UserID]; known || len(r.points) < limits.ShownPointers {
			r.points[m.point.UserID] = *m.point
		}
	case m.typing != nil:
		if len(r.typing) < limits.ShownTyping {
			r.typing[*m.typing] = true
		}
	case m.roll != nil:
		if _, known := r.rolls[m.roll.box]; known || len(r.rolls) < maxBoxes {
			r.rolls[m.roll.box] = heardRoll{m.roll.users, time.Now()}
			r.rollsNew = true
		}
	}
	r.mu.Unlock()
	r.wake()
}

// tell offers a frame to every connection of the class.
func (r *room) tell(k slot, s *shout) {
	if s.staff == nil && s.members == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for e := range r.ears {
		e.offer(k, s)
	}
}

// read asks the class; while it does not answer, signals wait and are dropped.
func (r *room) read(f func(*session.State) error) error {
	ctx, cancel := context.WithTimeout(r.g.base, r.g.o.Pace.Answer)
	defer cancel()
	return r.g.o.Classes.Read(ctx, r.tenant, r.session, f)
}
