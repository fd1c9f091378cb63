package memsource

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// Serve makes an edge known; it serves these schools from now on, and no others.
func (s *Source) Serve(_ context.Context, edge event.ID, tenants []event.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serves[edge] = slices.Clone(tenants)
	return nil
}

// Write changes a school's directory: all that one call writes has one version. Who is written with a row that is gone is gone.
func (s *Source) Write(_ context.Context, tenant event.ID, put, gone []directory.Value) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := make([]directory.Row, 0, len(put)+len(gone))
	for _, v := range put {
		r, err := directory.RowOf(v)
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	for _, v := range gone {
		rows = append(rows, directory.GoneRow(v))
	}
	c := s.school(tenant)
	c.version++
	for _, r := range rows {
		if _, there := c.rows[name{r.Kind, r.Key}]; !there && r.Body == nil {
			continue
		}
		c.rows[name{r.Kind, r.Key}] = row{r, c.version}
	}
	return nil
}

func (s *Source) school(tenant event.ID) *school {
	c := s.schools[tenant]
	if c == nil {
		c = &school{lineage: event.NewID(), rows: map[name]row{}, keys: map[event.ID]key{}}
		s.schools[tenant] = c
	}
	return c
}

// AddKey gives a school a person key.
func (s *Source) AddKey(_ context.Context, k event.PersonKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.school(k.TenantID)
	c.version++
	c.keys[k.ID] = key{k, c.version}
	return nil
}

// Erase destroys a person's keys and lists them and the person, for ever.
func (s *Source) Erase(_ context.Context, tenant, person event.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.school(tenant)
	c.version++
	list := func(v directory.Value) error {
		r, err := directory.RowOf(v)
		c.rows[name{r.Kind, r.Key}] = row{r, c.version}
		return err
	}
	for id, k := range c.keys {
		if k.PersonID == person {
			delete(c.keys, id)
			if err := list(&directory.DestroyedRow{KeyID: id, PersonID: person}); err != nil {
				return err
			}
		}
	}
	return list(&directory.ErasedRow{PersonID: person})
}

// Ask has an edge asked for something.
func (s *Source) Ask(_ context.Context, edge event.ID, c wire.Command) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, command{edge, c})
	s.asked[outcomeOf{edge, c.Tenant, c.ID, 0}] = true
	return nil
}

// Backup copies everything; Restore brings it back, with another lineage for each school.
func (s *Source) Backup() *Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := New()
	b.serves, b.outcomes, b.asked, b.commands = maps.Clone(s.serves), maps.Clone(s.outcomes), maps.Clone(s.asked), slices.Clone(s.commands)
	for id, c := range s.schools {
		b.schools[id] = c.clone()
	}
	return b
}

// Restore makes everything as it was at a Backup, which is of no use after it.
func (s *Source) Restore(b *Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serves, s.schools, s.commands, s.outcomes, s.asked = b.serves, b.schools, b.commands, b.outcomes, b.asked
	for _, c := range s.schools {
		c.lineage = event.NewID()
	}
}

// SetVersion makes a school say that it is at a version: what no sound hub does.
func (s *Source) SetVersion(tenant event.ID, version int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.schools[tenant]
	if c == nil {
		return fmt.Errorf("there is no school %s", tenant)
	}
	c.version = version
	return nil
}
