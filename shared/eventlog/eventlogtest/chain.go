package eventlogtest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"multistream/shared/event"
)

// A Chain makes the events of one session, each following the one before it. It is not safe for concurrent use.
type Chain struct {
	Tenant, Session, Actor, Edge event.ID
	Epoch                        int64

	sequence int64
	hash     event.Hash
	at       event.Time
}

// NewChain begins the log of a new session of this tenant.
func NewChain(tenant event.ID) *Chain {
	c := &Chain{Tenant: tenant, Session: event.NewID(), Actor: event.NewID(), Edge: event.NewID(), Epoch: 1, at: 1795421700000}
	c.hash = event.Genesis(c.Tenant, c.Session)
	return c
}

// Next makes the next event, with a key of its own.
func (c *Chain) Next() event.Event {
	return c.NextWith(func(e *event.Event) {})
}

// NextWith makes the next event after change has set what shall be unusual about it.
func (c *Chain) NextWith(change func(*event.Event)) event.Event {
	e := c.Peek(change)
	c.sequence, c.hash, c.at = e.Sequence, e.Hash, e.CreatedAt
	return e
}

// Peek makes an event that could be next, and stays where it is.
func (c *Chain) Peek(change func(*event.Event)) event.Event {
	n := c.sequence + 1
	key := event.FactKey(fmt.Sprintf("key-%d", n), 1)
	digest := sha256.Sum256([]byte(key))
	e := event.Event{
		ID: event.DeriveID(c.Session, c.Actor, key, 1), TenantID: c.Tenant, SessionID: c.Session,
		Epoch: c.Epoch, Sequence: n, Type: "chat.message", SchemaVersion: 1,
		Payload: fmt.Appendf(nil, `{"messageId":"m%d","content":"hello number %d"}`, n, n),
		ActorID: c.Actor, EdgeID: c.Edge, CreatedAt: c.at + 1, IdempotencyKey: key, CommandDigest: digest[:], PrevHash: c.hash,
	}
	binary.BigEndian.PutUint64(e.Salt[8:], uint64(n)*0x9e3779b97f4a7c15)
	change(&e)
	e.Hash = e.ComputeHash()
	return e
}

// Several makes the next n events.
func (c *Chain) Several(n int) []event.Event {
	out := make([]event.Event, n)
	for i := range out {
		out[i] = c.Next()
	}
	return out
}
