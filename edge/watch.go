package edge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/fault"
	"multistream/shared/run"
)

const (
	lookEvery  = time.Second     // at what the parts say of themselves
	probeEvery = 5 * time.Second // the log, while nothing is written to it anyway
	settleTime = 5 * time.Second // of a part that was started again
)

const partIdentity = "identity"

// failed is told of every failure of a critical part before it is started again. What it means for classes:
//
//	log           it fails by its fence alone, which ends the process
//	orchestrator  live classes stand still; when it is back they log their halt and its end (orchestrator.Run)
//	identity      nobody is admitted and nothing is started; those inside go on, and everybody is told
//	gateway       nobody is reached, so nobody can be told; classes go on, and clients come back by their position
func (b *Box) failed(f run.Failure) {
	b.log.Error("critical part failed", "part", f.Service, "error", f.Err, "again_in", f.Pause.String())
	if f.Service == partIdentity {
		b.Classes.Notice(fault.IdentityDown)
	}
}

// watchLog tells all classes that the log can't be written, which halts them until it can, and finds that out when nothing is
// being written. It ends the process when the log has fenced itself: a sync failed, so nothing may be acknowledged any more.
func (b *Box) watchLog(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	idle, commits := time.Duration(0), int64(0)
	for {
		select {
		case <-b.Store.Fenced():
			return fmt.Errorf("%w: %w", run.ErrFatal, b.Store.FenceCause())
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if idle += lookEvery; b.Store.Stats().Commits != commits {
			idle = 0
		}
		if idle >= probeEvery || b.Store.Writable() != nil {
			if err := b.Store.Probe(ctx); err != nil && ctx.Err() == nil {
				b.Classes.LogFailed(err)
			}
			idle = 0
		}
		commits = b.Store.Stats().Commits
	}
}

// watchIdentity tells all classes while identity is down: nobody signs in, joins or starts then.
func (b *Box) watchIdentity(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		keys := b.Store.Keys()
		if keys.Writable() != nil {
			_ = keys.Probe(ctx) // its news is asked for below
		}
		runs, settled := b.runs(partIdentity)
		switch {
		case !runs || !b.People.State().Up || keys.Writable() != nil:
			b.Classes.Notice(fault.IdentityDown)
		case settled:
			b.Classes.Notice("")
		}
	}
}

// runs tells whether a critical part runs at this moment, and whether it did for long enough to be believed after a failure.
func (b *Box) runs(part string) (now, settled bool) {
	for _, s := range b.critical.States() {
		if s.Name == part && s.Phase == run.Running {
			return true, s.Failures == 0 || time.Since(s.Since) >= settleTime
		}
	}
	return false, false
}

// A door is where the gateway listens. A listener that fails is closed for good, so the next one takes its address.
type door struct{ listener net.Listener }

func (d *door) serve(ctx context.Context, g *gateway.Gateway) error {
	err := g.Serve(ctx, d.listener)
	if ctx.Err() != nil {
		return err
	}
	again, listening := net.Listen("tcp", d.listener.Addr().String())
	if listening == nil {
		d.listener = again
	}
	return errors.Join(err, listening)
}
