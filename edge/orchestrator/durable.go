package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// lateEntries is how many durable entries may wait to be taken on while nobody reads.
const lateEntries = 256

// durable is the state of a class up to its latest durable event, for reading: a state of its own beside the tentative one,
// so that a read waits for no append and no append for a read. Both share payloads, which nobody changes. It takes entries on
// when it is read, so that those who append pay nothing for it.
type durable struct {
	turn chan struct{} // held by whoever reads or changes state and failed
	// state is nil before the first load; failed tells why it may not be read.
	state  *session.State
	failed error

	mu   sync.Mutex
	late []*Entry // durable and not yet in state
}

func newDurable() *durable { return &durable{turn: make(chan struct{}, 1)} }

// begin sets a copy of a state that was folded from the log, which holds all that is late.
func (d *durable) begin(folded *session.State) error {
	b, err := event.Marshal(folded)
	if err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	state := session.New(folded.SessionID)
	if err := json.Unmarshal(b, state); err != nil {
		return fmt.Errorf("copy the state: %w", err)
	}
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state, d.late = state, nil
	return nil
}

// refuse has all reads from now on answered with an error.
func (d *durable) refuse(err error) {
	d.turn <- struct{}{}
	d.failed = err
	<-d.turn
}

// add notes entries that became durable.
func (d *durable) add(entries []*Entry) {
	d.mu.Lock()
	d.late = append(d.late, entries...)
	many := len(d.late) >= lateEntries
	d.mu.Unlock()
	if !many {
		return
	}
	select {
	case d.turn <- struct{}{}:
		d.takeOn()
		<-d.turn
	default: // whoever reads is followed by one who takes them on
	}
}

// takeOn brings state up to date. The turn is held.
func (d *durable) takeOn() {
	d.mu.Lock()
	late := d.late
	d.late = nil
	d.mu.Unlock()
	if d.state == nil {
		return
	}
	for _, e := range late {
		session.Apply(d.state, e.opened)
	}
}

// read runs f on the state. f does not begin any more once read has returned.
func (d *durable) read(ctx context.Context, f func(*session.State) error) error {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return fault.New(fault.TimedOut, "No answer in time; please ask again.").Because(ctx.Err())
	}
	defer func() { <-d.turn }()
	if d.failed != nil {
		return d.failed
	}
	d.takeOn()
	return f(d.state)
}
