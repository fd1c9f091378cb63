package synctest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"time"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/ingest/memstore"
	"multistream/sync/push"
	"multistream/sync/wire"
)

// Plan is what a simulation is made of. The same plan and seed give the same run.
type Plan struct {
	Seed    uint64
	Edges   int
	Classes int           // an edge
	Live    time.Duration // how long classes write, through all weather; then it clears up
	Rate    float64       // events a second of one class
	Weather func(random *rand.Rand) Weather
	Change  time.Duration // between two changes of an edge's weather
	Crashes time.Duration // between two crashes of a process, the hub's database or an edge; 0: none
	Restore bool          // now and then the hub comes back as it was some time ago
}

// Simulation is one run.
type Simulation struct {
	plan    Plan
	random  *rand.Rand
	clock   *Clock
	hubKey  ed25519.PrivateKey
	sealing *wire.SealingKey
	store   *memstore.Store
	backup  *memstore.Store
	hub     *ingest.Ingest
	lineage event.ID
	edges   []*edge
	ended   time.Time // when classes stop writing
	crash   crash
	failure error
	Stats   Stats
}

// crash is what the database does next.
type crash int

const (
	works crash = iota
	beforeCommit
	afterCommit
)

// Stats say what happened in a run.
type Stats struct {
	Events, Requests, Crashes, Restores, Saves int
	Healed                                     time.Duration // from when the weather cleared up to when everything was safe
}

type edge struct {
	s       *Simulation
	id      event.ID
	key     ed25519.PrivateKey
	log     *Log
	classes []*class
	m       *push.Machine
	life    int // of its process: what comes for an earlier one is lost
	up, dn  *Way
	wake    time.Time // for which a tick is in the clock
}

var began = time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)

// New makes a run that has not begun.
func New(p Plan) (*Simulation, error) {
	s := &Simulation{plan: p, random: rand.New(rand.NewPCG(p.Seed, 1)), clock: NewClock(began), hubKey: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))}
	var err error
	if s.sealing, err = wire.NewSealingKey(bytes.Repeat([]byte{4}, 32)); err != nil {
		return nil, err
	}
	if err := s.startHub(memstore.New()); err != nil {
		return nil, err
	}
	for range p.Edges {
		if err := s.addEdge(); err != nil {
			return nil, err
		}
	}
	s.backup = s.store.Clone()
	return s, nil
}

func (s *Simulation) startHub(store *memstore.Store) (err error) {
	s.lineage, s.store = chance(s.random), store
	store.Fault = func(committed bool) error {
		if s.crash == beforeCommit && !committed || s.crash == afterCommit && committed {
			s.crash = works
			return errCrash
		}
		return nil
	}
	s.hub, err = ingest.New(ingest.Options{Store: store, Key: s.hubKey, Sealing: s.sealing, Lineage: s.lineage})
	return err
}

func (s *Simulation) addEdge() error {
	e := &edge{s: s, id: chance(s.random), up: NewWay(s.clock, s.random), dn: NewWay(s.clock, s.random)}
	e.key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{byte(len(s.edges))}, 32))
	in := chance(s.random)
	e.log = &Log{edge: e.id, lives: []event.ID{in}, rows: map[event.ID][]positioned{}, cursors: map[event.ID]push.Cursor{},
		keys: map[event.ID]event.PersonKey{}, heads: map[event.ID][]event.Head{}, damaged: map[int64]bool{}}
	school := chance(s.random)
	for range s.plan.Classes {
		c := &class{tenant: school, session: chance(s.random), said: map[event.ID]bool{}}
		e.classes = append(e.classes, c)
		e.log.write(c, event.TypeSessionScheduled, `{}`, s.clock.now, s.random)
	}
	s.edges = append(s.edges, e)
	e.start()
	return s.store.AddEdge(context.Background(), ingest.Edge{ID: e.id, Tenants: []event.ID{school}})
}

// Run runs until the classes are over, lets the weather clear up, and judges. It returns what is wrong, with the seed.
func (s *Simulation) Run() error {
	s.ended = s.clock.now.Add(s.plan.Live)
	for _, e := range s.edges {
		e.weather()
		for _, c := range e.classes {
			e.teach(c)
		}
	}
	s.misfortune()
	s.clock.Run(s.plan.Live, s.failed)
	for _, e := range s.edges {
		e.up.Weather, e.dn.Weather = Weather{Least: time.Millisecond, Most: 30 * time.Millisecond}, Weather{Least: time.Millisecond, Most: 30 * time.Millisecond}
	}
	s.crash = works
	cleared := s.clock.now
	s.clock.Run(time.Hour, func() bool { return s.failed() || s.healed() })
	s.Stats.Healed = s.clock.now.Sub(cleared)
	if err := s.judge(); err != nil {
		return fmt.Errorf("seed %d: %w", s.plan.Seed, err)
	}
	return nil
}

func (s *Simulation) failed() bool { return s.failure != nil }

func (s *Simulation) healed() bool {
	for _, e := range s.edges {
		if st := e.m.Status(); st.Lag > 0 || st.State != push.Streaming {
			return false
		}
	}
	return true
}

func (s *Simulation) pause(d time.Duration) time.Duration {
	return time.Duration(s.random.ExpFloat64() * float64(d))
}

// weather changes now and then while classes go on.
func (e *edge) weather() {
	if e.s.clock.now.Before(e.s.ended) && e.s.plan.Weather != nil {
		e.up.Weather = e.s.plan.Weather(e.s.random)
		e.dn.Weather = e.s.plan.Weather(e.s.random)
		e.s.clock.After(e.s.pause(e.s.plan.Change), e.weather)
	}
}

// teach has a class go on, and end when all do.
func (e *edge) teach(c *class) {
	s := e.s
	if !s.clock.now.Before(s.ended) || c.over {
		return
	}
	s.clock.After(s.pause(time.Duration(float64(time.Second)/s.plan.Rate)), func() {
		e.log.say(c, s.clock.now, s.random)
		if s.random.IntN(100) == 0 {
			e.log.sign(c, e.key)
		}
		if s.random.IntN(2000) == 0 {
			e.log.write(c, event.TypeSessionEnded, `{}`, s.clock.now, s.random)
			e.log.sign(c, e.key)
			c.over = true
		}
		e.grown()
		e.teach(c)
	})
}

// misfortune strikes now and then while classes go on.
func (s *Simulation) misfortune() {
	if s.plan.Crashes == 0 {
		return
	}
	s.clock.After(s.pause(s.plan.Crashes), func() {
		if !s.clock.now.Before(s.ended) {
			return
		}
		s.Stats.Crashes++
		switch n := s.random.IntN(10); {
		case n < 4:
			s.crash = afterCommit
		case n < 6:
			s.crash = beforeCommit
		case n < 8 || !s.plan.Restore:
			s.edges[s.random.IntN(len(s.edges))].start()
		case n == 8:
			s.backup = s.store.Clone()
		default:
			s.Stats.Restores++
			if err := s.startHub(s.backup.Clone()); err != nil {
				s.failure = err
			}
		}
		s.misfortune()
	})
}
