package sqlite

import "runtime"

// Most requests and bytes of one transaction: bounds how long the first of a group waits for the last.
const (
	groupLength = 256
	groupBytes  = 4 << 20
)

// round writes what waits in one transaction, and answers. It tells whether anything waited.
func (w *writer) round() bool {
	w.group, w.size = w.group[:0], 0
	if w.gathered(0) == nil {
		return false
	}
	w.outcome(w.group, w.transaction(w.gathered))
	w.wal.commits++
	w.crowd = len(w.group) > 1
	w.reply(w.group)
	return true
}

// gathered gives the i-th request of the group; past its end one more that waits, or nil. So rows are written while others
// are still on their way, and one sync serves them all. Callers that were just answered are runnable and about to send their
// next events: letting them run first costs no waiting. A caller writes where nobody is expected.
func (w *writer) gathered(i int) *request {
	for yields := 0; len(w.group) <= i && len(w.group) < groupLength && w.size < groupBytes; yields++ {
		before := len(w.group)
		if w.group, w.size = w.queue.move(w.group, w.size); len(w.group) > before {
			break
		}
		if yields == 2 || w.caller {
			return nil
		}
		runtime.Gosched()
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
