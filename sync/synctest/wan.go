// Package synctest runs replication without a network and without waiting: a WAN that delays, drops, repeats, reorders, corrupts and
// parts, all of it by a seed, and a simulation of edges that push over it to a hub that crashes, on a clock of its own. The code that runs is
// the real one (push.Machine, push.ComposeBatch, ingest); the oracle that judges it shares none with it.
package synctest

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// A Clock runs what was put into it in order of time. Nothing waits.
type Clock struct {
	now   time.Time
	count int
	queue agenda
}

type entry struct {
	at    time.Time
	order int // of two at one time the first that was put in goes first
	do    func()
}

type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].order < a[j].order
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(entry)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	*a = (*a)[:last]
	return e
}

// NewClock begins at a time.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now is the time.
func (c *Clock) Now() time.Time { return c.now }

// After has do run when d has passed.
func (c *Clock) After(d time.Duration, do func()) {
	c.count++
	heap.Push(&c.queue, entry{c.now.Add(max(d, 0)), c.count, do})
}

// Run runs everything until d has passed, or until stop, asked after each, says so.
func (c *Clock) Run(d time.Duration, stop func() bool) {
	end := c.now.Add(d)
	for len(c.queue) > 0 && !c.queue[0].at.After(end) {
		e := heap.Pop(&c.queue).(entry)
		c.now = e.at
		e.do()
		if stop != nil && stop() {
			return
		}
	}
	c.now = end
}

// Weather is how a way through the WAN is now.
type Weather struct {
	Least, Most time.Duration // of one message; what differs reorders
	Lost        float64       // share of messages that never arrive
	Twice       float64       // share that arrive once more
	Broken      float64       // share of which one bit is flipped
	Nobody      bool          // there is no link, and who sends is told so at once
	Hole        bool          // there is no link, and nobody is told
	Portal      bool          // something answers in place of the hub
	BytesPerSec int           // 0: no bound
}

// A Way carries messages in one direction.
type Way struct {
	Weather Weather
	clock   *Clock
	random  *rand.Rand
	free    time.Time // when all that was sent before is through
}

// NewWay makes a way whose chances come from random.
func NewWay(c *Clock, random *rand.Rand) *Way { return &Way{clock: c, random: random} }

// Send has arrive called with the message as it arrives, as often as it does.
func (w *Way) Send(message []byte, arrive func([]byte)) {
	times := 1
	if w.random.Float64() < w.Weather.Twice {
		times++
	}
	for range times {
		if w.Weather.Hole || w.random.Float64() < w.Weather.Lost {
			continue
		}
		m := append([]byte(nil), message...)
		if len(m) > 0 && w.random.Float64() < w.Weather.Broken {
			m[w.random.IntN(len(m))] ^= 1 << w.random.IntN(8)
		}
		w.clock.After(w.delay(len(m)), func() { arrive(m) })
	}
}

func (w *Way) delay(size int) time.Duration {
	d := w.Weather.Least
	if more := w.Weather.Most - w.Weather.Least; more > 0 {
		d += time.Duration(w.random.Int64N(int64(more)))
	}
	if w.Weather.BytesPerSec > 0 {
		from := w.clock.now
		if w.free.After(from) {
			from = w.free
		}
		w.free = from.Add(time.Duration(size) * time.Second / time.Duration(w.Weather.BytesPerSec))
		d += w.free.Sub(w.clock.now)
	}
	return d
}
