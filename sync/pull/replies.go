package pull

import (
	"fmt"
	"slices"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// reply takes an answer. One that nobody waits for is ignored: it is late, came twice, or is another's.
func (m *Machine) reply(in Reply, now time.Time) []Effect {
	if m.sent == nil || in.Number != m.sent.number {
		m.status.Ignored++
		return nil
	}
	f, err := wire.ReadFrame(in.Frame)
	if err != nil {
		m.refused("what answers does not speak as a hub does: "+err.Error(), now)
		return nil
	}
	if f.Number != m.sent.number {
		m.status.Ignored++ // an old one; ours may still come
		return nil
	}
	r := m.sent
	m.sent = nil
	switch {
	case f.Kind == wire.KindRefusal:
		m.refusal(r, f.Body, now)
	case f.Kind == wire.KindSchools && r.kind == wire.KindLook:
		return m.looked(r, f.Body, now)
	case f.Kind == wire.KindPage && r.kind == wire.KindAsk:
		return m.page(r, f.Body, now)
	default:
		m.refused(fmt.Sprintf("the hub answered with a message of kind %d", f.Kind), now)
	}
	return nil
}

// refused: what came can't be taken, and asking again at once would not help.
func (m *Machine) refused(why string, now time.Time) {
	m.sent = nil
	m.enter(Refused, why+"; what is here is used as it is", now)
	m.later(now, longPause)
}

func (m *Machine) refusal(r *request, body []byte, now time.Time) {
	ref, err := wire.ReadRefusal(body)
	if err != nil {
		m.refused("the hub's refusal can't be read: "+err.Error(), now)
		return
	}
	switch ref.Code {
	case wire.Corrupt, wire.Later:
		m.enter(Waiting, ref.Why, now)
		m.later(now, longPause)
		if wait := now.Add(min(time.Duration(ref.Wait)*time.Millisecond, lookPause)); wait.After(m.notSoon) {
			m.notSoon, m.lookAt = wait, wait
		}
	case wire.NoLevel:
		m.enter(OtherWire, ref.Why, now)
		m.notSoon = now.Add(m.spread(lookPause))
		m.lookAt = m.notSoon
	case wire.Tenant: // it was this edge's when it looked
		if s := m.schools[r.ask.Tenant]; s != nil {
			s.staged, s.latest = nil, wire.School{}
		}
		m.lookAt = now
		m.later(now, longPause)
	default:
		m.enter(Refused, ref.Why+" ("+ref.Code.String()+")", now)
		m.notSoon = now.Add(m.spread(lookPause))
		m.lookAt = m.notSoon
	}
}

// looked takes in which schools there are and what is to be done.
func (m *Machine) looked(r *request, body []byte, now time.Time) []Effect {
	l, err := wire.ReadSchools(body)
	switch {
	case err != nil:
		m.refused("the hub's answer can't be read: "+err.Error(), now)
		return nil
	case l.Edge != m.c.Edge:
		m.refused(fmt.Sprintf("the hub answered edge %s, not this one", l.Edge), now)
		return nil
	}
	m.failed, m.level = 0, l.Level
	m.told = append(m.told, m.outcomes[:r.told]...)
	m.outcomes = m.outcomes[r.told:]
	mine := map[event.ID]bool{}
	for _, latest := range l.Schools {
		mine[latest.Tenant] = true
		m.latest(latest, now)
	}
	for id, s := range m.schools {
		if !mine[id] {
			s.left, s.staged, s.latest, s.why = true, nil, wire.School{}, ""
		}
	}
	if m.orders = l.Commands; len(m.orders) > 0 {
		m.settle = true
	}
	if l.More {
		m.lookAt = now.Add(firstPause) // once those that are here may be done
	}
	m.standing(now)
	return nil
}

// latest takes in where a school is at the hub.
func (m *Machine) latest(latest wire.School, now time.Time) {
	s := m.schools[latest.Tenant]
	if s == nil {
		s = m.add(directory.Copy{TenantID: latest.Tenant})
	}
	s.left, s.latest = false, latest
	switch {
	case latest.Lineage == s.Lineage && latest.Version < s.Version:
		s.why = fmt.Sprintf("the hub has version %d of this school and this edge has %d of the same lineage: the hub was restored and did not say so. Nothing was changed; give the hub's directory a new lineage", latest.Version, s.Version)
	case !s.wanted():
		s.why, s.ConfirmedAt = "", event.TimeOf(now)
	}
}

// standing says how things stand when nothing is wrong.
func (m *Machine) standing(now time.Time) {
	for _, s := range m.schools {
		if s.wanted() || s.leaving() {
			if m.status.State != Pulling {
				m.enter(Pulling, "", now)
			}
			return
		}
	}
	m.enter(Current, "", now)
}

// page takes some rows of a school.
func (m *Machine) page(r *request, body []byte, now time.Time) []Effect {
	s := m.schools[r.ask.Tenant]
	if s == nil || s.staged == nil { // it left meanwhile
		m.status.Ignored++
		return nil
	}
	p, err := wire.ReadPage(body)
	switch {
	case err != nil:
		m.drop(s, "the hub's answer can't be read: "+err.Error(), now)
		return nil
	case p.Edge != m.c.Edge || p.Tenant != s.TenantID:
		m.drop(s, fmt.Sprintf("the hub answered for school %s of edge %s", p.Tenant, p.Edge), now)
		return nil
	case p.Lineage != s.staged.lineage && p.Since == 0: // it was restored meanwhile: this is the first page of everything
		s.staged = newStaging(p.Lineage, 0)
		s.latest = wire.School{Tenant: s.TenantID, Lineage: p.Lineage, Version: p.At}
	case p.Lineage != s.staged.lineage || p.Since != s.staged.since:
		m.drop(s, fmt.Sprintf("the hub answered what changed since version %d of lineage %s, which was not asked", p.Since, p.Lineage), now)
		return nil
	}
	keys, err := m.c.Sealing.OpenKeysDown(p.Lineage, p.Tenant, m.c.Edge, p.Keys)
	for i := range keys {
		if err == nil && keys[i].TenantID != s.TenantID {
			err = fmt.Errorf("person key %s is of school %s", keys[i].ID, keys[i].TenantID)
		}
	}
	if err != nil {
		m.drop(s, "the hub's person keys can't be taken: "+err.Error(), now)
		return nil
	}
	done, err := s.staged.take(&p, keys)
	if err != nil {
		m.drop(s, err.Error(), now)
		return nil
	}
	m.failed = 0
	if !done {
		return nil
	}
	c := s.staged.change(s.Copy, event.TimeOf(now))
	if s.Lineage != c.Lineage && !s.Lineage.IsZero() {
		m.status.Resyncs++
	}
	m.applying = &applying{directory.Copy{TenantID: s.TenantID, Lineage: c.Lineage, Version: c.Version}}
	s.staged = nil
	return []Effect{Apply{c}}
}

// drop lets go what is staged of a school, says why, and tries it again later.
func (m *Machine) drop(s *school, why string, now time.Time) {
	s.staged, s.why = nil, why+". Nothing of it was taken; it is asked for again"
	s.notSoon = now.Add(m.spread(min(firstPause<<min(s.failed, 10), longPause)))
	s.failed++
	m.enter(Refused, s.why, now)
}

func (m *Machine) leave(s *school, now time.Time) Effect {
	m.applying = &applying{directory.Copy{TenantID: s.TenantID}}
	return Apply{directory.Change{TenantID: s.TenantID, Before: s.Copy, Left: true, At: event.TimeOf(now)}}
}

// applied takes in that a change is durable, or not.
func (m *Machine) applied(in Applied, now time.Time) {
	after := m.applying.after
	m.applying = nil
	s := m.schools[after.TenantID]
	if in.Err != nil {
		m.drop(s, "the school could not be written: "+in.Err.Error(), now)
		return
	}
	if !after.Lineage.IsZero() {
		after.AppliedAt, after.ConfirmedAt = event.TimeOf(now), event.TimeOf(now)
	}
	s.Copy, s.why, s.failed = after, "", 0
	m.settle = m.settle || in.Plans > 0
	m.standing(now)
}

// settled takes in what became of plans and commands.
func (m *Machine) settled(in Settled, now time.Time) {
	m.settling = false
	for _, o := range in.Outcomes {
		if !slices.ContainsFunc(m.outcomes, func(p directory.Outcome) bool { return p.ID == o.ID && p.Revision == o.Revision }) {
			m.outcomes = append(m.outcomes, o)
		}
	}
	if in.Err != nil || in.Left > 0 {
		m.settle, m.settleAt = true, now.Add(m.spread(settleWait))
		m.lookAt = now.Add(m.spread(settleWait)) // a command that could not be done is listed again
		return
	}
	m.settleAt = time.Time{}
}
