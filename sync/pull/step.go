package pull

import (
	"fmt"
	"time"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// Pauses. Those after which something is tried again are spread by up to half of themselves.
const (
	answerTime = 30 * time.Second // longest wait for an answer
	firstPause = 500 * time.Millisecond
	awayPause  = 2 * time.Second  // the longest after nobody was there; asking costs nothing but a message within the box
	longPause  = 30 * time.Second // the longest after something went wrong, which is doubled each time
	lookPause  = time.Minute      // after a refusal that a person must look at
	settleWait = 5 * time.Second  // until what could not be settled is tried again
	keepEvery  = 10 * time.Minute // at most between two writings of when the hub last said that all is current
)

// Step takes one input at a time and gives what is to be done.
func (m *Machine) Step(now time.Time, in Input) (out []Effect) {
	switch in := in.(type) {
	case LinkUp:
		if !m.up {
			m.up = true
			m.again(now)
		}
	case LinkDown:
		m.up, m.sent = false, nil
		m.enter(Down, "there is no link to the hub; what is here is used as it is", now)
	case Nudged:
		m.lookAt = now
	case Reply:
		out = m.reply(in, now)
	case NoAnswer:
		if m.sent != nil && m.sent.number == in.Number {
			m.nobody("the hub does not answer", now)
		}
	case Applied:
		m.applied(in, now)
	case Settled:
		m.settled(in, now)
	case Saved:
		m.saving = false
	}
	return append(out, m.advance(now)...)
}

// again looks at once, as after a link is back: all pauses are over.
func (m *Machine) again(now time.Time) {
	m.lookAt, m.notSoon, m.failed = now, time.Time{}, 0
	for _, s := range m.schools {
		s.notSoon = time.Time{}
	}
}

// Deadline is when Step wants a Tick, if nothing happens before; zero for never.
func (m *Machine) Deadline(now time.Time) time.Time {
	var next time.Time
	add := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if m.settle && !m.settling {
		add(m.settleAt)
	}
	switch {
	case !m.up:
	case m.sent != nil:
		add(m.sent.deadline)
	case now.Before(m.notSoon):
		add(m.notSoon)
	default:
		add(m.lookAt)
		for _, s := range m.schools {
			if m.applying == nil && now.Before(s.notSoon) && (s.wanted() || s.leaving()) {
				add(s.notSoon)
			}
		}
	}
	return next
}

// advance does what is to be done next.
func (m *Machine) advance(now time.Time) (out []Effect) {
	if m.settle && !m.settling && !now.Before(m.settleAt) {
		m.settling, m.settle = true, false
		out = append(out, Settle{Commands: m.due()})
	}
	if m.sent != nil && !now.Before(m.sent.deadline) {
		m.nobody("the hub has not answered in time", now)
	}
	if s := m.leaver(now); s != nil && m.applying == nil {
		out = append(out, m.leave(s, now))
	}
	out = append(out, m.save(now)...)
	if !m.up || m.sent != nil || now.Before(m.notSoon) {
		return out
	}
	if !now.Before(m.lookAt) || len(m.outcomes) > 0 && m.status.State != OtherWire {
		return append(out, m.look(now))
	}
	if s := m.serving(now); s != nil && m.applying == nil {
		return append(out, m.ask(s, now))
	}
	return out
}

// due gives the commands that can be done: those of schools that are here. The others are listed again.
func (m *Machine) due() (out []wire.Command) {
	for _, c := range m.orders {
		if s := m.schools[c.Tenant]; s != nil && !s.Lineage.IsZero() {
			out = append(out, c)
		}
	}
	m.orders = nil
	return out
}

// wanted tells whether the hub has something of a school that is not here.
func (s *school) wanted() bool {
	return !s.left && !s.latest.Lineage.IsZero() && (s.latest.Lineage != s.Lineage || s.latest.Version > s.Version)
}

// leaving tells whether its copy is to be let go.
func (s *school) leaving() bool { return s.left && !s.Lineage.IsZero() }

// serving is the school to ask for next: one that is half here before others.
func (m *Machine) serving(now time.Time) (found *school) {
	for _, id := range m.order {
		s := m.schools[id]
		if s.wanted() && !now.Before(s.notSoon) && (found == nil || s.staged != nil && found.staged == nil) {
			found = s
		}
	}
	return found
}

func (m *Machine) leaver(now time.Time) *school {
	for _, id := range m.order {
		if s := m.schools[id]; s.leaving() && !now.Before(s.notSoon) {
			return s
		}
	}
	return nil
}

// save keeps what the hub has been told, at once, and what it said to be current, now and then.
func (m *Machine) save(now time.Time) []Effect {
	if m.saving || len(m.told) == 0 && (m.status.State != Current || now.Sub(m.savedAt) < keepEvery) {
		return nil
	}
	e := Save{Told: m.told, At: now}
	for _, id := range m.order {
		if s := m.schools[id]; !s.Lineage.IsZero() && !s.wanted() && s.why == "" && s.ConfirmedAt >= event.TimeOf(m.savedAt) {
			e.Confirmed = append(e.Confirmed, id)
		}
	}
	m.saving, m.told, m.savedAt = true, nil, now
	return []Effect{e}
}

func (m *Machine) look(now time.Time) Effect {
	l := wire.Look{Oldest: wire.OldestLevel, Newest: wire.Level, Edge: m.c.Edge, Outcomes: m.outcomes[:min(len(m.outcomes), wire.MaxOutcomes)]}
	m.lookAt = now.Add(m.spread(m.c.Every))
	return m.send(&request{kind: wire.KindLook, told: len(l.Outcomes)}, wire.OldestLevel, l.Append(nil), now)
}

func (m *Machine) ask(s *school, now time.Time) Effect {
	if s.staged == nil {
		since := s.Version
		if s.latest.Lineage != s.Lineage {
			since = 0
		}
		s.staged = newStaging(s.latest.Lineage, since)
	}
	a := wire.Ask{Edge: m.c.Edge, Tenant: s.TenantID, Since: s.staged.since, Token: s.staged.token, SealKey: m.c.Sealing.Public()}
	if a.Since > 0 {
		a.Lineage = s.staged.lineage
	}
	m.enter(Pulling, m.status.Why, now)
	return m.send(&request{kind: wire.KindAsk, ask: a}, m.level, a.Append(nil), now)
}

func (m *Machine) send(r *request, level uint16, body []byte, now time.Time) Effect {
	m.number++
	frame, err := wire.Frame{Kind: r.kind, Level: level, Number: m.number, Body: body}.Append(nil)
	if err != nil {
		panic(fmt.Sprintf("pull: a message larger than any can be: %v", err))
	}
	r.number, r.deadline = m.number, now.Add(answerTime)
	m.sent = r
	return Send{Number: r.number, Frame: frame}
}

// nobody: an attempt came to nothing; what is staged stays.
func (m *Machine) nobody(why string, now time.Time) {
	m.sent = nil
	m.enter(Down, why, now)
	m.later(now, awayPause)
}

// later makes the next attempt wait, longer each time, and look first.
func (m *Machine) later(now time.Time, longest time.Duration) {
	m.notSoon = now.Add(m.spread(min(firstPause<<min(m.failed, 10), longest)))
	m.lookAt = m.notSoon
	m.failed++
}

// spread gives a pause of at least three quarters and at most five quarters of d.
func (m *Machine) spread(d time.Duration) time.Duration {
	return d*3/4 + time.Duration(m.c.Random.Int64N(int64(d/2)+1))
}
