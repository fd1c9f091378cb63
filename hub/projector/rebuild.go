package projector

import (
	"context"
	"errors"
	"sync"

	"multistream/shared/event"
)

// Rebuild projects a session, all of a tenant (session absent) or everything (tenant absent too) anew. What is there is shown until the
// turn of each session comes, whose rows are dropped then. It returns when all has been projected, or with the first error of each
// session that could not be; Run, here or in another process, may be at work meanwhile.
func (p *Projector) Rebuild(ctx context.Context, tenant, session event.ID) error {
	if err := p.o.Store.Forget(ctx, tenant, session); err != nil {
		return err
	}
	return p.CatchUp(ctx)
}

// CatchUp projects all sessions that are behind up to the ends of their logs, but for those that are parked, or that others work on.
func (p *Projector) CatchUp(ctx context.Context) error {
	var mu sync.Mutex
	var failed []error
	refs, all := make(chan Ref), sync.WaitGroup{}
	for range p.o.Workers {
		all.Go(func() {
			for r := range refs {
				if err := p.Project(ctx, r); err != nil {
					mu.Lock()
					failed = append(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	err := p.eachBehind(ctx, func(r Ref) { refs <- r })
	close(refs)
	all.Wait()
	return errors.Join(append(failed, err)...)
}

// Project projects one session up to the end of its log, or to where it is parked.
func (p *Projector) Project(ctx context.Context, r Ref) error {
	for {
		if out, err := p.careful(ctx, r); err != nil || out != more {
			return err
		}
	}
}
