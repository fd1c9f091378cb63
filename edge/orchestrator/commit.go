package orchestrator

import (
	"context"
	"errors"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// attempts is how often a command is decided anew after an append that did not go through.
const attempts = 3

// send hands the prepared batch to the log. Refusals and no-ops of a batch without events are answered as soon as what they
// were decided on is durable.
func (c *class) send(ctx context.Context) {
	b := c.preparing
	c.preparing = nil
	if len(b.events) == 0 {
		if n := len(c.inFlight); n > 0 {
			c.inFlight[n-1].items = append(c.inFlight[n-1].items, b.items...)
		} else {
			c.answer(b)
		}
		return
	}
	unit := eventlog.Batch{TenantID: c.tenant, SessionID: c.id, Events: b.events}
	if b.listed {
		unit.Summary = summary(c.tenant, c.state)
	}
	b.done = make(chan error, 1)
	c.inFlight = append(c.inFlight, b)
	if log, ok := c.o.o.Log.(starter); ok {
		log.Start(unit, func(err error) { b.done <- err })
		return
	}
	go func() { b.done <- c.o.o.Log.Append(context.WithoutCancel(ctx), unit) }()
}

// settle takes the log's answer about the oldest batch on its way: publish and reply, or begin again from the log. Batches
// after one that failed do not follow the head of the log, which therefore refuses them too.
func (c *class) settle(ctx context.Context, err error) {
	b := c.inFlight[0]
	c.inFlight = c.inFlight[1:]
	if err == nil {
		c.tail.publish(b.entries)
		c.answer(b)
		c.afterCommit(ctx, b)
		return
	}
	items := b.items
	for _, later := range c.inFlight {
		<-later.done
		items = append(items, later.items...)
	}
	c.inFlight = nil
	if c.preparing != nil {
		items = append(items, c.preparing.items...)
		c.preparing = nil
	}
	c.log.Warn("append failed", "events", len(b.events), "error", err)
	if errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrFenced) {
		c.startTrouble(err, c.clock.now())
	}
	c.fail(ctx, err)
	var again []*item
	for _, it := range items {
		it.attempts++
		switch {
		case c.failed != nil:
			it.finish(Answer{}, c.failed)
		case it.attempts >= attempts || errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrBusy):
			it.finish(Answer{}, logFault(err))
		default:
			again = append(again, it)
		}
	}
	c.mail.putBack(again)
}

// fail drops the tentative state and folds the log again. A fenced or damaged log ends the process.
func (c *class) fail(ctx context.Context, cause error) {
	if errors.Is(cause, eventlog.ErrFenced) {
		c.failed = logFault(cause)
		c.o.end(cause)
		return
	}
	if err := c.load(ctx); err != nil {
		c.failed = err
		c.log.Error("class can't be served", "error", err, "cause", cause)
	}
}

func (c *class) answer(b *batch) {
	for _, it := range b.items {
		it.finish(it.answer, it.err)
	}
	now := time.Now()
	for _, it := range b.items {
		if it.err == nil && !it.req.Command.Actor.System {
			c.presence.seen(it.req.Command.Actor.UserID, now)
		}
	}
}

// afterCommit does what follows from durable facts; nothing of it can fail the class.
func (c *class) afterCommit(ctx context.Context, b *batch) {
	if c.trouble != nil {
		c.endTrouble()
	}
	c.spent = append(c.spent, b.spent...)
	c.destroySpentSecrets(ctx)
	last := b.events[len(b.events)-1]
	over := false
	for i := range b.events {
		over = over || b.events[i].Type == event.TypeSessionEnded || b.events[i].Type == event.TypeSessionArchived
	}
	if over || last.Sequence-c.lastSnap >= snapshotEvery {
		c.lastSnap = last.Sequence
		c.mail.read(func() { c.snapshot(ctx) })
	}
}

// summary is the session's row in the list of sessions.
func summary(tenant event.ID, s *session.State) *eventlog.Summary {
	plan := &s.Life.Plan
	out := &eventlog.Summary{TenantID: tenant, ID: s.SessionID, LessonID: plan.LessonID, CourseID: plan.CourseID,
		Status: s.Life.Status, ScheduledStart: plan.ScheduledStart, ScheduledEnd: plan.ScheduledEnd,
		StartedAt: s.Life.StartedAt, EndedAt: s.Life.EndedAt, JoinCode: s.Desk.JoinCode, Epoch: s.Epoch, Sequence: s.Sequence}
	for _, m := range plan.Staff {
		if m.Role == "teacher" {
			out.HostIDs = append(out.HostIDs, m.UserID)
		}
	}
	return out
}
