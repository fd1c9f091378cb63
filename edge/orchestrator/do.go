package orchestrator

import (
	"context"
	"errors"
	"slices"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

var errStopping = fault.New(fault.Busy, "This box is starting or stopping. Nothing was changed; please try again in a moment.")

// Do gives a class a command and waits until its facts are durable, or it was refused. If ctx ends first the command may
// still happen: the same key asks for its answer; a caller who writes for the class (serve) waits for the disk even so.
// Errors are *fault.Fault.
func (o *Orchestrator) Do(ctx context.Context, req Request) (Answer, error) {
	if _, known := session.CommandOf(req.Command.Type); !known {
		return Answer{}, fault.New(fault.NotFound, "There is no command %q.", req.Command.Type)
	}
	if err := o.exists(ctx, req); err != nil {
		return Answer{}, err
	}
	if session.LaneOf(&req.Command) == session.LaneMembership {
		// Who joins for the first time gets a key, which waits for the disk: not in the class's turn, where all others would
		// wait too. What is wrong with it is told there.
		_, _ = o.o.Keys.Current(req.TenantID, req.Command.Actor.UserID)
	}
	it := &item{req: req, done: make(chan struct{})}
	if req.Command.Type == "session.start" {
		it.gate = o.gates(ctx, req)
	}
	for {
		c := o.class(req.TenantID, req.SessionID)
		if c == nil {
			return Answer{}, errStopping
		}
		switch c.mail.put(it) {
		case putFull:
			return Answer{}, fault.New(fault.Busy, "The class has more to do than it can take right now. Nothing was changed; please try again in a moment.")
		case putClosed:
			if err := c.gone(ctx); err != nil {
				return Answer{}, err
			}
			continue
		}
		c.serve()
		select {
		case <-it.done:
			return it.answer, it.err
		case <-ctx.Done():
			return Answer{}, fault.New(fault.TimedOut, "No answer in time. It may still happen: ask again with the same key.").Because(ctx.Err())
		}
	}
}

// exists refuses commands for sessions that this tenant does not have, before anything is kept for them.
func (o *Orchestrator) exists(ctx context.Context, req Request) error {
	if req.Command.Type == "session.schedule" {
		return nil
	}
	o.mu.Lock()
	c := o.classes[req.SessionID]
	o.mu.Unlock()
	if c != nil && c.tenant == req.TenantID {
		return nil
	}
	return o.known(ctx, req.TenantID, req.SessionID)
}

func (o *Orchestrator) known(ctx context.Context, tenant, id event.ID) error {
	head, err := o.o.Log.Head(ctx, tenant, id)
	switch {
	case errors.Is(err, eventlog.ErrNotFound), err == nil && head.Sequence == 0:
		return fault.New(fault.NotFound, "There is no such class.")
	case err != nil:
		return logFault(err)
	}
	return nil
}

// gates asks every start gate, in order.
func (o *Orchestrator) gates(ctx context.Context, req Request) error {
	if err := o.o.Log.AcceptingStarts(); err != nil && !errors.Is(err, eventlog.ErrFenced) {
		return fault.New(fault.StartGate, "The class can't start: this box's disk is too full to begin another class. Running classes go on. Free some space, then start again.").
			With("gate", "disk").Because(err)
	}
	if err := o.o.Log.Probe(ctx); err != nil {
		return fault.New(fault.StartGate, "The class can't start: this box can't store anything right now. It is tried again by itself; start again in a moment.").
			With("gate", "log").Because(err)
	}
	var plan event.Plan
	if err := o.Read(ctx, req.TenantID, req.SessionID, func(s *session.State) error {
		plan = s.Life.Plan
		plan.Staff, plan.Destinations = slices.Clone(plan.Staff), slices.Clone(plan.Destinations)
		return nil
	}); err != nil {
		return err
	}
	for _, g := range o.o.Gates {
		if err := g.Check(ctx, req.TenantID, plan); err != nil {
			return fault.Of(err).With("gate", g.Name())
		}
	}
	return nil
}

// Read runs f on the durable state of a class, which others who read wait for: f must encode or copy what it needs, quickly,
// and must not change anything. It holds up no command. Its error is returned. f does not run any more once Read has returned.
func (o *Orchestrator) Read(ctx context.Context, tenant, id event.ID, f func(*session.State) error) error {
	if err := o.exists(ctx, Request{TenantID: tenant, SessionID: id}); err != nil {
		return err
	}
	c := o.class(tenant, id)
	if c == nil {
		return errStopping
	}
	select {
	case <-c.ready:
		return c.tail.durable.read(ctx, f)
	case <-ctx.Done():
		return fault.New(fault.TimedOut, "No answer in time; please ask again.").Because(ctx.Err())
	}
}

// logFault tells an error of the log to a caller.
func logFault(err error) *fault.Fault {
	switch {
	case errors.Is(err, eventlog.ErrBusy):
		return fault.New(fault.Busy, "The box has more to store than it can take right now. Nothing was changed; please try again in a moment.").Because(err)
	case errors.Is(err, eventlog.ErrDamaged):
		return fault.New(fault.LogDamaged, "The record of this class is damaged on this box and is not served. Nothing more is written to it; an administrator can check it with classctl verify.").Because(err)
	case errors.Is(err, eventlog.ErrUnavailable), errors.Is(err, eventlog.ErrFenced):
		return fault.New(fault.LogUnavailable, "The box can't store anything right now, so nothing was changed. What was confirmed before is safe; it will be tried again by itself.").Because(err)
	}
	return fault.Of(err)
}
