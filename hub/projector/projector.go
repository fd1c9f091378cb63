// Package projector makes the tables that people read of the log of classes, by the same fold that edges run (shared/session): rows,
// and snapshots. It can be stopped, killed, dropped and begun anew at any time, and the rows come out the same: they, and how far they
// are, move in one transaction.
//
// A session with an event that this program can't project is parked there: nothing of it is lost, others flow, and it goes on by itself
// when the cause is gone, such as a newer program that knows the type.
package projector

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/event"
)

// Options are what a projector works with.
type Options struct {
	Store         Store
	Logger        *slog.Logger
	Workers       int           // sessions at once; each takes a connection of the database
	Poll          time.Duration // how often sessions are looked for that nobody was told of
	SnapshotEvery int64         // events between snapshots
}

const (
	atOnce        = 500             // events of one transaction
	pageOfBehind  = 1000            // sessions of one look for those that are behind
	cachedStates  = 500             // sessions whose state is kept between two steps
	keepState     = 5 * time.Minute // for how long, unused
	shortestPause = time.Second
	pauseOfFailed = 30 * time.Second // at most, between tries of a session while the database does not answer
	pauseOfParked = 5 * time.Minute  // at most, between tries of a parked session
)

// Projector projects sessions. It is safe for concurrent use; several may run on one database.
type Projector struct {
	o      Options
	log    *slog.Logger
	queue  *queue
	cache  *cache
	events atomic.Int64
	behind atomic.Int64
	failed atomic.Int64
}

// New makes a projector; Run lets it work. Absent numbers get their defaults.
func New(o Options) *Projector {
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Poll <= 0 {
		o.Poll = 2 * time.Second
	}
	if o.SnapshotEvery <= 0 {
		o.SnapshotEvery = 1000
	}
	return &Projector{o: o, log: o.Logger, queue: newQueue(), cache: &cache{most: cachedStates, by: map[Ref]*cached{}}}
}

// Nudge tells that a session's log went on. It never waits; a nudge that is lost costs a poll.
func (p *Projector) Nudge(tenant, session event.ID) { p.queue.add(Ref{tenant, session}) }

// Run projects whatever is behind until ctx is done. It returns an error only with it: a database that does not answer is tried again.
func (p *Projector) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for range p.o.Workers {
		all.Go(func() { p.work(ctx) })
	}
	tick := time.NewTicker(p.o.Poll)
	defer tick.Stop()
	for {
		if err := p.look(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("can't look for sessions to project; trying again", "error", err)
		}
		p.cache.forget(time.Now().Add(-keepState))
		select {
		case <-tick.C:
		case <-ctx.Done():
			all.Wait()
			return ctx.Err()
		}
	}
}

// look queues all sessions that are behind.
func (p *Projector) look(ctx context.Context) error {
	n := 0
	err := p.eachBehind(ctx, func(r Ref) {
		n++
		p.queue.add(r)
	})
	p.behind.Store(int64(n))
	return err
}

func (p *Projector) eachBehind(ctx context.Context, f func(Ref)) error {
	for after := (event.ID{}); ; {
		refs, err := p.o.Store.Behind(ctx, Rules, after, pageOfBehind)
		if err != nil {
			return err
		}
		for _, r := range refs {
			f(r)
		}
		if len(refs) < pageOfBehind {
			return nil
		}
		after = refs[len(refs)-1].SessionID
	}
}

// Stats are the projector's numbers.
type Stats struct {
	Events  int64 // projected since the start
	Behind  int64 // sessions at the last look that were behind their log
	Waiting int64 // sessions that are parked or failed, and are tried again
	Failed  int64 // steps that failed since the start
}

// Stats gives the numbers for /metrics.
func (p *Projector) Stats() Stats {
	return Stats{Events: p.events.Load(), Behind: p.behind.Load(), Waiting: int64(p.queue.waiting()), Failed: p.failed.Load()}
}
