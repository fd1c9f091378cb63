package orchestrator

import (
	"context"
	"slices"

	"multistream/shared/event"
)

// makeUp does what a crash left undone behind the end of a class, whether or not anybody asks for the class again: secrets of
// anonymous polls that ended are destroyed, and an end without a signed head is signed.
func (o *Orchestrator) makeUp(ctx context.Context) {
	polls, err := o.o.Keys.PollSecrets(ctx, event.ID{}, event.ID{})
	if err != nil {
		o.log.Error("secrets of polls can't be listed; those that a crash left are destroyed at the next start", "error", err)
	}
	for _, p := range polls {
		o.loaded(ctx, p.TenantID, p.SessionID) // which destroys those that are spent
	}
	ends, err := o.o.Log.UnsignedEnds(ctx)
	if err != nil {
		o.log.Error("ends without a signed head can't be listed; they are signed at the next start", "error", err)
	}
	for i := range ends {
		if c := o.loaded(ctx, ends[i].TenantID, ends[i].ID); c != nil {
			c.mail.read(func() { c.snapshot(ctx) })
		}
	}
}

// loaded gives a class that can be served, or nil.
func (o *Orchestrator) loaded(ctx context.Context, tenant, id event.ID) *class {
	c := o.class(tenant, id)
	if c == nil {
		return nil
	}
	if err := c.loaded(ctx); err != nil {
		o.log.Error("class not restored", "session", id, "error", err)
		return nil
	}
	return c
}

// findSpentSecrets notes the polls that have a secret and are not open any more, by the key table: a closed poll leaves the
// state's window, its secret does not leave the table by itself.
func (c *class) findSpentSecrets(ctx context.Context) {
	polls, err := c.o.o.Keys.PollSecrets(ctx, c.tenant, c.id)
	if err != nil {
		c.log.Error("secrets of polls can't be listed; those of ended ones are destroyed at the next load", "error", err)
	}
	c.spent = nil
	for _, p := range polls {
		open := false
		for i := range c.state.Polls {
			open = open || c.state.Polls[i].PollID == p.PollID && c.state.Polls[i].EndedSeq == 0
		}
		if !open {
			c.spent = append(c.spent, p.PollID)
		}
	}
}

// destroySpentSecrets forgets who voted in polls that ended; what fails is tried again at the next tick.
func (c *class) destroySpentSecrets(ctx context.Context) {
	c.spent = slices.DeleteFunc(c.spent, func(poll event.ID) bool {
		err := c.o.o.Keys.DestroyPollSecret(context.WithoutCancel(ctx), c.tenant, c.id, poll)
		if err != nil {
			c.log.Error("secret of an ended poll not destroyed; it is tried again", "poll", poll, "error", err)
		}
		return err == nil
	})
}
