package push

import (
	"bytes"
	"slices"
	"time"

	"multistream/shared/event"
)

// Touched is a session of which something was acknowledged, up to UpTo. The edge signs its head now and then, beside the log, so
// somewhat later its signed heads are looked for.
type Touched struct {
	TenantID, SessionID event.ID
	UpTo                int64 // sequence that the hub has
	Sent                int64 // highest sequence of a signed head that the hub has
}

const (
	headPause   = 10 * time.Second
	headsAtOnce = 50
	mostTouched = 2000
)

// touched are the sessions whose signed heads are to be looked for.
type touched map[ref]*touching

type touching struct {
	Touched
	at time.Time // zero: looked for since
}

func (t touched) ready(now time.Time) bool {
	due := t.due()
	return !due.IsZero() && !now.Before(due)
}

func (t touched) due() (first time.Time) {
	for _, s := range t {
		if !s.at.IsZero() && (first.IsZero() || s.at.Before(first)) {
			first = s.at
		}
	}
	return first
}

// take gives those that are due. They are asked for once, unless something of them is sent again.
func (t touched) take(now time.Time) (out []Touched) {
	for _, s := range t {
		if !s.at.IsZero() && !now.Before(s.at) {
			out = append(out, s.Touched)
		}
	}
	slices.SortFunc(out, func(a, b Touched) int { return bytes.Compare(a.SessionID[:], b.SessionID[:]) })
	out = out[:min(len(out), headsAtOnce)]
	for _, s := range out {
		t[ref{s.TenantID, s.SessionID}].at = time.Time{}
	}
	return out
}

// sent takes note of what a batch had that is acknowledged.
func (t touched) sent(c *Composed, now time.Time) {
	if len(t) > mostTouched {
		clear(t)
	}
	for i := range c.Ends {
		h := &c.Ends[i]
		s := t.of(h)
		s.UpTo = max(s.UpTo, h.Sequence)
		if s.at.IsZero() {
			s.at = now.Add(headPause)
		}
	}
	for i := range c.Heads {
		s := t.of(&c.Heads[i])
		s.Sent = max(s.Sent, c.Heads[i].Sequence)
	}
}

func (t touched) of(h *event.Head) *touching {
	r := ref{h.TenantID, h.SessionID}
	s := t[r]
	if s == nil {
		s = &touching{Touched: Touched{TenantID: h.TenantID, SessionID: h.SessionID}}
		t[r] = s
	}
	return s
}
