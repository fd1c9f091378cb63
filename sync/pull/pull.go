// Package pull is the edge's side of the road from the hub: it keeps a copy of the directory of each school that the hub rules, adopts
// what the hub planned, and does what the hub asks of a class.
//
// A Machine is a step function: inputs (the link, nudges, answers, time) go in, effects (send, apply, settle, tell) come out; it has no
// clock, no connection and no database. Run is the shell that does what the machine asks for. Everything that is on its way may be lost,
// doubled, late or another's: what is applied is either a whole version or nothing.
package pull

import (
	"math/rand/v2"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// Config says who pulls.
type Config struct {
	Edge    event.ID
	Sealing *wire.SealingKey // person keys come sealed to it
	Random  *rand.Rand       // spreads what many edges would do at once
	Every   time.Duration    // how often to look without a nudge; 0: 15 s
}

// State says how things stand.
type State string

// The states.
const (
	Down      State = "down"    // nobody answers: what is here is used as it is
	Current   State = "current" // the hub has nothing that is not here
	Pulling   State = "pulling" // something is on its way
	Waiting   State = "waiting" // the hub, or the store, can't do it now
	Refused   State = "refused" // what came can't be taken; somebody must look at it
	OtherWire State = "level"   // the hub speaks another language: one side must be updated
)

// Status is what the screens of operators and metrics show.
type Status struct {
	State    State
	Why      string // a sentence, where something is wrong or unusual
	Since    time.Time
	Schools  []School
	Outcomes int // that the hub was not told yet
	Resyncs  int // times that a school was taken anew because the hub was restored
	Ignored  int // answers that were late, doubled or another's
}

// School is how the copy of one school stands.
type School struct {
	directory.Copy
	Latest int64  // version at the hub, as far as it is known
	Staged int    // rows that came and wait for the rest
	Why    string // a sentence, where its copy can't be brought up to date
}

// Machine decides what to do. It is used by one goroutine.
type Machine struct {
	c        Config
	up       bool
	number   uint64
	sent     *request
	schools  map[event.ID]*school
	order    []event.ID
	outcomes []directory.Outcome // to be told, oldest first
	orders   []wire.Command      // to be done
	settle   bool                // plans or orders wait
	settling bool
	settleAt time.Time
	applying *applying
	saving   bool
	told     []directory.Outcome // that the hub has, and the store does not know it yet
	savedAt  time.Time           // when confirmations were last kept
	lookAt   time.Time
	notSoon  time.Time
	failed   int // attempts in a row that came to nothing
	level    uint16
	status   Status
}

// school is a copy with what is known and on its way of it.
type school struct {
	directory.Copy
	latest  wire.School // as the hub said last; absent: not looked yet
	left    bool        // the hub says that it is not this edge's any more
	staged  *staging
	why     string
	notSoon time.Time
	failed  int
}

// applying is a change that is being written, and what the copy is after it.
type applying struct{ after directory.Copy }

// A request is on its way.
type request struct {
	number   uint64
	kind     wire.Kind
	deadline time.Time
	ask      wire.Ask // of KindAsk
	told     int      // outcomes of KindLook
}

// New makes a Machine for an edge that has these copies, and outcomes that the hub was not told yet.
func New(c Config, copies []directory.Copy, outcomes []directory.Outcome, now time.Time) *Machine {
	if c.Every <= 0 {
		c.Every = 15 * time.Second
	}
	m := &Machine{c: c, schools: map[event.ID]*school{}, outcomes: outcomes, settle: true, lookAt: now, level: wire.Level}
	for _, copied := range copies {
		m.add(copied)
	}
	m.enter(Down, "no link to the hub yet", now)
	return m
}

func (m *Machine) add(c directory.Copy) *school {
	s := &school{Copy: c}
	m.schools[c.TenantID] = s
	m.order = append(m.order, c.TenantID)
	return s
}

func (m *Machine) enter(s State, why string, now time.Time) {
	if m.status.State != s {
		m.status.Since = now
	}
	m.status.State, m.status.Why = s, why
}

// Status tells how things stand.
func (m *Machine) Status() Status {
	s := m.status
	s.Outcomes, s.Schools = len(m.outcomes), nil
	for _, id := range m.order {
		o := m.schools[id]
		shown := School{Copy: o.Copy, Latest: max(o.latest.Version, o.Version), Why: o.why}
		if o.latest.Lineage != o.Lineage && !o.latest.Lineage.IsZero() {
			shown.Latest = o.latest.Version
		}
		if o.staged != nil {
			shown.Staged = len(o.staged.rows)
		}
		s.Schools = append(s.Schools, shown)
		if o.why != "" && s.State == Current {
			s.State, s.Why = Refused, o.why
		}
	}
	return s
}
