package ledger

import (
	"math"
	"slices"
	"time"
)

// Times are quantiles in milliseconds.
type Times struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

// Sums is what an account comes to. "Each" is each delivery, "last" the last student of each event. After the answer may be
// below zero: an event may be shown before its sender has read the answer.
type Sums struct {
	Events     int   `json:"events"`     // acknowledged, warm-up left out
	Deliveries int   `json:"deliveries"` // of those
	AckToEach  Times `json:"ackToEachMs"`
	AckToLast  Times `json:"ackToLastMs"`
	SentToEach Times `json:"sentToEachMs"`
	SentToLast Times `json:"sentToLastMs"`
	Ack        Times `json:"ackMs"`
	Lost       int   `json:"lost"` // deliveries of acknowledged events that did not come, warm-up included
	Refused    int   `json:"refused"`
	Unanswered int   `json:"unanswered"`
}

// Complete tells whether every acknowledged event has come to every student, and nothing is without an answer.
func (l *Ledger) Complete() bool {
	for _, e := range l.all() {
		switch done := e.done.Load(); {
		case done == 0:
			return false
		case done > 0 && int(e.came.Load()) < l.students:
			return false
		}
	}
	return true
}

func (l *Ledger) all() []*Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*Event, l.count)
	for i := range out {
		out[i] = l.events[i].Load()
	}
	return out
}

// Sum adds up. Nothing may be on its way any more.
func (l *Ledger) Sum() Sums { return SumOf([]*Ledger{l}) }

// SumOf adds up several ledgers.
func SumOf(ledgers []*Ledger) Sums {
	var s Sums
	var each, last, sentEach, sentLast, acks []int32
	var events []*Event
	for _, l := range ledgers {
		events = append(events, l.all()...)
	}
	for _, e := range events {
		done := e.done.Load()
		switch {
		case done == 0:
			s.Unanswered++
			continue
		case done < 0:
			s.Refused++
			continue
		}
		answered := int32((time.Duration(done) - e.sent) / time.Microsecond)
		latest, missing := int32(0), 0
		for _, a := range e.arrival {
			if a == 0 {
				missing++
			}
			latest = max(latest, a)
		}
		s.Lost += missing
		if !e.timed {
			continue
		}
		s.Events++
		acks = append(acks, answered)
		for _, a := range e.arrival {
			if a != 0 {
				each, sentEach = append(each, a-answered), append(sentEach, a)
			}
		}
		if missing == 0 && latest > 0 {
			last, sentLast = append(last, latest-answered), append(sentLast, latest)
		}
	}
	s.Deliveries = len(each)
	s.AckToEach, s.AckToLast, s.Ack = quantiles(each), quantiles(last), quantiles(acks)
	s.SentToEach, s.SentToLast = quantiles(sentEach), quantiles(sentLast)
	return s
}

// Since gives the times from sending to each student of what was sent from a moment on. Students may go on getting more meanwhile.
func Since(ledgers []*Ledger, from time.Duration) Times {
	var each []int32
	for _, l := range ledgers {
		for _, e := range l.all() {
			if e.sent < from || e.done.Load() <= 0 || int(e.came.Load()) < l.students {
				continue
			}
			each = append(each, e.arrival...)
		}
	}
	return quantiles(each)
}

// Add takes on counts of another sum; its times replace those that are there only if they are worse, which is what a day of
// several lessons is judged by.
func (s *Sums) Add(o Sums) {
	s.Events, s.Deliveries, s.Lost = s.Events+o.Events, s.Deliveries+o.Deliveries, s.Lost+o.Lost
	s.Refused, s.Unanswered = s.Refused+o.Refused, s.Unanswered+o.Unanswered
	for _, t := range [][2]*Times{{&s.AckToEach, &o.AckToEach}, {&s.AckToLast, &o.AckToLast}, {&s.SentToEach, &o.SentToEach}, {&s.SentToLast, &o.SentToLast}, {&s.Ack, &o.Ack}} {
		if t[1].P99 > t[0].P99 {
			*t[0] = *t[1]
		}
	}
}

// Quantiles gives the quantiles of durations.
func Quantiles(all []time.Duration) Times {
	µs := make([]int32, len(all))
	for i, d := range all {
		µs[i] = int32(min(d/time.Microsecond, math.MaxInt32))
	}
	return quantiles(µs)
}

func quantiles(µs []int32) Times {
	if len(µs) == 0 {
		return Times{}
	}
	slices.Sort(µs)
	at := func(q float64) float64 { return float64(µs[int(math.Ceil(q*float64(len(µs))))-1]) / 1000 }
	return Times{P50: at(0.5), P99: at(0.99), P999: at(0.999), Max: at(1)}
}
