package synctest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/sync/ingest"
	"multistream/sync/push"
)

type positioned = eventlog.Positioned

// start begins a new life of the edge's process: what it had in memory is gone.
func (e *edge) start() {
	e.life++
	lives, err := e.log.Lives(context.Background())
	if err != nil {
		e.s.failure = err
		return
	}
	e.m = push.New(push.Config{Edge: e.id, HubKey: e.s.hubKey.Public().(ed25519.PublicKey), SigningKeys: []ed25519.PublicKey{e.key.Public().(ed25519.PublicKey)},
		Random: rand.New(rand.NewPCG(e.s.plan.Seed, uint64(e.life)))}, lives, e.s.clock.now)
	e.wake = time.Time{}
	e.step(push.LinkUp{})
}

func (e *edge) grown() {
	lives, err := e.log.Lives(context.Background())
	if err != nil {
		e.s.failure = err
		return
	}
	e.step(push.Log{Lives: lives})
}

// step is the shell around the machine.
func (e *edge) step(in push.Input) {
	inputs := []push.Input{in}
	for len(inputs) > 0 {
		effects := e.m.Step(e.s.clock.now, inputs[0])
		inputs = inputs[1:]
		for _, effect := range effects {
			switch effect := effect.(type) {
			case push.Compose:
				inputs = append(inputs, push.ComposeBatch(context.Background(), e.log, e.id, effect))
			case push.Save:
				e.s.Stats.Saves++
				inputs = append(inputs, push.Saved{Err: e.log.Save(context.Background(), effect)})
			case push.Send:
				e.send(effect)
			}
		}
	}
	e.believes()
	due := e.m.Deadline(e.s.clock.now)
	if due.IsZero() || !e.wake.IsZero() && !due.Before(e.wake) && e.wake.After(e.s.clock.now) {
		return
	}
	e.wake = due
	life := e.life
	e.s.clock.After(due.Sub(e.s.clock.now), func() {
		if life == e.life && e.wake.Equal(due) {
			e.wake = time.Time{}
			e.step(push.Tick{})
		}
	})
}

// send carries a request to the hub, and its answer back.
func (e *edge) send(r push.Send) {
	s, life := e.s, e.life
	s.Stats.Requests++
	reply := func(in push.Input) {
		if life == e.life {
			e.step(in)
		}
	}
	switch {
	case e.up.Weather.Nobody:
		s.clock.After(0, func() { reply(push.NoAnswer{Number: r.Number}) })
		return
	case e.up.Weather.Portal:
		s.clock.After(time.Millisecond, func() {
			reply(push.Reply{Number: r.Number, Frame: []byte("<html><body>Please sign in</body></html>")})
		})
		return
	}
	e.up.Send(r.Frame, func(frame []byte) {
		answer := s.hub.Answer(context.Background(), e.id, frame, event.TimeOf(s.clock.now))
		e.dn.Send(answer, func(answer []byte) { reply(push.Reply{Number: r.Number, Frame: answer}) })
	})
}

// believes holds what the edge shows to what the hub has: it never shows more as safe. (A hub that was restored has less than it had; what
// the edge was told before is asked again at the next hello.)
func (e *edge) believes() {
	if e.s.plan.Restore || e.s.failure != nil {
		return
	}
	st := e.m.Status()
	c, err := e.s.store.Cursor(context.Background(), ingest.Stream{Edge: e.id, Incarnation: st.Incarnation})
	if err == nil && st.Safe > c.Position {
		err = fmt.Errorf("the edge shows %d as safe, the hub has %d", st.Safe, c.Position)
	}
	e.s.failure = err
}

// judge says what is wrong when all is over.
func (s *Simulation) judge() error {
	if s.failure != nil {
		return s.failure
	}
	if !s.healed() {
		st := s.edges[0].m.Status()
		return fmt.Errorf("not healed after an hour of good weather; the first edge says %+v", st)
	}
	ctx := context.Background()
	if alarms, err := s.store.Alarms(ctx); err != nil || len(alarms) > 0 {
		return fmt.Errorf("alarms: %+v, %v", alarms, err)
	}
	for n, e := range s.edges {
		if err := e.judge(ctx); err != nil {
			return fmt.Errorf("edge %d: %w", n, err)
		}
	}
	return nil
}

func (e *edge) judge(ctx context.Context) error {
	st := e.m.Status()
	if st.Missing != 0 || st.Aside != 0 || st.Lag != 0 || st.Safe != int64(len(e.log.rows[st.Incarnation])) {
		return fmt.Errorf("the edge shows %+v", st)
	}
	wrote := map[event.ID][]event.Event{}
	for _, p := range e.log.rows[st.Incarnation] {
		wrote[p.Event.SessionID] = append(wrote[p.Event.SessionID], p.Event)
		e.s.Stats.Events++
	}
	for _, c := range e.classes {
		has, err := e.s.store.Events(ctx, ingest.Ref{TenantID: c.tenant, SessionID: c.session})
		if err != nil {
			return err
		}
		if err := Judge(wrote[c.session], has); err != nil {
			return fmt.Errorf("session %s: %w", c.session, err)
		}
		for _, k := range c.people {
			got, ok, err := e.s.store.PersonKey(ctx, keyRef(c.tenant, k.ID))
			if err != nil || ok != c.said[k.ID] || ok && got.Secret != k.Secret {
				return errors.Join(fmt.Errorf("session %s: key %s, in use: %v, at the hub: %v", c.session, k.ID, c.said[k.ID], ok), err)
			}
		}
		if err := e.receipted(ctx, c); err != nil {
			return fmt.Errorf("session %s: %w", c.session, err)
		}
	}
	return nil
}

// receipted wants a class that is over to have a receipt for its last event on both sides.
func (e *edge) receipted(ctx context.Context, c *class) error {
	if !c.over {
		return nil
	}
	at, err := e.s.store.Receipts(ctx, ingest.Ref{TenantID: c.tenant, SessionID: c.session})
	if err != nil {
		return err
	}
	there, here := false, false
	for _, r := range at {
		there = there || r.Hash == c.last.Hash
	}
	for _, r := range e.log.receipts {
		here = here || r.Hash == c.last.Hash && r.SessionID == c.session
	}
	if !there || !here {
		return fmt.Errorf("over without a receipt: at the hub %v, at the edge %v", there, here)
	}
	return nil
}
