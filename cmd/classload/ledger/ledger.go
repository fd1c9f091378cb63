// Package ledger keeps the account of a load: what was sent when, when its sender was told that it is done, and when it came
// to each student. From that it tells what was lost, doubled or out of order, and how long everything took.
//
// Each event carries a mark in its text, so one account serves every server and nothing has to be decoded.
package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	markBegin  = "~load"
	markDigits = 9
	// MarkSize is how many bytes of a text the mark of an event takes.
	MarkSize = len(markBegin) + markDigits
)

// ErrFull says that a ledger holds as many events as it may.
var ErrFull = errors.New("the ledger is full")

// Ledger is the account of one class. Make it with New.
type Ledger struct {
	students int
	events   []atomic.Pointer[Event]
	mu       sync.Mutex
	count    int
	byLane   []int32 // events of each sender
}

// Event is one line of the account.
type Event struct {
	number  int
	lane    int32 // its sender
	place   int32 // among the events of its sender, from 1
	sent    time.Duration
	done    atomic.Int64 // when its sender was answered, ns; 0: not yet; -1: refused
	timed   bool         // counts for the times; else it is warm-up
	arrival []int32      // per student: µs after it was sent, at least 1; 0: not come
	came    atomic.Int32 // how many of them
}

// New makes a ledger for so many students and senders, and at most so many events.
func New(students, senders, events int) *Ledger {
	return &Ledger{students: students, events: make([]atomic.Pointer[Event], events), byLane: make([]int32, senders)}
}

// Begin notes an event that a sender is about to send.
func (l *Ledger) Begin(sender int, at time.Duration, timed bool) (*Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == len(l.events) {
		return nil, fmt.Errorf("%w: %d events", ErrFull, l.count)
	}
	l.byLane[sender]++
	e := &Event{number: l.count, lane: int32(sender), place: l.byLane[sender], sent: at, timed: timed, arrival: make([]int32, l.students)}
	l.events[l.count].Store(e)
	l.count++
	return e, nil
}

// Mark is what the text of the event must hold.
func (e *Event) Mark() string { return fmt.Sprintf("%s%0*d", markBegin, markDigits, e.number) }

// Done notes that the sender was answered.
func (e *Event) Done(at time.Duration) { e.done.Store(int64(max(at, 1))) }

// Refused notes that the server did not take it: nobody need get it.
func (e *Event) Refused() { e.done.Store(-1) }

// Seat is a student's part of the account. It is used by one goroutine.
type Seat struct {
	l       *Ledger
	student int
	last    []int32 // place of the latest event of each sender
	Doubled int
	Order   int // came before one that was sent earlier by the same sender
	Unknown int // marks that nobody sent
	Came    int
}

// Seat gives the seat of a student, from 0.
func (l *Ledger) Seat(student int) *Seat {
	return &Seat{l: l, student: student, last: make([]int32, len(l.byLane))}
}

// Take notes the events whose marks are in a message.
func (s *Seat) Take(message []byte, at time.Duration) {
	for {
		i := bytes.Index(message, mark)
		if i < 0 || len(message) < i+MarkSize {
			return
		}
		number := 0
		for _, digit := range message[i+len(markBegin) : i+MarkSize] {
			number = number*10 + int(digit-'0')
		}
		s.event(number, at)
		message = message[i+MarkSize:]
	}
}

var mark = []byte(markBegin)

func (s *Seat) event(number int, at time.Duration) {
	var e *Event
	if number >= 0 && number < len(s.l.events) {
		e = s.l.events[number].Load()
	}
	if e == nil {
		s.Unknown++
		return
	}
	if e.arrival[s.student] != 0 {
		s.Doubled++
		return
	}
	e.arrival[s.student] = int32(max((at-e.sent)/time.Microsecond, 1))
	e.came.Add(1)
	s.Came++
	if e.place < s.last[e.lane] {
		s.Order++
		return
	}
	s.last[e.lane] = e.place
}
