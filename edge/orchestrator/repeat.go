package orchestrator

import (
	"bytes"
	"context"
	"slices"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// repeated gives the facts that a command with this key made before, from the batches on their way or from the log; none
// for a new key.
func (c *class) repeated(ctx context.Context, b *batch, key seenKey) ([]event.Event, error) {
	if c.keys.isNew(key) {
		return nil, nil
	}
	for _, pending := range append(c.flight.pending(), b) {
		var facts []event.Event
		for _, e := range pending.events {
			if clientKey, _, _ := event.ClientKey(e.IdempotencyKey); e.ActorID == key.actor && clientKey == key.key {
				facts = append(facts, e)
			}
		}
		if len(facts) > 0 {
			return facts, nil
		}
	}
	return c.o.o.Log.ByKey(ctx, c.tenant, c.id, key.actor, key.key)
}

// answerRepeat answers a command from the facts that it made the first time. They may have been stored with the digest under
// any key that its person had.
func (c *class) answerRepeat(cmd *session.Command, facts []event.Event, digest, command []byte) (Answer, error) {
	if !bytes.Equal(digest, facts[0].CommandDigest) {
		var keys []event.PersonKey
		var erased bool
		if !cmd.Actor.System && cmd.Voter.IsZero() {
			var err error
			if keys, erased, err = c.o.o.Keys.Of(c.tenant, cmd.Actor.UserID); err != nil {
				return Answer{}, logFault(err)
			}
		}
		same := slices.ContainsFunc(keys, func(k event.PersonKey) bool { return bytes.Equal(k.Digest(command), facts[0].CommandDigest) })
		switch {
		case !same && erased:
			return Answer{}, fault.New(fault.Erased, "This was done before, and the data of the person was erased since.")
		case !same:
			return Answer{}, fault.New(fault.KeyConflict, "This Idempotency-Key was used for something else. Nothing was changed; use a new key for a new command.")
		}
	}
	a := Answer{Repeat: true, Status: c.state.Life.Status}
	for i := range facts {
		opened, err := event.OpenEvent(&facts[i], c.o.o.Keys)
		if err != nil {
			return Answer{}, logFault(err)
		}
		a.Facts = append(a.Facts, opened)
		a.Position = event.Position{Epoch: opened.Epoch, Sequence: opened.Sequence}
	}
	return a, nil
}

// remember notes the keys of events that were folded, so that a new one is known without asking the log.
func (c *class) remember(events []event.Event) {
	for i := range events {
		if key, n, ok := event.ClientKey(events[i].IdempotencyKey); ok && n == 1 {
			c.keys.add(seenKey{events[i].ActorID, key})
		}
	}
}
