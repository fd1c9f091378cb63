package orchestrator

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// batch is what is appended as one unit: the commands decided into it and the events they made.
type batch struct {
	items   []*item
	events  []event.Event
	entries []*Entry
	keys    map[seenKey]*item // commands of this batch by key
	spent   []event.ID        // anonymous polls that end in it
	listed  bool              // the session's row in the list changes
	follow  bool              // something is left to do once it is durable (see afterCommit)
	parts   atomic.Int32      // the log's answer and the last entry: how many of them are to come, once it is on its way
	err     error             // the log's answer
	told    bool              // err is known
}

// decide takes waiting commands and decides them, one after the other, on the tentative state.
func (c *class) decide(ctx context.Context) {
	if c.preparing == nil {
		c.preparing = &batch{keys: map[seenKey]*item{}}
	}
	b := c.preparing
	for _, it := range c.mail.take(min(biteCommands, batchCommands-len(b.items))) {
		b.items = append(b.items, it)
		it.answer, it.err = c.decideOne(ctx, b, it)
		if it.err != nil && c.failed != nil {
			return
		}
	}
}

func (c *class) decideOne(ctx context.Context, b *batch, it *item) (Answer, error) {
	cmd := it.req.Command
	cmd.Now = max(c.clock.now(), c.state.Private.At)
	var secret []byte
	if poll, ok := session.AnonymousPoll(c.state, &cmd); ok {
		var err error
		if secret, err = c.o.o.Keys.PollSecret(ctx, c.tenant, c.id, poll); err != nil {
			return Answer{}, pollFault(err)
		}
		cmd.Voter = event.Pseudonym(secret, cmd.Actor.UserID)
	}
	command := event.CommandBytes(cmd.Type, it.req.Digest)
	digest, err := c.digest(&cmd, command, secret)
	if err != nil {
		return Answer{}, err
	}
	key := seenKey{cmd.Author(), cmd.Key}
	if facts, err := c.repeated(ctx, b, key); err != nil || len(facts) > 0 {
		if err != nil {
			return Answer{}, logFault(err)
		}
		return c.answerRepeat(&cmd, facts, digest, command)
	}
	if it.gate != nil {
		return Answer{}, it.gate
	}
	if c.trouble != nil && !it.req.Command.Actor.System {
		return Answer{}, c.trouble.fault()
	}
	facts, err := session.Decide(c.state, cmd)
	if err != nil {
		return Answer{}, err
	}
	events, entries, err := c.stamp(&cmd, facts, digest)
	if err != nil {
		// The tentative state may have taken on some of the facts: begin again from the log.
		c.fail(ctx, err)
		return Answer{}, fault.Of(err)
	}
	return c.keep(b, it, key, &cmd, events, entries), nil
}

// keep adds what a command made to the batch.
func (c *class) keep(b *batch, it *item, key seenKey, cmd *session.Command, events []event.Event, entries []*Entry) Answer {
	a := Answer{Position: event.Position{Epoch: c.state.Epoch, Sequence: c.state.Sequence}, Status: c.state.Life.Status}
	if len(events) == 0 {
		return a
	}
	for i := range entries {
		a.Facts = append(a.Facts, entries[i].opened)
		b.listed = b.listed || listChanges(entries[i].opened.Type)
		if p, ok := entries[i].opened.Payload.(*event.PollEnded); ok && session.WasAnonymous(c.state, p.PollID) {
			b.spent = append(b.spent, p.PollID)
		}
	}
	b.events, b.entries = append(b.events, events...), append(b.entries, entries...)
	b.keys[key] = it
	c.seen[key] = events[0].Sequence
	return a
}

// digest gives the digest of a command for its facts. A person who was erased does nothing any more.
func (c *class) digest(cmd *session.Command, command, secret []byte) ([]byte, error) {
	switch {
	case secret != nil:
		return event.Digest(secret, command), nil
	case cmd.Actor.System:
		return event.SystemDigest(command), nil
	}
	key, err := c.o.o.Keys.Current(c.tenant, cmd.Actor.UserID)
	if errors.Is(err, event.ErrErased) {
		return nil, fault.New(fault.Erased, "The data of this person was erased; nothing new is kept for them.")
	} else if err != nil {
		return nil, logFault(err)
	}
	return key.Digest(command), nil
}

// stamp makes events of facts: id, sequence, time, key, sealed payload, salt, chain. The tentative state takes them on.
func (c *class) stamp(cmd *session.Command, facts []event.Fact, digest []byte) ([]event.Event, []*Entry, error) {
	events, entries := make([]event.Event, 0, len(facts)), make([]*Entry, 0, len(facts))
	for i, f := range facts {
		kind, ok := event.TypeOf(f.Type)
		if !ok {
			return nil, nil, errors.New("a rule made a fact of unknown type " + f.Type)
		}
		e := event.Event{
			ID:       event.DeriveID(c.id, cmd.Author(), cmd.Key, 0x8000|i),
			TenantID: c.tenant, SessionID: c.id, Epoch: max(c.head.Epoch, 1), Sequence: c.head.Sequence + 1,
			Type: f.Type, SchemaVersion: int64(kind.Version), ActorID: cmd.Author(), EdgeID: c.o.o.EdgeID,
			CreatedAt: cmd.Now, IdempotencyKey: event.FactKey(cmd.Key, i+1), CommandDigest: digest, PrevHash: c.head.Hash,
		}
		if p, ok := f.Payload.(*event.SessionTransferred); ok {
			e.Epoch = p.ToEpoch
		}
		if e.Sequence == 1 {
			e.PrevHash = event.Genesis(c.tenant, c.id)
		}
		sealed, err := event.SealCopy(f.Payload, e.Context(), c.o.o.Keys)
		if err != nil {
			return nil, nil, err
		}
		if e.Payload, err = event.Encode(sealed); err != nil {
			return nil, nil, err
		}
		if _, err := rand.Read(e.Salt[:]); err != nil {
			return nil, nil, err
		}
		e.Hash = e.ComputeHash()
		c.head = e
		opened := event.Opened{Type: e.Type, Version: e.SchemaVersion, Epoch: e.Epoch, Sequence: e.Sequence,
			ActorID: e.ActorID, CreatedAt: e.CreatedAt, Payload: f.Payload}
		c.encodeLast()
		session.Apply(c.state, opened)
		c.unencoded = &Entry{Epoch: e.Epoch, Sequence: e.Sequence, opened: opened}
		events, entries = append(events, e), append(entries, c.unencoded)
	}
	return events, entries, nil
}

// encodeLast encodes the latest entry, while the state is still the one right after it. It is put off until now because the
// last of a batch can be encoded while the log is at work.
func (c *class) encodeLast() {
	if c.unencoded != nil {
		c.unencoded.encode(c.state)
		c.unencoded = nil
	}
}

// listChanges tells whether events of a type change the session's row in the list of sessions.
func listChanges(typ string) bool {
	switch typ {
	case event.TypeSessionScheduled, event.TypeSessionRescheduled, event.TypeSessionCancelled, event.TypeSessionStarted,
		event.TypeSessionEnded, event.TypeSessionHalted, event.TypeSessionResumed, event.TypeSessionArchived:
		return true
	}
	return false
}

func pollFault(err error) error {
	if errors.Is(err, eventlog.ErrNotFound) {
		return fault.New(fault.PollClosed, "This poll is closed. Votes that were confirmed before count.")
	}
	return logFault(err)
}
