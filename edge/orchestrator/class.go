package orchestrator

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

const (
	batchCommands  = 64        // commands decided into one append
	biteCommands   = 8         // commands decided before what is decided is sent off, while the log takes more
	batchesAtOnce  = 16        // batches on their way, where the log takes them in order (see starter)
	batchBytes     = 256 << 10 // of payloads after which nothing more is decided into an append
	flyingBytes    = 1 << 20   // of payloads on their way after which nothing more is sent: the log's queue is there for all classes
	ringSize       = 1024      // latest entries kept in memory for followers
	snapshotEvery  = 1000      // events between snapshots
	catchUpsAtOnce = 2         // followers that may read far back at the same time
	retryLog       = time.Second
)

// class is one class in memory. It does one thing at a time, in its turn: its goroutine takes the turn when it is woken, and
// a caller takes it to have a command decided at once where nothing else goes on.
type class struct {
	o       *Orchestrator
	ctx     context.Context // of the Run that it belongs to
	tenant  event.ID
	id      event.ID
	log     *slog.Logger
	mail    *mailbox
	tail    *tail
	ready   chan struct{} // closed after the first load, good or bad
	stopped chan struct{} // closed when the goroutine has ended
	flight  flight

	turn   sync.Mutex // guards what is below
	wakeAt time.Time  // when the goroutine wakes by itself

	state    *session.State
	head     event.Event // last event decided (only what the next one needs)
	seen     map[seenKey]int64
	complete bool           // seen holds every key of the log
	failed   error          // why the class can't be served, or nil
	lastSnap int64          // sequence of the newest snapshot
	spent    []event.ID     // anonymous polls that ended and whose secret is not destroyed yet
	behind   sync.WaitGroup // snapshots and probes on their way

	preparing *batch // decided, not yet on its way
	lone      bool   // a caller has the turn, and will have written what it sends off
	unencoded *Entry // the latest entry, while nothing is encoded of it

	clock    clock
	presence presence
	trouble  *trouble // the log can't be written; nil when it can
	idleFrom time.Time
	crash    *crash // of a caller that had the turn: the goroutine is to end the class
}

// seenKey names a command: who gave it, with which key.
type seenKey struct {
	actor event.ID
	key   string
}

// newClass makes a class that is not loaded; its goroutine has the turn from the start.
func newClass(ctx context.Context, o *Orchestrator, tenant, id event.ID) *class {
	c := &class{o: o, ctx: ctx, tenant: tenant, id: id, log: o.log.With("session", id.String()), mail: newMailbox(), tail: newTail(),
		ready: make(chan struct{}), stopped: make(chan struct{})}
	c.turn.Lock()
	return c
}

// loaded waits until the class was loaded and tells why it can't be served, if so.
func (c *class) loaded(ctx context.Context) error {
	select {
	case <-c.ready:
		return c.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gone waits until an unloading class is out of the way, so that it can be loaded anew.
func (c *class) gone(ctx context.Context) error {
	select {
	case <-c.stopped:
		return nil
	case <-ctx.Done():
		return errStopping
	}
}

// run is the class's goroutine.
func (c *class) run() {
	defer close(c.stopped)
	defer c.recovered()
	if err := c.load(c.ctx); err != nil {
		c.failWith(err)
	}
	close(c.ready)
	if c.failed == nil && c.o.notice.Load() != nil {
		c.tellStatus()
	}
	c.idleFrom = time.Now()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		c.settle(c.ctx)
		c.step(c.ctx)
		wait := c.nextTimer()
		c.wakeAt = time.Now().Add(wait)
		c.turn.Unlock()
		timer.Reset(wait)
		select {
		case <-c.mail.wake:
			c.takeTurn()
		case <-timer.C:
			c.takeTurn()
			c.onTimer(c.ctx)
			if c.unloadable() && c.o.forget(c) {
				c.finish()
				return
			}
		case <-c.ctx.Done():
			c.takeTurn()
			c.finish()
			return
		}
	}
}

// serve has a command that was just put decided: by the caller itself if the class rests, which also writes it if the log
// rests, so that nothing is handed from one goroutine to another; by the class's goroutine if anything else waits or is on its way, so that more is decided into one batch.
func (c *class) serve() {
	if !c.turn.TryLock() {
		c.mail.ring() // whoever has the turn may have looked before the command came
		return
	}
	reads, commands := c.mail.pending()
	if !commands {
		c.turn.Unlock()
		return
	}
	rests := !reads && c.failed == nil && c.crash == nil && c.trouble == nil && c.preparing == nil && c.flight.empty() && c.ctx.Err() == nil
	if rests {
		c.idleFrom = time.Now()
		c.decideNow()
		reads, commands = c.mail.pending()
	}
	wake := !rests || c.crash != nil || reads || commands || time.Now().Add(c.nextTimer()).Before(c.wakeAt)
	c.turn.Unlock()
	if wake {
		c.mail.ring()
	}
	if rests {
		c.write()
	}
}

// write has a caller write what it has sent off, after its turn: meanwhile the class decides for others.
func (c *class) write() {
	if log, ok := c.o.o.Log.(starter); ok {
		log.Write()
	}
}

// step does what can be done now: decide what waits, send off what was decided, answer reads on committed state only.
func (c *class) step(ctx context.Context) {
	for !c.flight.broken() {
		reads, commands := c.mail.pending()
		if c.failed != nil {
			c.refuseAll(c.failed)
			return
		}
		if reads && c.preparing == nil && !c.flight.holds(1) {
			for _, f := range c.mail.takeReads() {
				f()
			}
			continue
		}
		// A waiting read lets nothing new be decided: it is answered as soon as what is on its way is durable.
		commands = commands && !reads && (c.preparing == nil || len(c.preparing.items) < batchCommands && c.preparing.size < batchBytes)
		if commands {
			c.idleFrom = time.Now()
			c.decide(ctx)
		}
		if c.preparing != nil && !c.flight.full(c.atOnce(), flyingBytes) {
			c.send(ctx)
			continue
		}
		if !commands {
			return
		}
	}
}

// atOnce is how many batches may be on their way.
func (c *class) atOnce() int {
	if _, ok := c.o.o.Log.(starter); ok {
		return batchesAtOnce
	}
	return 1
}

func (c *class) refuseAll(err error) {
	for _, it := range c.mail.take(1 << 30) {
		it.finish(Answer{}, err)
	}
	for _, f := range c.mail.takeReads() {
		f()
	}
}

// finish ends the class in its last turn: what is being appended is waited for, what was not begun is refused.
func (c *class) finish() {
	for c.flight.holds(1) {
		<-c.mail.wake
		c.settle(c.ctx)
	}
	c.settle(c.ctx)
	items, reads := c.mail.close()
	if c.preparing != nil {
		items = append(c.preparing.items, items...)
		c.preparing = nil
		if c.failed == nil {
			c.failed = errStopping // the state is tentative, and nobody may see it
		}
	}
	for _, it := range items {
		it.finish(Answer{}, errStopping)
	}
	for _, f := range reads {
		f()
	}
	c.tail.close()
	c.behind.Wait()
}

func (c *class) unloadable() bool {
	return c.preparing == nil && c.flight.empty() && c.trouble == nil && len(c.spent) == 0 && time.Since(c.idleFrom) >= c.o.o.Idle &&
		(c.failed != nil || c.state.Life.EndsAt == 0 && c.state.Roster.Present == 0)
}
