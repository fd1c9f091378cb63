package orchestrator

import (
	"sync"

	"multistream/shared/limits"
	"multistream/shared/session"
)

// lanes is how many lanes a mailbox has.
const lanes = int(session.LaneDrawing) + 1

// mailbox holds what waits for a class: commands by lane, and reads. It is bounded; full means busy.
type mailbox struct {
	mu     sync.Mutex
	lane   [lanes][]*item
	reads  []func()
	links  int // streams that follow the class
	closed bool
	wake   chan struct{}
}

func newMailbox() *mailbox { return &mailbox{wake: make(chan struct{}, 1)} }

// item is one command on its way.
type item struct {
	req      Request
	gate     error // refusal of a start gate; a repeat is answered all the same
	attempts int
	answer   Answer
	err      error
	done     chan struct{}
}

func (it *item) finish(a Answer, err error) {
	it.answer, it.err = a, err
	close(it.done)
}

type putResult int

const (
	putOK putResult = iota
	putFull
	putClosed
)

// put adds a command; the caller sees to it that the class takes it up (serve, ring).
func (m *mailbox) put(it *item) putResult {
	lane := session.LaneOf(&it.req.Command)
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return putClosed
	case len(m.lane[lane]) >= limits.MailboxCommands:
		return putFull
	}
	m.lane[lane] = append(m.lane[lane], it)
	return putOK
}

// putBack puts items that must be decided again before all others of their lane.
func (m *mailbox) putBack(items []*item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(items) - 1; i >= 0; i-- {
		lane := session.LaneOf(&items[i].req.Command)
		m.lane[lane] = append([]*item{items[i]}, m.lane[lane]...)
	}
	m.ring()
}

// take gives up to n items, lower lanes first, each lane in order; what pupils say and what they draw take turns.
func (m *mailbox) take(n int) []*item {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*item
	from := func(lane session.Lane, k int) bool {
		waiting := m.lane[lane]
		k = min(k, n-len(out), len(waiting))
		out = append(out, waiting[:k]...)
		if m.lane[lane] = waiting[k:]; k == len(waiting) {
			m.lane[lane] = nil
		}
		return k > 0
	}
	from(session.LaneStudio, n)
	from(session.LaneMembership, n)
	for more := true; more; {
		said := from(session.LaneInteraction, 1)
		more = from(session.LaneDrawing, 1) || said
	}
	return out
}

// read queues a function for the class's turn.
func (m *mailbox) read(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.reads = append(m.reads, f)
	m.ring()
	return true
}

func (m *mailbox) takeReads() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.reads
	m.reads = nil
	return out
}

// pending tells whether reads wait, and whether commands do.
func (m *mailbox) pending() (reads, commands bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.lane {
		commands = commands || len(m.lane[i]) > 0
	}
	return len(m.reads) > 0, commands
}

// link counts a stream; false when the class is being unloaded.
func (m *mailbox) link(by int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed && by > 0 {
		return false
	}
	m.links += by
	return true
}

// closeIfIdle closes the mailbox if nothing waits and nobody follows.
func (m *mailbox) closeIfIdle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.lane {
		if len(m.lane[i]) > 0 {
			return false
		}
	}
	if len(m.reads) > 0 || m.links > 0 {
		return false
	}
	m.closed = true
	return true
}

// close takes everything that still waits out of the mailbox.
func (m *mailbox) close() (items []*item, reads []func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for i := range m.lane {
		items = append(items, m.lane[i]...)
		m.lane[i] = nil
	}
	reads, m.reads = m.reads, nil
	return items, reads
}

func (m *mailbox) ring() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
