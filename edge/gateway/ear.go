package gateway

import (
	"sync"
	"time"
)

// slot is a kind of what an ear keeps for its connection: one frame of each, the newest.
type slot int

const (
	slotFeature slot = iota
	slotPresence
	slotTyping
	slotPointer
	slots
)

var slotNames = [slots]string{"feature", "presence", "typing", "pointer"}

// lasting tells frames that replace what was told before: they are kept for a slow client, the others are dropped.
func (k slot) lasting() bool { return k == slotFeature || k == slotPresence }

// ear is where a connection hears of its class what no history keeps. It holds at most one frame of each kind, so that
// nothing piles up: a newer one takes the place of one that was not written yet.
type ear struct {
	room *room
	tell nudger // whose wait is ended when there is something

	mu      sync.Mutex
	waiting [slots]*shout
}

// nudger is who has something else to do than to wait. Nudge never waits itself.
type nudger interface{ Nudge() }

// offer leaves a frame for the connection. It never waits.
func (e *ear) offer(k slot, s *shout) {
	e.mu.Lock()
	replaced := e.waiting[k] != nil
	e.waiting[k] = s
	e.mu.Unlock()
	if replaced {
		e.room.g.metrics.drop(k, "replaced")
	}
	e.tell.Nudge()
}

// take gives what waits.
func (e *ear) take() [slots]*shout {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.waiting
	e.waiting = [slots]*shout{}
	return out
}

// keep puts a frame back, unless a newer one has come.
func (e *ear) keep(k slot, s *shout) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting[k] == nil {
		e.waiting[k] = s
	}
}

// maxBacklog is how many bytes may be on their way to a client for it to get ephemeral frames: what is on its way goes
// before the next event. On a line of 10 kbit/s that is 1.6 s.
const maxBacklog = 2 << 10

// again is when a frame that could not be written is tried again.
const again = time.Second

// ephemerals writes what waits in the ear. Events go first: it is called only when there are none.
func (w *socketWriter) ephemerals(now time.Time) error {
	w.retry = time.Time{}
	if w.ear == nil {
		return nil
	}
	for k, s := range w.ear.take() {
		if s == nil {
			continue
		}
		b := s.forStanding(w.standing)
		slow := b != nil && w.socket.conn.Backlog() > maxBacklog
		switch {
		case b != nil && !slow:
			if err := w.write(frameKind(slot(k)), b); err != nil {
				return err
			}
			continue
		case slow:
			w.g.metrics.drop(slot(k), "slow")
		}
		if slot(k).lasting() {
			w.ear.keep(slot(k), s)
			w.retry = now.Add(again)
		}
	}
	return nil
}

func frameKind(k slot) string {
	if k == slotFeature {
		return "status"
	}
	return "ephemeral"
}
