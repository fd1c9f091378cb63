// Package push is the edge's side of replication: it sends what the log has committed to the hub, in order of position, and knows what
// is safe there. The log itself is the outbox, so nothing is written for an event to be sent.
//
// A Machine is a step function: inputs (the link, answers, the log's growth, time) go in, effects (compose, send, save) come out; it has
// no clock, no connection and no database. Compose reads the log and makes a batch of it; Run is the shell that does what the
// machine asks for.
package push

import (
	"bytes"
	"crypto/ed25519"
	"math/rand/v2"
	"slices"
	"time"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// Config says who pushes to whom.
type Config struct {
	Edge        event.ID
	HubKey      ed25519.PublicKey   // the hub's key of receipts: nobody else is believed
	SigningKeys []ed25519.PublicKey // of the edge, which sign heads
	Random      *rand.Rand          // spreads what many edges would do at once
	RowsPerSec  int                 // most events sent a second; 0: RowsPerSec
}

// RowsPerSec is how many events are sent a second at most, so that catching up leaves the processor and the disk to the classes. While
// the log's writer has work waiting it is a quarter of it.
const RowsPerSec = 8000

// Life is an incarnation of the edge's database, as the log has it.
type Life struct {
	Incarnation event.ID
	Last        int64 // position of its last event
	Cursor      Cursor
}

// Cursor is up to where the hub has confirmed a life, as the edge keeps it.
type Cursor struct {
	Position int64
	Hash     event.Hash
	Lineage  event.ID // of the hub
}

// State says how things stand.
type State string

// The states.
const (
	Down      State = "down"      // nobody answers
	Greeting  State = "greeting"  // a hello is on its way
	Streaming State = "streaming" // what is committed is sent
	Waiting   State = "waiting"   // the hub can't store anything now
	Refused   State = "refused"   // the hub does not take it; somebody must look at it
	Fenced    State = "fenced"    // the hub has another history of this edge; somebody must look at it
	OtherWire State = "level"     // the hub speaks another language: one side must be updated
)

// Status is what the screens of operators and metrics show.
type Status struct {
	State       State       `json:"state"`
	Why         string      `json:"reason,omitempty"` // a sentence, where something is wrong
	Since       time.Time   `json:"since"`
	Incarnation event.ID    `json:"incarnation"`
	Safe        int64       `json:"safe"`              // everything up to here is safe at the hub
	Last        int64       `json:"last"`              // and the log ends here
	Lag         int64       `json:"lag"`               // events that are not safe yet, those of earlier lives too
	LagSince    time.Time   `json:"lagSince,omitzero"` // since when some are; zero if none are
	Missing     int64       `json:"missing"`           // positions that could not be sent: their rows are damaged
	Aside       int64       `json:"aside"`             // events that the hub keeps beside the log
	Held        []wire.Held `json:"held,omitempty"`    // sessions of which it does
	Resent      int64       `json:"resent"`            // times that the hub had less than it had said
	LastSafe    time.Time   `json:"lastSafe,omitzero"` // when the hub last confirmed something
	ClockOff    int64       `json:"clockOffMillis"`    // of the hub's clock against this one, at the last hello
}

// Machine decides what to do. It is used by one goroutine.
type Machine struct {
	c         Config
	random    *rand.Rand
	up        bool
	lives     []*life
	number    uint64
	sent      *request
	composing *life     // a batch of it is being made
	recheck   time.Time // whether a fence is lifted; zero for none
	notSoon   time.Time
	links     link
	pace      pace
	known     map[wire.KeyRef]bool
	asked     int // refusals for want of keys in a row
	failed    int // attempts in a row that nobody answered
	heads     touched
	status    Status
	held      map[ref]wire.Held
	saves     saving
	level     uint16
	sealKey   []byte
	lineage   event.ID
}

type ref struct{ tenant, session event.ID }

// life is a Life with what the hub said of it.
type life struct {
	Life
	greeted bool
	fenced  string
	sent    int64 // acknowledged up to here in order; the next batch follows it
	hash    event.Hash
	safe    int64 // the hub has everything up to here; it may be further than sent, after a restart
	aside   int64
	left    int64 // positions that could not be read
}

// A request is on its way.
type request struct {
	number   uint64
	kind     wire.Kind
	life     *life
	at       time.Time
	deadline time.Time
	batch    Composed
	size     int
}

// New makes a Machine for a log with these lives, oldest first; the last one is that in which the edge writes.
func New(c Config, lives []Life, now time.Time) *Machine {
	if c.RowsPerSec <= 0 {
		c.RowsPerSec = RowsPerSec
	}
	m := &Machine{c: c, random: c.Random, known: map[wire.KeyRef]bool{}, held: map[ref]wire.Held{}, pace: newPace(c.RowsPerSec), links: newLink(), heads: touched{}}
	for _, l := range lives {
		m.lives = append(m.lives, &life{Life: l, sent: l.Cursor.Position, hash: l.Cursor.Hash, safe: l.Cursor.Position})
		m.lineage = l.Cursor.Lineage
	}
	if m.Status().Lag > 0 {
		m.status.LagSince = now
	}
	m.enter(Down, "there is no link to the hub yet", now)
	return m
}

func (m *Machine) enter(s State, why string, now time.Time) {
	if m.status.State != s {
		m.status.Since = now
	}
	m.status.State, m.status.Why = s, why
}

// current is the life in which the edge writes.
func (m *Machine) current() *life { return m.lives[len(m.lives)-1] }

// Status tells how things stand.
func (m *Machine) Status() Status {
	s, l := m.status, m.current()
	s.Incarnation, s.Safe, s.Last = l.Incarnation, l.safe, l.Last
	s.Lag, s.Missing, s.Aside = 0, 0, 0
	for _, l := range m.lives {
		s.Lag += max(l.Last-l.safe, 0)
		s.Missing += l.left
		s.Aside += l.aside
		if l.fenced != "" && s.State == Streaming {
			s.State, s.Why = Fenced, l.fenced
		}
	}
	if s.Lag == 0 {
		s.LagSince = time.Time{}
	}
	for _, h := range m.held {
		s.Held = append(s.Held, h)
	}
	slices.SortFunc(s.Held, func(a, b wire.Held) int { return bytes.Compare(a.SessionID[:], b.SessionID[:]) })
	return s
}
