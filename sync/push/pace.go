package push

import "time"

// Sizes of batches, in bytes before compression. They begin small, grow while the link is quick and shrink when it is slow.
const (
	firstBytes = 16 << 10
	leastBytes = 2 << 10
	mostBytes  = 1 << 20
	quick      = 500 * time.Millisecond
	slow       = 3 * time.Second
	// linger is the pause before a batch that is not full, so that a class that is live costs the hub few transactions.
	linger = 200 * time.Millisecond
)

// pace says how much may be sent, and when.
type pace struct {
	rows    int // a second
	bytes   int
	events  int       // most in a batch, as the hub says
	hubMost int       // most bytes, as the hub says
	next    time.Time // no batch before
}

func newPace(rows int) pace {
	return pace{rows: rows, bytes: firstBytes, events: 500, hubMost: mostBytes}
}

// limit is for a batch that is composed now.
func (p *pace) limit() (events, bytes int) {
	return min(p.events, max(p.rows/4, 1)), min(p.bytes, p.hubMost)
}

// wrote takes note that count events are sent now.
func (p *pace) wrote(now time.Time, c *Composed) {
	rate := p.rows
	if c.Busy {
		rate = max(rate/4, 1)
	}
	pause := time.Duration(c.Count) * time.Second / time.Duration(rate)
	if !c.Full {
		pause = max(pause, linger)
	}
	p.next = now.Add(pause)
}

// took takes note of how long a batch was on its way there and back.
func (p *pace) took(d time.Duration, full bool) {
	switch {
	case d < quick && full:
		p.bytes = min(2*p.bytes, mostBytes)
	case d > slow:
		p.shrink()
	}
}

func (p *pace) shrink() { p.bytes = max(p.bytes/2, leastBytes) }

// link is what is known of the way to the hub.
type link struct {
	round   time.Duration // there and back of a small message
	perByte time.Duration // of a large one, besides
}

func newLink() link { return link{round: 200 * time.Millisecond, perByte: 200 * time.Microsecond} }

// The least and most time that an answer is waited for.
const (
	leastWait = time.Second
	mostWait  = time.Minute
)

func (l *link) wait(size int) time.Duration {
	return min(max(leastWait+3*l.round+3*time.Duration(size)*l.perByte, leastWait), mostWait)
}

// smallSize is the most bytes of a message that tells the round trip alone.
const smallSize = 1 << 10

func (l *link) took(d time.Duration, size int) {
	if size <= smallSize {
		l.round = (3*l.round + d) / 4
		return
	}
	l.perByte = (3*l.perByte + max(d-l.round, 0)/time.Duration(size)) / 4
}

// lost makes the next wait longer.
func (l *link) lost(size int) {
	if size <= smallSize {
		l.round = min(2*l.round, 5*time.Second)
		return
	}
	l.perByte = min(2*l.perByte, 10*time.Millisecond)
}
