package projector

import (
	"context"
	"errors"
)

// work projects one session after the other, one step of each at a time, so that a long one keeps nobody waiting.
func (p *Projector) work(ctx context.Context) {
	for {
		r, ok := p.queue.next(ctx)
		if !ok {
			return
		}
		out, err := p.careful(ctx, r)
		switch {
		case err != nil:
			p.failed.Add(1)
			if ctx.Err() == nil {
				p.log.Error("session not projected; trying again", "tenant", r.TenantID, "session", r.SessionID, "error", err)
			}
			p.queue.done(r, false, pauseOfFailed)
		case out == parked:
			p.queue.done(r, false, pauseOfParked)
		default:
			p.queue.done(r, out == more, 0) // who else is busy with it is asked again by the next poll
		}
	}
}

// careful is a step that finds the event at which the database refuses rows, and parks the session there.
func (p *Projector) careful(ctx context.Context, r Ref) (outcome, error) {
	out, err := p.step(ctx, r, atOnce)
	for range atOnce {
		if !errors.Is(err, ErrRefused) {
			return out, err
		}
		if out, err = p.step(ctx, r, 1); err != nil && errors.Is(err, ErrRefused) {
			return p.park(ctx, r, err)
		} else if err != nil || out != more {
			return out, err
		}
	}
	return out, err
}

// park notes what the database said of the next event of a session.
func (p *Projector) park(ctx context.Context, r Ref, why error) (outcome, error) {
	s := &stepping{p: p, r: r}
	free, err := p.o.Store.Do(ctx, r, func(tx Tx) error {
		at, err := tx.Position(ctx)
		if err != nil {
			return err
		}
		return s.park(ctx, tx, at, "the event after this one: "+why.Error())
	})
	if !free && err == nil {
		return busy, nil
	}
	if s.news {
		p.log.Warn("session is parked: the database does not take its rows", "tenant", r.TenantID, "session", r.SessionID, "reason", s.why)
	}
	return parked, err
}
