package push

import (
	"errors"
	"fmt"
	"time"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// reply takes an answer. One to a request that is no longer waited for is not believed, for the hub may have changed since.
func (m *Machine) reply(in Reply, now time.Time) []Effect {
	r := m.sent
	if r == nil || r.number != in.Number {
		return nil
	}
	m.sent = nil
	f, err := wire.ReadFrame(in.Frame)
	if err == nil && f.Kind == wire.KindRefusal {
		if refusal, err := wire.ReadRefusal(f.Body); err == nil {
			m.answered(r, now)
			m.refused(r, &refusal, now)
			return nil
		}
	}
	if err == nil && f.Number != r.number {
		err = errors.New("it is the answer to something else")
	}
	var out []Effect
	switch {
	case err != nil:
	case f.Kind == wire.KindWelcome && r.kind == wire.KindHello:
		err = m.welcome(r, f, now)
	case f.Kind == wire.KindAck && r.kind == wire.KindBatch:
		out, err = m.acked(r, f, now)
	default:
		err = fmt.Errorf("it is a message of kind %d", f.Kind)
	}
	if err != nil { // also what a proxy answers in place of the hub
		m.nobody("what was answered can't be read: "+err.Error(), now)
	}
	return out
}

// answered takes note of how long it took.
func (m *Machine) answered(r *request, now time.Time) {
	m.links.took(now.Sub(r.at), r.size)
	if r.kind == wire.KindBatch {
		m.pace.took(now.Sub(r.at)-2*m.links.round, r.batch.Full)
	}
}

func (m *Machine) welcome(r *request, f wire.Frame, now time.Time) error {
	w, err := wire.ReadWelcome(f.Body)
	if err != nil {
		return err
	}
	m.answered(r, now)
	m.failed = 0
	if err := w.VerifyHub(m.c.HubKey); err != nil {
		m.refuse(Refused, err.Error(), now)
		return nil
	}
	if w.Level < wire.OldestLevel || w.Level > wire.Level {
		m.refuse(OtherWire, fmt.Sprintf("the hub wants to speak level %d, this edge speaks %d to %d: update the edge", w.Level, wire.OldestLevel, wire.Level), now)
		return nil
	}
	l := r.life
	if w.UpTo < l.safe || w.Lineage != m.lineage {
		if w.UpTo < l.safe {
			m.status.Resent++
		}
		clear(m.known)
		clear(m.heads) // what is sent again is looked at again
		m.lineage = w.Lineage
	}
	l.greeted, l.safe, l.aside = true, w.UpTo, w.Aside
	if l.sent > w.UpTo {
		l.sent, l.hash = w.UpTo, w.Hash
	}
	m.level, m.sealKey = w.Level, w.SealKey
	m.pace.events, m.pace.hubMost = clampInt(w.Events, 1, wire.MaxEvents), clampInt(w.Bytes, leastBytes, mostBytes)
	m.status.ClockOff = w.Time.Std().Sub(now).Milliseconds()
	m.enter(Streaming, "", now)
	return nil
}

func clampInt(n int64, least, most int) int { return int(max(int64(least), min(n, int64(most)))) }

func (m *Machine) acked(r *request, f wire.Frame, now time.Time) ([]Effect, error) {
	a, err := wire.ReadAck(f.Body)
	if err != nil {
		return nil, err
	}
	l := r.life
	if a.Incarnation != l.Incarnation || a.UpTo < r.batch.UpTo {
		return nil, fmt.Errorf("it acknowledges position %d of %s, not %d", a.UpTo, a.Incarnation, r.batch.UpTo)
	}
	m.answered(r, now)
	m.asked, m.failed = 0, 0
	l.sent, l.hash, l.safe, l.aside = r.batch.UpTo, r.batch.Hash, a.UpTo, a.Aside
	l.left += int64(len(r.batch.Left))
	for _, k := range r.batch.Keys {
		m.known[k] = true
	}
	if len(m.known) > rememberedKeys {
		clear(m.known)
	}
	for _, h := range a.Held {
		m.held[ref{h.TenantID, h.SessionID}] = h
	}
	m.heads.sent(&r.batch, now)
	m.status.LastSafe = now
	if at := r.batch.Time.Std(); r.batch.Count > 0 && at.After(m.status.LagSince) && !at.After(now) {
		m.status.LagSince = at // what is not safe was committed after this
	}
	m.enter(Streaming, "", now)
	receipts, err := m.verified(a.Receipts, r.batch.Ends)
	if err != nil {
		m.refuse(Refused, err.Error(), now)
	}
	m.saves.want(l, m.lineage, receipts)
	return m.saves.take(now), nil
}

// rememberedKeys bounds the memory of keys that the hub has; beyond it all are sent once more.
const rememberedKeys = 50_000

// verified gives the receipts that are the hub's, and are not of something that this edge has not sent.
func (m *Machine) verified(receipts []event.Receipt, ends []event.Head) ([]event.Receipt, error) {
	var out []event.Receipt
	for _, r := range receipts {
		if err := r.Verify(m.c.HubKey); err != nil {
			return out, fmt.Errorf("a receipt of the hub for session %s, sequence %d: %w", r.SessionID, r.Sequence, err)
		}
		for _, e := range ends {
			if e.TenantID == r.TenantID && e.SessionID == r.SessionID && e.Sequence == r.Sequence && e.Hash != r.Hash {
				return out, fmt.Errorf("the hub has signed another event than this edge's, of session %s, sequence %d", r.SessionID, r.Sequence)
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// refuse stops until somebody has looked at it, and asks now and then whether somebody has.
func (m *Machine) refuse(s State, why string, now time.Time) {
	m.enter(s, why, now)
	m.restart(now, m.spread(lookPause))
}

func (m *Machine) refused(r *request, a *wire.Refusal, now time.Time) {
	again := func(why string) {
		m.failed++
		m.enter(Waiting, why, now)
		pause := min(firstPause<<min(m.failed-1, 10), longPause)
		m.notSoon = now.Add(m.spread(max(pause, min(time.Duration(a.Wait)*time.Millisecond, longPause))))
	}
	switch a.Code {
	case wire.Corrupt:
		m.failed++
		if m.failed > 3 {
			again("what is sent arrives damaged")
		}
	case wire.Gap:
		if a.UpTo < r.life.safe {
			m.status.Resent++
			clear(m.known)
		}
		m.restart(now, m.spread(firstPause/2)) // the welcome says where to go on
	case wire.WantKeys:
		for _, k := range a.Keys {
			delete(m.known, k)
		}
		if m.asked++; m.asked > 3 {
			again("the hub asks for person keys again and again: " + a.Why)
		}
	case wire.Later:
		again(a.Why)
	case wire.Fenced:
		if a.UpTo > r.life.Last && a.UpTo > r.life.safe { // the next hello says that it was told so, which is the proof that the hub wants
			r.life.safe = a.UpTo
			m.enter(Fenced, a.Why, now)
			m.restart(now, m.spread(nobodyPause))
			return
		}
		r.life.fenced, r.life.greeted = or(a.Why, "the hub has another history of this edge"), true
		m.enter(Fenced, r.life.fenced, now)
		m.recheck = now.Add(m.spread(fencedPause))
	case wire.NoLevel:
		m.refuse(OtherWire, fmt.Sprintf("the hub speaks levels %d to %d, this edge %d to %d", a.Oldest, a.Newest, wire.OldestLevel, wire.Level), now)
	default: // those of a newer level too
		m.refuse(Refused, fmt.Sprintf("the hub refuses (%s): %s", a.Code, a.Why), now)
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
