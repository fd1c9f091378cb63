package gateway

import (
	"bytes"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

// roomLoop is what only the room's goroutine uses.
type roomLoop struct {
	up                                bool
	turned                            <-chan struct{} // closed when up may be another
	rollAt                            time.Time
	nextPoints, nextTyping, nextCount time.Time
	sequence                          int64             // of the class, when presence was last counted
	connected                         map[event.ID]bool // to any box
}

// run is the room's goroutine. A mistake in the code costs signals and nothing else.
func (r *room) run() {
	stop := r.g.o.Signals.Listen(r.tenant, r.session, r.hear)
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.done:
			_ = r.g.o.Signals.Publish(r.tenant, r.session, encodeRoll(r.box, nil)) // lost: others find out in time
			return
		case <-r.kick:
		case <-timer.C:
		case <-r.loop.turned:
		}
		timer.Reset(time.Until(r.step(time.Now())))
	}
}

// step does what is due and tells when there is more.
func (r *room) step(now time.Time) (next time.Time) {
	next = now.Add(r.g.o.Pace.Presence)
	defer func() {
		if p := recover(); p != nil {
			r.g.log.Error("signals failed", "session", r.session.String(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	r.turn()
	if !r.loop.up {
		return next
	}
	if !now.Before(r.loop.nextCount) {
		r.loop.nextCount = next
		r.sayRoll(now)
		r.count(now)
	}
	pace := r.pace()
	return earlier(earlier(r.loop.nextCount, r.tellPoints(now, pace)), r.tellTyping(now, typingEach*pace))
}

// earlier gives the first of two times; the zero time is never.
func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// pace is the least time between two frames of pointers: a large class gets fewer, as each is written to everybody.
func (r *room) pace() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.g.o.Pace.Signals * time.Duration(1+len(r.ears)/pointersPer)
}

// turn notices whether the bus has gone or come back. What was known by it is then not known any more.
func (r *room) turn() {
	up, turned := r.g.o.Signals.Up()
	if turned != r.loop.turned {
		r.loop.turned, r.loop.nextCount = turned, time.Time{}
		r.mu.Lock()
		r.rollDue = true
		r.mu.Unlock()
	}
	if up == r.loop.up {
		return
	}
	r.loop.up, r.loop.sequence, r.loop.rollAt = up, 0, time.Time{}
	s := featureShout("working", "")
	r.mu.Lock()
	clear(r.points)
	clear(r.typing)
	clear(r.rolls)
	r.presence, r.feature, r.loop.connected = nil, nil, nil
	if !up {
		s = featureShout("degraded", "unreachable")
		r.feature = s
	}
	r.mu.Unlock()
	r.tell(slotFeature, s)
}

// sayRoll tells the other boxes, and this one, who is connected here.
func (r *room) sayRoll(now time.Time) {
	r.mu.Lock()
	_, heard := r.rolls[r.box]
	if !r.rollDue && heard && now.Sub(r.loop.rollAt) < rollEvery {
		r.mu.Unlock()
		return
	}
	users := slices.Collect(maps.Keys(r.here))
	r.rollDue = false
	r.mu.Unlock()
	if r.g.o.Signals.Publish(r.tenant, r.session, encodeRoll(r.box, users)) == nil {
		r.loop.rollAt = now
	}
}

// connected gives who has a connection to any box; known is false until this box has heard itself, and fresh tells that
// it may be another answer than before.
func (r *room) connected(now time.Time) (fresh, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh, r.rollsNew = r.rollsNew, false
	for box, h := range r.rolls {
		if now.Sub(h.at) > rollLasts {
			delete(r.rolls, box)
			fresh = true
		}
	}
	if fresh {
		r.loop.connected = map[event.ID]bool{}
		for _, h := range r.rolls {
			for _, user := range h.users {
				r.loop.connected[user] = true
			}
		}
	}
	_, known = r.rolls[r.box]
	return fresh, known
}

// count tells who of the class is connected, if that has changed.
func (r *room) count(now time.Time) {
	fresh, known := r.connected(now)
	if !known {
		return
	}
	var staff, members Ephemeral
	err := r.read(func(s *session.State) error {
		if fresh || s.Sequence != r.loop.sequence {
			r.loop.sequence = s.Sequence
			staff, members = presenceOf(s, r.loop.connected)
		}
		return nil
	})
	if err != nil {
		r.loop.sequence = 0 // count anew when the class answers
		return
	}
	told := &shout{frameOf(staff), frameOf(members)}
	if told.staff == nil {
		return
	}
	r.mu.Lock()
	same := r.presence != nil && bytes.Equal(r.presence.staff, told.staff) && bytes.Equal(r.presence.members, told.members)
	r.presence = told
	r.mu.Unlock()
	if !same {
		r.tell(slotPresence, told)
	}
}

// tellPoints tells where people point, and gives the time of the next try if there is more to tell.
func (r *room) tellPoints(now time.Time, pace time.Duration) time.Time {
	r.mu.Lock()
	points := slices.Collect(maps.Values(r.points))
	if len(points) == 0 || now.Before(r.loop.nextPoints) {
		defer r.mu.Unlock()
		return ifAny(len(points), r.loop.nextPoints)
	}
	clear(r.points)
	r.mu.Unlock()
	r.loop.nextPoints = now.Add(pace)
	r.judge(slotPointer, len(points), func(s *session.State) (staff, members Ephemeral) { return pointersOf(s, points) })
	return time.Time{}
}

// tellTyping does the same for who types.
func (r *room) tellTyping(now time.Time, pace time.Duration) time.Time {
	r.mu.Lock()
	typing := slices.Collect(maps.Keys(r.typing))
	if len(typing) == 0 || now.Before(r.loop.nextTyping) {
		defer r.mu.Unlock()
		return ifAny(len(typing), r.loop.nextTyping)
	}
	clear(r.typing)
	r.mu.Unlock()
	r.loop.nextTyping = now.Add(pace)
	r.judge(slotTyping, len(typing), func(s *session.State) (staff, members Ephemeral) { return typingOf(s, typing) })
	return time.Time{}
}

func ifAny(n int, at time.Time) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return at
}

// judge asks the class who may be told what, and tells them.
func (r *room) judge(k slot, n int, of func(*session.State) (staff, members Ephemeral)) {
	var staff, members Ephemeral
	err := r.read(func(s *session.State) error {
		staff, members = of(s)
		return nil
	})
	if err != nil {
		for range n {
			r.g.metrics.drop(k, "no_class")
		}
		return
	}
	r.tell(k, &shout{frameOf(staff), frameOf(members)})
}
