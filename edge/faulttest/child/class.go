package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
)

// A class is the writer of one session: it makes events as the orchestrator does, sealed, salted and chained.
type class struct {
	tenant, session event.ID
	head            eventlog.Head
	people          []event.ID
	commands        int
}

func newClass(tenant event.ID) *class {
	return &class{tenant: tenant, session: event.NewID(), head: eventlog.Head{Epoch: 1}}
}

// somebody is a person of the class, now and then a new one, who has no key yet.
func (c *class) somebody() event.ID {
	if len(c.people) == 0 || mathrand.IntN(8) == 0 {
		c.people = append(c.people, event.NewID())
	}
	return c.people[mathrand.IntN(len(c.people))]
}

// message makes the event that follows e's place in the batch: a chat message with sealed text.
func (c *class) message(store *store, after eventlog.Head, actor event.ID, key string) (event.Event, error) {
	previous := after.Hash
	if after.Sequence == 0 {
		previous = event.Genesis(c.tenant, c.session)
	}
	e := event.Event{
		ID: event.DeriveID(c.session, actor, key, 1), TenantID: c.tenant, SessionID: c.session, Epoch: after.Epoch,
		Sequence: after.Sequence + 1, Type: event.TypeChatMessage, SchemaVersion: 1, ActorID: actor, EdgeID: store.edge,
		CreatedAt: max(after.CreatedAt, event.TimeOf(time.Now())), IdempotencyKey: event.FactKey(key, 1), PrevHash: previous,
	}
	text := fmt.Sprintf("message %s of %s%*d", key, actor, mathrand.IntN(700), 0)
	body := &event.ChatMessage{
		MessageID: event.DeriveID(c.session, actor, key, 2), UserID: actor, DisplayName: event.Plain("A pupil"), Content: event.Plain(text),
	}
	if err := event.Seal(body, e.Context(), store.keys); err != nil {
		return e, err
	}
	secret, err := store.keys.Current(c.tenant, actor)
	if err != nil {
		return e, err
	}
	e.CommandDigest = event.Digest(secret.Secret[:], event.CommandBytes("chat.send", []byte(text)))
	if e.Payload, err = event.Encode(body); err != nil {
		return e, err
	}
	if _, err := rand.Read(e.Salt[:]); err != nil {
		return e, err
	}
	e.Hash = e.ComputeHash()
	return e, nil
}

// append appends n messages as one batch; what it returns was acknowledged by the store.
func (c *class) append(ctx context.Context, store *store, n int) ([]event.Event, error) {
	var batch []event.Event
	head := c.head
	for range n {
		c.commands++
		e, err := c.message(store, head, c.somebody(), fmt.Sprintf("command-%d", c.commands))
		if err != nil {
			return nil, err
		}
		head = headAfter(&e)
		batch = append(batch, e)
	}
	err := store.Append(ctx, eventlog.Batch{TenantID: c.tenant, SessionID: c.session, Events: batch, Summary: c.summary(head)})
	if err != nil {
		return nil, fmt.Errorf("append to %s at %d: %w", c.session, c.head.Sequence, err)
	}
	c.head = head
	return batch, nil
}

// summary marks the session as live, so that the next start verifies its end.
func (c *class) summary(head eventlog.Head) *eventlog.Summary {
	return &eventlog.Summary{TenantID: c.tenant, ID: c.session, Status: "live", Epoch: head.Epoch, Sequence: head.Sequence}
}

// snapshot stores a stand-in for a folded state.
func (c *class) snapshot(ctx context.Context, store *store, last event.Event) error {
	err := store.SaveSnapshot(ctx, eventlog.Snapshot{
		TenantID: c.tenant, SessionID: c.session, Epoch: last.Epoch, Sequence: last.Sequence, Hash: last.Hash, Format: 1,
		State: make([]byte, 3000), Signed: event.HeadOf(&last),
	})
	if errors.Is(err, eventlog.ErrBusy) {
		return nil
	}
	return err
}

func headAfter(e *event.Event) eventlog.Head {
	return eventlog.Head{Epoch: e.Epoch, Sequence: e.Sequence, Hash: e.Hash, CreatedAt: e.CreatedAt}
}
