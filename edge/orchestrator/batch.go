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
	size    int               // bytes of their payloads
	listed  bool              // the session's row in the list changes
	follow  bool              // something is left to do once it is durable (see afterCommit)
	parts   atomic.Int32      // the log's answer and the last entry: how many of them are to come, once it is on its way
	err     error             // the log's answer
	told    bool              // err is known
	crashed bool              // its last entry could not be encoded
}

// decide takes waiting commands and decides them, one after the other, on the tentative state.
func (c *class) decide(ctx context.Context) {
	if c.preparing == nil {
		c.preparing = &batch{keys: map[seenKey]*item{}}
	}
	b := c.preparing
	taken := c.mail.take(min(biteCommands, batchCommands-len(b.items)))
	b.items = append(b.items, taken...) // before one of them crashes
	for _, it := range taken {
		it.answer, it.err = c.decideOne(ctx, b, it)
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
	facts, err := c.rule(cmd)
	if err != nil {
		return Answer{}, err
	}
	events, err := c.stamp(&cmd, facts, digest)
	if err != nil {
		return Answer{}, c.notSealed(ctx, err)
	}
	return c.keep(b, it, key, events, c.take(events, facts)), nil
}

// notSealed tells why a command's facts could not be made events; nothing of it was taken on. Where somebody was erased, the
// state still holds what it knew of them: it is folded again once nothing is on its way.
func (c *class) notSealed(ctx context.Context, err error) error {
	if !errors.Is(err, event.ErrErased) {
		return logFault(err)
	}
	c.mail.read(func() { c.fail(ctx, err) })
	return fault.New(fault.Erased, "The data of somebody whom this is about was erased; nothing new is kept of them. Nothing was changed.").Because(err)
}

// keep adds what a command made to the batch.
func (c *class) keep(b *batch, it *item, key seenKey, events []event.Event, entries []*Entry) Answer {
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
	for i := range events {
		b.size += len(events[i].Payload)
	}
	b.events, b.entries = append(b.events, events...), append(b.entries, entries...)
	b.keys[key] = it
	c.keys.add(key)
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

// stamp makes events of facts: id, sequence, time, key, sealed payload, salt, chain. All of them, or none where one can't be
// made: the tentative state does not know of them yet.
func (c *class) stamp(cmd *session.Command, facts []event.Fact, digest []byte) ([]event.Event, error) {
	events, head := make([]event.Event, 0, len(facts)), c.head
	for i, f := range facts {
		kind, ok := event.TypeOf(f.Type)
		if !ok {
			return nil, errors.New("a rule made a fact of unknown type " + f.Type)
		}
		e := event.Event{
			ID:       event.DeriveID(c.id, cmd.Author(), cmd.Key, 0x8000|i),
			TenantID: c.tenant, SessionID: c.id, Epoch: max(head.Epoch, 1), Sequence: head.Sequence + 1,
			Type: f.Type, SchemaVersion: int64(kind.Version), ActorID: cmd.Author(), EdgeID: c.o.o.EdgeID,
			CreatedAt: cmd.Now, IdempotencyKey: event.FactKey(cmd.Key, i+1), CommandDigest: digest, PrevHash: head.Hash,
		}
		if p, ok := f.Payload.(*event.SessionTransferred); ok {
			e.Epoch = p.ToEpoch
		}
		if e.Sequence == 1 {
			e.PrevHash = event.Genesis(c.tenant, c.id)
		}
		sealed, err := event.SealCopy(f.Payload, e.Context(), c.o.o.Keys)
		if err != nil {
			return nil, err
		}
		if e.Payload, err = event.Encode(sealed); err != nil {
			return nil, err
		}
		if _, err := rand.Read(e.Salt[:]); err != nil {
			return nil, err
		}
		e.Hash = e.ComputeHash()
		events, head = append(events, e), e
	}
	return events, nil
}

// take lets the tentative state take on what was stamped, and makes what followers will get of it.
func (c *class) take(events []event.Event, facts []event.Fact) []*Entry {
	entries := make([]*Entry, 0, len(events))
	for i := range events {
		e := &events[i]
		opened := event.Opened{Type: e.Type, Version: e.SchemaVersion, Epoch: e.Epoch, Sequence: e.Sequence,
			ActorID: e.ActorID, CreatedAt: e.CreatedAt, Payload: facts[i].Payload}
		c.encodeLast()
		session.Apply(c.state, opened)
		c.head = *e
		c.unencoded = &Entry{Epoch: e.Epoch, Sequence: e.Sequence, opened: opened}
		entries = append(entries, c.unencoded)
	}
	return entries
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
