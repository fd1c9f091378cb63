package orchestrator

import (
	"slices"
	"sync"
	"time"

	"multistream/shared/event"
)

// quietFor is how long entries may wait that are a number of people for almost everybody: a thousand who come within seconds
// to a class of a thousand would else be a million frames.
const quietFor = 250 * time.Millisecond

// tail holds the latest entries of a class for its followers, and wakes them.
type tail struct {
	mu      sync.Mutex
	on      bool
	head    event.Position
	entries []*Entry // the last of them is at head
	status  *Status  // latest runtime condition
	told    int      // counts statuses
	closed  bool
	news    bool      // entries came since the last wake that are worth one
	waits   bool      // others came, for which followers are woken in a moment
	waiting []*Stream // followers that are woken when anything changes; each by a channel of its own, which nobody else locks
	durable *durable  // what those entries and all before them make
}

func newTail() *tail { return &tail{durable: newDurable()} }

// shown tells up to where followers have been given entries; false before the first load.
func (t *tail) shown() (sequence int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head.Sequence, t.on
}

// begin sets the tail at the first load.
func (t *tail) begin(head event.Position, entries []*Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.on, t.head, t.entries = true, head, entries
}

// publish adds the durable entries that follow the head and wakes all followers.
func (t *tail) publish(entries []*Entry) {
	t.add(entries)
	t.wakeWatchers()
}

// add adds the durable entries that follow the head. It tells whether followers wait for them: waking many takes a while, so
// the log's writer leaves that to the class.
func (t *tail) add(entries []*Entry) (watched bool) {
	if len(entries) == 0 {
		return false
	}
	now := time.Now()
	for _, e := range entries {
		e.Durable = now
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries = append(t.entries, entries...)
	if len(t.entries) > 2*ringSize {
		t.entries = append(make([]*Entry, 0, 2*ringSize+batchCommands), t.entries[len(t.entries)-ringSize:]...)
	}
	last := entries[len(entries)-1]
	t.head = event.Position{Epoch: last.Epoch, Sequence: last.Sequence}
	t.durable.add(entries)
	switch {
	case slices.ContainsFunc(entries, func(e *Entry) bool { return !e.quiet }):
		t.news = true
	case !t.news && !t.waits:
		t.waits = true
		time.AfterFunc(quietFor, t.tellQuiet)
	}
	return t.news && len(t.waiting) > 0
}

// tellQuiet wakes the followers for entries that were worth no wake of their own.
func (t *tail) tellQuiet() {
	t.mu.Lock()
	t.waits, t.news = false, true
	t.mu.Unlock()
	t.wakeWatchers()
}

// wakeWatchers wakes the followers that wait, if there is something new for them.
func (t *tail) wakeWatchers() {
	t.mu.Lock()
	if !t.news || len(t.waiting) == 0 {
		t.mu.Unlock()
		return
	}
	t.unlockAndWake()
}

// tell gives all followers a runtime status.
func (t *tail) tell(s Status) {
	t.mu.Lock()
	t.status = &s
	t.told++
	t.unlockAndWake()
}

func (t *tail) close() {
	t.mu.Lock()
	t.closed = true
	t.unlockAndWake()
}

// unlockAndWake wakes all followers after the lock is free, or a thousand of them would wake up only to wait for it.
func (t *tail) unlockAndWake() {
	waiting := t.waiting
	t.waiting, t.news = nil, false
	for _, st := range waiting {
		st.place = 0
	}
	t.mu.Unlock()
	for _, st := range waiting {
		st.ring()
	}
}

// wait notes a follower that has all there is. The lock is held.
func (t *tail) wait(st *Stream) {
	select {
	case <-st.done: // it has left
		return
	default:
	}
	if st.place > 0 {
		return
	}
	if len(t.waiting) == 0 {
		t.news = false // nobody waits for what was new before
	}
	t.waiting = append(t.waiting, st)
	st.place = len(t.waiting)
}

// leave forgets a follower.
func (t *tail) leave(st *Stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if st.place == 0 {
		return
	}
	last := t.waiting[len(t.waiting)-1]
	t.waiting[st.place-1], last.place = last, st.place
	t.waiting[len(t.waiting)-1] = nil
	t.waiting, st.place = t.waiting[:len(t.waiting)-1], 0
}

// after gives up to limit entries after a sequence. far: they lie further back than the tail reaches.
func (t *tail) after(sequence int64, limit int) (entries []*Entry, far bool) {
	first := t.head.Sequence - int64(len(t.entries)) // sequence before the first entry
	switch {
	case sequence >= t.head.Sequence:
		return nil, false
	case sequence < first:
		return nil, true
	}
	rest := t.entries[sequence-first:]
	return rest[:min(limit, len(rest)):min(limit, len(rest))], false
}
