package sqlite

import (
	"runtime"
)

// Most requests and bytes of one transaction: bounds how long the first of a group waits for the last.
const (
	groupLength = 256
	groupBytes  = 4 << 20
)

// gathered gives the i-th request of the group; past its end one more that waits, or nil. So rows are written while others
// are still on their way, and one sync serves them all. Callers that were just answered are runnable and about to send their
// next events: letting them run first costs no waiting.
func (w *writer) gathered(i int) *request {
	for yields := 0; len(w.group) <= i && len(w.group) < groupLength && w.size < groupBytes; {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return nil
			}
			w.take(r)
			yields = 0
		default:
			if yields == 2 {
				return nil
			}
			yields++
			runtime.Gosched()
		}
	}
	return nth(w.group)(i)
}

func nth(group []*request) func(int) *request {
	return func(i int) *request {
		if i < len(group) {
			return group[i]
		}
		return nil
	}
}

// take adds a request to the group, unless its caller has gone.
func (w *writer) take(r *request) {
	w.queued.Add(-r.size)
	if r.taken.CompareAndSwap(false, true) {
		w.group = append(w.group, r)
		w.size += r.size
	}
}

func (w *writer) reply(group []*request) {
	for i, r := range group {
		if r.err == nil && r.after != nil {
			r.after()
		}
		if r.done != nil {
			r.done(r.err)
		} else {
			r.answer <- r.err
		}
		group[i] = nil
	}
}

// write gathers a group and commits it.
func (w *writer) write() {
	if w.gathered(0) == nil {
		return
	}
	err := w.transaction(w.gathered)
	w.outcome(w.group, err)
}
