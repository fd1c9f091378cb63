package pull

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// Bounds of what waits in memory for the rest of its version.
const maxStaged = 256 << 20

// staging gathers pages until they are a whole version. One page that is the first and the last is one: it was read at one moment. More
// than one are as of several moments, so what changed since the first of them is asked for, again and again, until that is one page.
type staging struct {
	full    bool // from nothing
	lineage event.ID
	since   int64  // what is asked for changed after this version
	at      int64  // version at the first page of this round; 0: none came
	token   []byte // of the next page of this round
	rows    map[rowName]directory.Row
	keys    map[event.ID]event.PersonKey
	bytes   int
}

type rowName struct {
	kind directory.RowKind
	key  string
}

func newStaging(lineage event.ID, since int64) *staging {
	return &staging{full: since == 0, lineage: lineage, since: since, rows: map[rowName]directory.Row{}, keys: map[event.ID]event.PersonKey{}}
}

var errEmptyPages = errors.New("the hub goes on with pages of nothing")

// take adds a page. done says that the rows are a whole version now, that of the page. After an error the staging is of no use.
func (s *staging) take(p *wire.Page, keys []event.PersonKey) (done bool, err error) {
	first := len(s.token) == 0
	if first {
		s.at = p.At
	}
	if p.At < s.at {
		return false, fmt.Errorf("the hub went back from version %d to %d while it answered", s.at, p.At)
	}
	for i := range p.Rows {
		r := directory.Row{Kind: p.Rows[i].Kind, Key: p.Rows[i].Key, Body: slices.Clone(p.Rows[i].Body)} // the page is let go
		name := rowName{r.Kind, r.Key}
		s.bytes += wire.RowSize(&r) - s.sizeOf(name)
		s.rows[name] = r
	}
	for _, k := range keys {
		s.keys[k.ID] = k
	}
	if s.bytes > maxStaged {
		return false, fmt.Errorf("the school has more than %d MiB of rows, which this edge does not take", maxStaged>>20)
	}
	switch {
	case len(p.Next) > 0 && len(p.Rows) == 0 && len(keys) == 0:
		return false, errEmptyPages
	case len(p.Next) > 0:
		s.token = slices.Clone(p.Next)
		return false, nil
	case first:
		return true, nil
	}
	s.since, s.at, s.token = s.at, 0, nil // another round
	return false, nil
}

func (s *staging) sizeOf(n rowName) int {
	r, there := s.rows[n]
	if !there {
		return 0
	}
	return wire.RowSize(&r)
}

// change gives what is to be applied; all of it is as of one version.
func (s *staging) change(before directory.Copy, at event.Time) directory.Change {
	c := directory.Change{TenantID: before.TenantID, Before: before, Lineage: s.lineage, Version: s.at, Full: s.full, At: at}
	for _, r := range s.rows {
		if !s.full || r.Body != nil {
			c.Rows = append(c.Rows, r)
		}
	}
	directory.SortRows(c.Rows)
	c.Keys = slices.SortedFunc(maps.Values(s.keys), func(a, b event.PersonKey) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return c
}
