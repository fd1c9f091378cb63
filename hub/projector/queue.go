package projector

import (
	"context"
	"sync"
	"time"
)

// queue holds the sessions that have something to project, each once and with one worker at a time, in order of their coming. One that
// could not be projected waits, longer each time.
type queue struct {
	mu     sync.Mutex
	order  []Ref
	queued map[Ref]bool
	taken  map[Ref]bool // a worker has it; true: it came again meanwhile
	waits  map[Ref]wait
	ready  chan struct{} // has something while order may have
}

type wait struct {
	until time.Time
	pause time.Duration
}

func newQueue() *queue {
	return &queue{queued: map[Ref]bool{}, taken: map[Ref]bool{}, waits: map[Ref]wait{}, ready: make(chan struct{}, 1)}
}

// add lets a session be projected, unless it has to wait.
func (q *queue) add(r Ref) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if time.Now().Before(q.waits[r].until) {
		return
	}
	q.enter(r)
}

// enter is add without a look at waits. The lock is held.
func (q *queue) enter(r Ref) {
	if _, working := q.taken[r]; working {
		q.taken[r] = true
		return
	}
	if !q.queued[r] {
		q.queued[r] = true
		q.order = append(q.order, r)
		q.wake()
	}
}

func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// next waits for a session; the caller gives it back with done. ok is false once ctx is done.
func (q *queue) next(ctx context.Context) (r Ref, ok bool) {
	for {
		q.mu.Lock()
		if len(q.order) > 0 {
			r = q.order[0]
			q.order = q.order[1:]
			delete(q.queued, r)
			q.taken[r] = false
			if len(q.order) > 0 {
				q.wake()
			}
			q.mu.Unlock()
			return r, true
		}
		q.mu.Unlock()
		select {
		case <-q.ready:
		case <-ctx.Done():
			return r, false
		}
	}
}

// done gives a session back: again tells that there is more of it. One with a longest pause waits, from the shortest on, longer each
// time in a row.
func (q *queue) done(r Ref, again bool, longest time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	again = again || q.taken[r]
	delete(q.taken, r)
	if longest > 0 {
		w := q.waits[r]
		w.pause = min(max(2*w.pause, shortestPause), longest)
		w.until = time.Now().Add(w.pause)
		q.waits[r] = w
		return
	}
	delete(q.waits, r)
	if again {
		q.enter(r)
	}
}

// waiting counts sessions that could not be projected.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waits)
}
