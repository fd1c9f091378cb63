// Package memsource is a feed.Source in memory: for tests, and for a simulator that has it fail on purpose. It keeps nothing.
package memsource

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/feed"
	"multistream/sync/wire"
)

// Source is a feed.Source whose rows live as long as it does. It is safe for concurrent use and must be made with New.
type Source struct {
	// Fault, if set, is asked before each question is answered: its error is what the question gets.
	Fault func() error
	// Most rows and keys that are given at once, if above 0, however many are asked for: pages are small then.
	Most int

	mu       sync.Mutex
	serves   map[event.ID][]event.ID // schools, by edge
	schools  map[event.ID]*school
	commands []command
	outcomes map[outcomeOf]directory.Outcome
	asked    map[outcomeOf]bool // what edges were asked for
}

type school struct {
	lineage event.ID
	version int64
	rows    map[name]row // those that are gone too, without a body
	keys    map[event.ID]key
}

type (
	name struct {
		kind directory.RowKind
		key  string
	}
	row struct {
		directory.Row
		version int64
	}
	key struct {
		event.PersonKey
		version int64
	}
	command struct {
		edge event.ID
		wire.Command
	}
	outcomeOf struct {
		edge, tenant, id event.ID
		revision         int64
	}
)

// New makes an empty source.
func New() *Source {
	return &Source{serves: map[event.ID][]event.ID{}, schools: map[event.ID]*school{}, outcomes: map[outcomeOf]directory.Outcome{}, asked: map[outcomeOf]bool{}}
}

func (s *Source) enter() (leave func(), err error) {
	if s.Fault != nil {
		if err := s.Fault(); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	return s.mu.Unlock, nil
}

// Schools implements feed.Source.
func (s *Source) Schools(_ context.Context, edge event.ID) (out []wire.School, known bool, err error) {
	leave, err := s.enter()
	if err != nil {
		return nil, false, err
	}
	defer leave()
	tenants, known := s.serves[edge]
	for _, id := range tenants {
		if c := s.schools[id]; c != nil {
			out = append(out, wire.School{Tenant: id, Lineage: c.lineage, Version: c.version})
		}
	}
	return out, known, nil
}

// Read implements feed.Source.
func (s *Source) Read(_ context.Context, q feed.Query) (p feed.Part, err error) {
	leave, err := s.enter()
	if err != nil {
		return p, err
	}
	defer leave()
	c := s.schools[q.Tenant]
	if c == nil || !slices.Contains(s.serves[q.Edge], q.Tenant) {
		return p, feed.ErrNotServed
	}
	p = feed.Part{Lineage: c.lineage, Version: c.version, Again: !q.Lineage.IsZero() && q.Lineage != c.lineage}
	if p.Again {
		q.Since, q.After = 0, feed.Place{}
	}
	if s.Most > 0 {
		q.Rows, q.Keys = min(q.Rows, s.Most), min(q.Keys, s.Most)
	}
	size := 0
	for _, at := range c.places(q) {
		if len(p.Rows) == q.Rows || len(p.Keys) == q.Keys || size >= q.Bytes && size > 0 {
			p.More = true
			return p, nil
		}
		if at.Kind == feed.PlaceKeys {
			k := c.keys[event.ID([]byte(at.Key))]
			p.Keys = append(p.Keys, k.PersonKey)
		} else {
			r := c.rows[name{at.Kind, at.Key}]
			p.Rows = append(p.Rows, r.Row)
			size += wire.RowSize(&r.Row)
		}
		p.Last = at
	}
	return p, nil
}

// places gives where what was asked for stands, in order.
func (c *school) places(q feed.Query) (out []feed.Place) {
	add := func(p feed.Place) {
		if comparePlaces(p, q.After) > 0 {
			out = append(out, p)
		}
	}
	for n, r := range c.rows {
		if r.version > q.Since && (r.Body != nil || q.Since > 0) {
			add(feed.Place{Kind: n.kind, Key: n.key, Gone: r.Body == nil})
		}
	}
	for id, k := range c.keys {
		if k.version > q.Since {
			add(feed.Place{Kind: feed.PlaceKeys, Key: string(id[:])})
		}
	}
	slices.SortFunc(out, comparePlaces)
	return out
}

func comparePlaces(a, b feed.Place) int {
	flag := func(set bool) int {
		if set {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(flag(a.Gone), flag(b.Gone)), cmp.Compare(a.Key, b.Key))
}

// Commands implements feed.Source.
func (s *Source) Commands(_ context.Context, edge event.ID, limit int) (out []wire.Command, more bool, err error) {
	leave, err := s.enter()
	if err != nil {
		return nil, false, err
	}
	defer leave()
	for _, c := range s.commands {
		if _, done := s.outcomes[outcomeOf{edge, c.Tenant, c.ID, 0}]; done || c.edge != edge || !slices.Contains(s.serves[edge], c.Tenant) {
			continue
		}
		if len(out) == limit {
			return out, true, nil
		}
		out = append(out, c.Command)
	}
	return out, false, nil
}

// Done implements feed.Source.
func (s *Source) Done(_ context.Context, edge event.ID, outcomes []directory.Outcome) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	for _, o := range outcomes {
		of := outcomeOf{edge, o.TenantID, o.ID, o.Revision}
		if _, there := s.outcomes[of]; !there && s.wasAsked(of) {
			s.outcomes[of] = o
		}
	}
	return nil
}

func (s *Source) wasAsked(of outcomeOf) bool {
	c := s.schools[of.tenant]
	if of.revision == 0 || c == nil {
		return s.asked[of]
	}
	plan := c.rows[name{directory.RowPlan, string(of.id[:])}]
	v, err := plan.Value()
	p, ok := v.(*directory.PlanRow)
	return err == nil && ok && p.Revision >= of.revision && slices.Contains(s.serves[of.edge], of.tenant)
}

// Rows gives all rows of a school, and its person keys.
func (s *Source) Rows(_ context.Context, tenant event.ID) (rows []directory.Row, keys []event.PersonKey, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.schools[tenant]; c != nil {
		for _, r := range c.rows {
			if r.Body != nil {
				rows = append(rows, r.Row)
			}
		}
		for _, k := range c.keys {
			keys = append(keys, k.PersonKey)
		}
	}
	directory.SortRows(rows)
	slices.SortFunc(keys, func(a, b event.PersonKey) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return rows, keys, nil
}

// Outcomes gives what edges told, in no order.
func (s *Source) Outcomes(_ context.Context, edge event.ID) (out []directory.Outcome, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for of, o := range s.outcomes {
		if of.edge == edge {
			out = append(out, o)
		}
	}
	return out, nil
}

// clone copies a school for Backup.
func (c *school) clone() *school {
	return &school{lineage: c.lineage, version: c.version, rows: maps.Clone(c.rows), keys: maps.Clone(c.keys)}
}
