package push

import (
	"time"

	"multistream/shared/event"
)

// saving is what the edge is to keep: receipts at once, how far the hub has confirmed now and then. What is not saved is sent again after a
// restart, which is harmless.
type saving struct {
	life     *life
	cursor   Cursor
	receipts []event.Receipt
	pending  *Save
	last     time.Time
	retry    time.Time
}

func (s *saving) want(l *life, lineage event.ID, receipts []event.Receipt) {
	if s.life != nil && s.life != l {
		s.receipts = append(s.receipts, receipts...) // the earlier life's cursor waits for its next save, which is harmless
	} else {
		s.receipts = append(s.receipts, receipts...)
	}
	s.life, s.cursor = l, Cursor{Position: l.sent, Hash: l.hash, Lineage: lineage}
}

// due is when something is to be saved, zero for never.
func (s *saving) due() time.Time {
	if s.life == nil || s.pending != nil {
		return time.Time{}
	}
	if len(s.receipts) > 0 {
		return later(s.retry, s.last)
	}
	return later(s.retry, s.last.Add(savePause))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *saving) take(now time.Time) []Effect {
	if due := s.due(); s.life == nil || s.pending != nil || now.Before(due) {
		return nil
	}
	s.pending = &Save{Incarnation: s.life.Incarnation, Cursor: s.cursor, At: now, Receipts: s.receipts}
	s.life, s.receipts, s.last = nil, nil, now
	return []Effect{*s.pending}
}

// done forgets what is durable; what is not is tried again.
func (s *saving) done(err error, now time.Time) {
	p := s.pending
	s.pending = nil
	if err == nil || p == nil {
		return
	}
	s.receipts = append(p.Receipts, s.receipts...)
	s.retry = now.Add(savePause)
	if s.life == nil {
		s.life, s.cursor = &life{Life: Life{Incarnation: p.Incarnation}}, p.Cursor
	}
}
