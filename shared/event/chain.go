package event

import (
	"errors"
	"fmt"
)

// Chain checks the events of one session, given in order from sequence 1, against the rules of docs/events.md, section 3.
// The zero Chain is ready. Its memory grows with the number of events: it remembers ids and idempotency keys.
type Chain struct {
	last   *Event
	closed Closed
	ids    map[ID]bool
	keys   map[actorKey]bool
}

type actorKey struct {
	actor ID
	key   string
}

// Last is the newest event that was checked, nil before the first.
func (c *Chain) Last() *Event { return c.last }

// Next checks the event that follows. It returns an error naming the sequence and the rule that is broken; the chain can go on
// from there, so that all failures of a log can be listed. It keeps e.
func (c *Chain) Next(e *Event) error {
	if c.ids == nil {
		c.ids, c.keys = map[ID]bool{}, map[actorKey]bool{}
	}
	previous, key := c.last, actorKey{e.ActorID, e.IdempotencyKey}
	failed := []error{e.Follows(previous, c.closed)}
	if c.ids[e.ID] {
		failed = append(failed, fmt.Errorf("sequence %d: id %s comes twice", e.Sequence, e.ID))
	}
	if c.keys[key] {
		failed = append(failed, fmt.Errorf("sequence %d: idempotency key %q of this actor comes twice", e.Sequence, clip(e.IdempotencyKey)))
	}
	c.closed = c.closed.After(e)
	c.ids[e.ID], c.keys[key] = true, true
	c.last = e
	return errors.Join(failed...)
}

// checkEnvelope checks what an event must keep by itself.
func (e *Event) checkEnvelope() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("sequence %d: %s", e.Sequence, fmt.Sprintf(format, args...))
	}
	switch {
	case e.Epoch < 1 || e.Sequence < 1 || e.CreatedAt < 0:
		return bad("epoch and sequence begin at 1, createdAt at 0")
	case e.ID.IsZero() || e.TenantID.IsZero() || e.SessionID.IsZero() || e.EdgeID.IsZero():
		return bad("id, tenant, session and edge must be there")
	case !isTypeName(e.Type):
		return bad("%q can't be an event type", clip(e.Type))
	case e.SchemaVersion < 1:
		return bad("schema version %d", e.SchemaVersion)
	case !isStoredKey(e.IdempotencyKey):
		return bad("idempotency key %q: want a key, # and a number from 1 (key: 1 to %d printable ASCII characters)", clip(e.IdempotencyKey), maxKey)
	case len(e.CommandDigest) != 0 && len(e.CommandDigest) != 32:
		return bad("command digest of %d bytes", len(e.CommandDigest))
	}
	if err := CheckPayload(e.Payload); err != nil {
		return bad("%v", err)
	}
	return nil
}

// checkTerm checks epoch and edge: they change only with a session.transferred that quotes the event before it.
func (e *Event) checkTerm(previous *Event) error {
	bad := func(what string) error { return fmt.Errorf("sequence %d: %s", e.Sequence, what) }
	transfer := e.Type == TypeSessionTransferred
	switch {
	case previous == nil && (e.Epoch != 1 || e.Type != TypeSessionScheduled):
		return bad("a log begins with session.scheduled in epoch 1")
	case previous == nil:
		return nil
	case e.Epoch == previous.Epoch && transfer:
		return bad("session.transferred without a new epoch")
	case e.Epoch == previous.Epoch && e.EdgeID != previous.EdgeID:
		return bad("another edge within an epoch")
	case e.Epoch == previous.Epoch:
		return nil
	case !transfer:
		return bad("a new epoch begins with session.transferred")
	}
	var p SessionTransferred
	if err := decodeInto(e.Payload, &p); err != nil {
		return bad("session.transferred can't be read")
	}
	if p != (SessionTransferred{FromEpoch: previous.Epoch, ToEpoch: e.Epoch, HeadSequence: previous.Sequence, HeadHash: previous.Hash}) {
		return bad("session.transferred does not quote the event before it")
	}
	return nil
}

const (
	maxKey       = 128 // characters of a client's idempotency key
	maxKeyDigits = 9   // of the number behind it
)

// isStoredKey reports whether s is what FactKey makes of a key that a client may give.
func isStoredKey(s string) bool {
	key, _, ok := ClientKey(s)
	if !ok || key == "" || len(key) > maxKey || len(s)-len(key)-1 > maxKeyDigits {
		return false
	}
	for i := range len(key) {
		if key[i] < 0x20 || key[i] > 0x7e {
			return false
		}
	}
	return true
}

// isTypeName reports whether s is made like chat.message.
func isTypeName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	dot := true // a letter must come
	for i := range len(s) {
		switch {
		case 'a' <= s[i] && s[i] <= 'z':
			dot = false
		case s[i] == '.' && !dot:
			dot = true
		default:
			return false
		}
	}
	return !dot
}
