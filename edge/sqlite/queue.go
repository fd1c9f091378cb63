package sqlite

import (
	"fmt"
	"slices"
	"sync"

	"multistream/shared/eventlog"
)

// A queue holds the requests that wait, in their order, and the turn to write them: one has it at a time, the writer's
// goroutine or a caller. It goes from one to the next under the lock, so nothing waits while nobody has it.
type queue struct {
	mu      sync.Mutex
	waiting []*request
	bytes   int64         // of those that wait
	taken   bool          // somebody has the turn
	closed  bool          // nothing is put any more
	given   chan struct{} // gives the turn to the writer's goroutine; closed when nobody gets it any more
	rests   *sync.Cond    // the turn was given up
}

func newQueue() *queue {
	q := &queue{given: make(chan struct{}, 1)}
	q.rests = sync.NewCond(&q.mu)
	return q
}

// put adds a request, within bounds. Somebody must take the turn soon (start, take).
func (q *queue) put(r *request, length int, bytes int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return fmt.Errorf("the store is closed: %w", eventlog.ErrUnavailable)
	case len(q.waiting) > 0 && q.bytes+r.size > bytes:
		return fmt.Errorf("%d bytes wait to be written: %w", q.bytes, eventlog.ErrBusy)
	case len(q.waiting) >= length:
		return fmt.Errorf("%d requests wait to be written: %w", len(q.waiting), eventlog.ErrBusy)
	}
	q.waiting, q.bytes = append(q.waiting, r), q.bytes+r.size
	return nil
}

// start gives the turn to the writer's goroutine, unless somebody has it.
func (q *queue) start() {
	if q.take() {
		q.given <- struct{}{}
	}
}

// take takes the turn where something waits and nobody has it.
func (q *queue) take() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.taken || len(q.waiting) == 0 {
		return false
	}
	q.taken = true
	return true
}

// keep gives the turn up where nothing waits; whoever keeps it writes on.
func (q *queue) keep() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.taken = len(q.waiting) > 0; !q.taken {
		q.rests.Broadcast()
	}
	return q.taken
}

// move moves the first that wait to the end of a group of so many bytes, within a group's bounds. It gives both anew.
func (q *queue) move(group []*request, size int64) ([]*request, int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for ; n < len(q.waiting) && len(group) < groupLength && size < groupBytes; n++ {
		r := q.waiting[n]
		q.bytes -= r.size
		if r.taken.CompareAndSwap(false, true) { // its caller has not gone
			group, size = append(group, r), size+r.size
		}
	}
	q.waiting = slices.Delete(q.waiting, 0, n)
	return group, size
}

// length tells how many requests wait, and bytes of them.
func (q *queue) length() (requests int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting), q.bytes
}

// close has everything written that waits and ends the writer's goroutine.
func (q *queue) close() {
	q.mu.Lock()
	closed := q.closed
	q.closed = true
	q.mu.Unlock()
	if closed {
		return
	}
	q.start()
	q.mu.Lock()
	for q.taken {
		q.rests.Wait()
	}
	q.mu.Unlock()
	close(q.given)
}
