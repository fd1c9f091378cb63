package orchestrator

import (
	"context"
	"errors"
	"slices"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/session"
)

// attempts is how often a command is decided anew after an append that did not go through.
const attempts = 3

// send puts the prepared batch on its way to the log. Refusals and no-ops of a batch without events are answered as soon as
// what they were decided on is durable.
func (c *class) send(ctx context.Context) {
	b := c.preparing
	c.preparing = nil
	if len(b.events) == 0 {
		if !c.flight.ride(b.items) {
			c.answer(b)
		}
		return
	}
	b.follow = c.trouble != nil || len(b.spent) > 0 || c.snapshotDue(b)
	c.start(ctx, b)
}

// settle does what landings left to do, and begins again from the log after a failure. Batches behind one that failed do not
// follow the head of the log, which therefore refuses them too: what all of them became is known before anything else is done.
func (c *class) settle(ctx context.Context) {
	c.tail.wakeWatchers()
	for _, b := range c.flight.done() {
		c.afterCommit(ctx, b)
	}
	lost, err := c.flight.failed()
	if err == nil {
		return
	}
	var items []*item
	for _, b := range lost {
		items = append(items, b.items...)
	}
	if c.preparing != nil {
		items = append(items, c.preparing.items...)
		c.preparing = nil
	}
	c.log.Warn("append failed", "events", len(lost[0].events), "error", err)
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

// fail drops the tentative state and folds the log again, once it is known what became of all that is on its way. A fenced or damaged log ends the process.
func (c *class) fail(ctx context.Context, cause error) {
	if errors.Is(cause, eventlog.ErrFenced) {
		c.failWith(logFault(cause))
		c.o.end(cause)
		return
	}
	for !c.flight.answered() {
		<-c.mail.wake
	}
	c.mail.ring() // for what else it told
	if err := c.load(ctx); err != nil {
		c.failWith(err)
		c.log.Error("class can't be served", "error", err, "cause", cause)
	}
}

// failWith has the class serve nobody from now on.
func (c *class) failWith(err error) {
	c.failed = err
	c.tail.durable.refuse(err)
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
	if c.snapshotDue(b) {
		c.lastSnap = b.events[len(b.events)-1].Sequence
		c.mail.read(func() { c.snapshot(ctx) })
	}
}

// snapshotDue tells whether the state is to be stored once a batch is durable.
func (c *class) snapshotDue(b *batch) bool {
	return b.events[len(b.events)-1].Sequence-c.lastSnap >= snapshotEvery ||
		slices.ContainsFunc(b.events, func(e event.Event) bool {
			return e.Type == event.TypeSessionEnded || e.Type == event.TypeSessionArchived
		})
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
