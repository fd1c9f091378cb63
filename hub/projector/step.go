package projector

import (
	"context"
	"errors"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// outcome says where a session stands after a step.
type outcome int

const (
	current outcome = iota // its rows are those of its log
	more                   // there is more of it
	busy                   // somebody else projects it
	parked                 // it waits: see sessions.parked
	newer                  // its rows are of a newer program's rules
)

// step projects the next events of a session, limit at most, in one transaction: rows and position move together, or not at all.
func (p *Projector) step(ctx context.Context, r Ref, limit int) (outcome, error) {
	s := &stepping{p: p, r: r, had: p.cache.take(r)}
	free, err := p.o.Store.Do(ctx, r, func(tx Tx) error { return s.run(ctx, tx, limit) })
	switch {
	case err != nil:
		return more, fmt.Errorf("project session %s: %w", r.SessionID, err)
	case !free:
		return busy, nil
	}
	p.events.Add(int64(s.done))
	if s.kept != nil {
		p.snapshot(ctx, r, s)
		p.cache.put(r, s.kept)
	}
	if s.out == parked && s.news {
		p.log.Warn("session is parked: its projection waits", "tenant", r.TenantID, "session", r.SessionID, "reason", s.why)
	}
	return s.out, nil
}

// stepping is one step under way.
type stepping struct {
	p    *Projector
	r    Ref
	had  *cached // from the step before, of use only if it is of the very position
	kept *cached // for the next step
	done int
	out  outcome
	why  string // of parked
	news bool   // it was not parked for that before
	over bool   // the class ended with these events
}

func (s *stepping) run(ctx context.Context, tx Tx, limit int) error {
	at, err := tx.Position(ctx)
	if err != nil {
		return err
	}
	if at.There && at.Rules > Rules {
		s.out = newer
		return nil
	}
	if at.outdated() {
		return s.anew(ctx, tx, at, limit)
	}
	if at.Head.Sequence == at.Sequence {
		if s.had.of(at) { // nothing to do
			s.kept = s.had
		}
		return nil
	}
	events, err := tx.Read(ctx, at.Sequence, limit)
	if errors.Is(err, eventlog.ErrDamaged) {
		if now, failed := tx.Position(ctx); failed != nil || now.Head != at.Head {
			s.out = more // it was moved or purged while it was read
			return failed
		}
		return s.park(ctx, tx, at, err.Error())
	}
	if err != nil || len(events) == 0 {
		return err
	}
	if at.Sequence > 0 && events[0].PrevHash != at.Hash {
		return s.anew(ctx, tx, at, limit)
	}
	return s.project(ctx, tx, at, events)
}

// outdated tells that rows are of other rules, of a history that is not the log's any more, or hold what was erased since.
func (at *Position) outdated() bool {
	return at.There && at.Sequence > 0 && (at.Rules < Rules || at.Stale || at.Head.Sequence < at.Sequence ||
		at.Head.Sequence == at.Sequence && at.Head.Hash != at.Hash)
}

// anew drops all that was projected, and begins again.
func (s *stepping) anew(ctx context.Context, tx Tx, at Position, limit int) error {
	s.p.log.Info("projecting a session anew", "tenant", s.r.TenantID, "session", s.r.SessionID, "sequence", at.Sequence, "rules", at.Rules, "erased", at.Stale)
	if err := tx.Clear(ctx); err != nil {
		return err
	}
	s.had = nil
	return s.run(ctx, tx, limit)
}

func (s *stepping) project(ctx context.Context, tx Tx, at Position, events []event.Event) error {
	c, err := s.stateAt(ctx, tx, at)
	if errors.Is(err, eventlog.ErrDamaged) {
		return s.park(ctx, tx, at, err.Error())
	}
	if err != nil {
		return err
	}
	keys, err := tx.Keys(ctx, keyIDs(events))
	if err != nil {
		return err
	}
	f := fold(c.state, events, keys, s.p.log)
	if f.done == 0 {
		return s.park(ctx, tx, at, f.why)
	}
	last := &events[f.done-1]
	position := Columns{"epoch": int(last.Epoch), "sequence": int(last.Sequence), "hash": last.Hash, "rules": Rules, "parked": f.why}
	changes := append([]Change{row(position)}, f.changes...)
	if err := tx.Write(ctx, merge(changes)); err != nil {
		return err
	}
	s.done, s.out = f.done, current
	switch {
	case f.why != "":
		s.out, s.why, s.news = parked, f.why, true
	case last.Sequence < at.Head.Sequence:
		s.out = more
	}
	if f.broken {
		return nil
	}
	for i := range events[:f.done] {
		s.over = s.over || events[i].Type == event.TypeSessionEnded || events[i].Type == event.TypeSessionArchived
	}
	c.at(last)
	s.kept = c
	if f.gone { // keys are counted anew
		at, err = tx.Position(ctx)
	}
	c.gone = at.Gone
	return err
}

// row is the session's own row; it is made where there is none, before all that refers to it.
func row(set Columns) Change {
	return Change{Table: Sessions, First: Columns{"status": session.Scheduled}, Set: set}
}

// park notes why the session waits at its position.
func (s *stepping) park(ctx context.Context, tx Tx, at Position, why string) error {
	s.out, s.why, s.news = parked, why, at.Parked != why
	if !s.news {
		return nil
	}
	return tx.Write(ctx, []Change{row(Columns{"parked": why, "rules": Rules})})
}

// stateAt gives the state at a position: that of the step before if it is of the same one, else a fold.
func (s *stepping) stateAt(ctx context.Context, tx Tx, at Position) (*cached, error) {
	if s.had.of(at) {
		return s.had, nil
	}
	f := folding{log: s.p.log, r: s.r, read: tx.Read, snapshot: tx.Snapshot, keys: tx.Keys}
	state, snapped, err := f.upTo(ctx, at.Sequence)
	if err != nil {
		return nil, err
	}
	return &cached{state: state, sequence: at.Sequence, hash: at.Hash, gone: at.Gone, snapped: snapped}, nil
}
