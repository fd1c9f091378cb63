package push

import (
	"fmt"
	"time"

	"multistream/sync/wire"
)

// Pauses. Those after which something is tried again are spread by up to half of themselves.
const (
	nobodyPause = 400 * time.Millisecond // after nobody was there; asking costs nothing but a message within the box
	firstPause  = 500 * time.Millisecond // after something went wrong at the hub, doubled each time
	longPause   = 30 * time.Second
	lookPause   = time.Minute // after a refusal that a person must look at
	savePause   = time.Second // between two saves that have no receipts
	emptyPause  = 5 * time.Second
	fencedPause = 5 * time.Minute // until it is asked whether a fence is lifted
)

// Step takes one input at a time and gives what is to be done.
func (m *Machine) Step(now time.Time, in Input) []Effect {
	var out []Effect
	switch in := in.(type) {
	case LinkUp:
		if !m.up {
			m.up = true
			m.restart(now, 0)
		}
	case LinkDown:
		m.up, m.sent = false, nil
		m.enter(Down, "there is no link to the hub", now)
	case Log:
		m.grew(in.Lives, now)
	case Composed:
		out = m.composed(&in, now)
	case Reply:
		out = m.reply(in, now)
	case NoAnswer:
		if m.sent != nil && m.sent.number == in.Number {
			m.sent = nil
			m.nobody("the hub does not answer", now)
		}
	case Saved:
		m.saves.done(in.Err, now)
	}
	return append(out, m.advance(now)...)
}

// grew takes note of where the log ends.
func (m *Machine) grew(lives []Life, now time.Time) {
	safe := m.Status().Lag == 0
	for i, l := range lives {
		if i == len(m.lives) {
			m.lives = append(m.lives, &life{Life: l})
		}
		m.lives[i].Last = max(m.lives[i].Last, l.Last)
	}
	if safe && m.Status().Lag > 0 {
		m.status.LagSince = now
	}
}

// Deadline is when Step wants a Tick, if nothing happens before; zero for never.
func (m *Machine) Deadline(now time.Time) time.Time {
	var first time.Time
	add := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	add(m.saves.due())
	switch {
	case m.composing != nil || !m.up:
	case m.sent != nil:
		add(m.sent.deadline)
	case now.Before(m.notSoon):
		add(m.notSoon)
	default:
		add(m.recheck)
		if l := m.serving(now); l != nil && l.greeted {
			add(m.pace.next)
		} else if due := m.heads.due(); !due.IsZero() {
			add(later(due, m.pace.next))
		}
	}
	return first
}

// advance does what is to be done next.
func (m *Machine) advance(now time.Time) (out []Effect) {
	out = m.saves.take(now)
	if m.sent != nil && !now.Before(m.sent.deadline) {
		m.links.lost(m.sent.size)
		m.pace.shrink()
		m.sent = nil
		m.nobody("the hub has not answered in time", now)
	}
	if !m.recheck.IsZero() && !now.Before(m.recheck) && m.sent == nil {
		m.restart(now, 0)
	}
	if m.composing != nil || !m.up || m.sent != nil || now.Before(m.notSoon) {
		return out
	}
	l := m.serving(now)
	switch {
	case l == nil:
		return out
	case !l.greeted:
		return append(out, m.greet(l, now))
	case now.Before(m.pace.next):
		return out
	}
	m.composing = l
	events, bytes := m.pace.limit()
	return append(out, Compose{Incarnation: l.Incarnation, After: l.sent, AfterHash: l.hash, Events: events, Bytes: bytes, SealKey: m.sealKey,
		Known: func(k wire.KeyRef) bool { return m.known[k] }, Heads: m.heads.take(now)})
}

// serving is the life that something is to be done for: the oldest that is not greeted, or has something to send.
func (m *Machine) serving(now time.Time) *life {
	for _, l := range m.lives {
		switch {
		case l.fenced != "":
		case !l.greeted || l.sent < l.Last:
			return l
		}
	}
	if l := m.current(); l.fenced == "" && m.heads.ready(now) {
		return l
	}
	return nil
}

// restart greets anew: what the hub has may have changed.
func (m *Machine) restart(now time.Time, pause time.Duration) {
	m.recheck = time.Time{}
	for _, l := range m.lives {
		l.greeted = false
		l.fenced = ""
	}
	m.sent = nil
	m.notSoon = now.Add(pause)
}

func (m *Machine) nobody(why string, now time.Time) {
	m.enter(Down, why, now)
	m.failed++
	m.restart(now, m.spread(nobodyPause))
}

// spread gives a pause of at least three quarters and at most five quarters of d.
func (m *Machine) spread(d time.Duration) time.Duration {
	return d*3/4 + time.Duration(m.random.Int64N(int64(d/2)+1))
}

func (m *Machine) greet(l *life, now time.Time) Effect {
	h := wire.Hello{Oldest: wire.OldestLevel, Newest: wire.Level, Edge: m.c.Edge, Incarnation: l.Incarnation, Current: m.current().Incarnation,
		Last: l.Last, Confirmed: l.safe, Lineage: m.lineage, Keys: m.c.SigningKeys}
	if m.status.State == Down && m.failed == 0 {
		m.enter(Greeting, "", now)
	}
	return m.send(&request{kind: wire.KindHello, life: l}, wire.OldestLevel, h.Append(nil), now)
}

func (m *Machine) send(r *request, level uint16, body []byte, now time.Time) Effect {
	m.number++
	frame, err := wire.Frame{Kind: r.kind, Level: level, Number: m.number, Body: body}.Append(nil)
	if err != nil {
		panic(fmt.Sprintf("push: a message larger than Compose makes: %v", err))
	}
	r.number, r.at, r.size = m.number, now, len(frame)
	r.deadline = now.Add(m.links.wait(r.size))
	m.sent = r
	return Send{Number: r.number, Frame: frame}
}

// composed sends a batch that is ready.
func (m *Machine) composed(c *Composed, now time.Time) []Effect {
	l := m.composing
	m.composing = nil
	if c.Err != nil {
		m.failed++
		m.enter(Waiting, "the log can't be read now: "+c.Err.Error(), now)
		m.notSoon = now.Add(m.spread(min(firstPause<<min(m.failed, 10), longPause)))
		return nil
	}
	switch {
	case !m.up, l == nil, !l.greeted, c.After != l.sent, m.sent != nil: // things have changed since it was asked for
		return nil
	case c.Body == nil: // nothing but damaged rows
		m.pace.next = now.Add(emptyPause)
		return nil
	}
	m.pace.wrote(now, c)
	return []Effect{m.send(&request{kind: wire.KindBatch, life: l, batch: *c}, m.level, c.Body, now)}
}
