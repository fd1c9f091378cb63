package ingest

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// Stream is what one life of one edge's database commits, in order of its positions.
type Stream struct{ Edge, Incarnation event.ID }

// Edge is what the hub knows of a box.
type Edge struct {
	ID      event.ID
	Tenants []event.ID // schools whose classes it may run
}

// Store is what ingest wants of the hub's database. Every store passes the suite ingesttest.
type Store interface {
	// Edge gives a box that was made known; ok is false if there is none with this id.
	Edge(ctx context.Context, id event.ID) (e Edge, ok bool, err error)
	// Do runs do in one transaction that holds the lock of the stream's cursor from its beginning, and makes the cursor's row where
	// there is none: of one stream one transaction runs at a time, those of other streams meanwhile. It commits durably before it
	// returns nil. An error of do undoes everything and is returned as it is (errors.As finds a *Clash); after any other error of
	// Do nobody knows whether it was committed.
	Do(ctx context.Context, s Stream, do func(Tx) error) error
}

// Tx is what may be asked and done within one transaction. Answers have the order of the question, one for each.
type Tx interface {
	// Cursor gives the locked row; the zero Cursor if the stream is new.
	Cursor(ctx context.Context) (Cursor, error)
	// Sessions gives where sessions end, and locks these rows until the transaction ends, whoever else writes to them: in one
	// order for all, so that two transactions never wait for each other. A session that the hub has nothing of is the zero Session.
	Sessions(ctx context.Context, sessions []Ref) ([]Session, error)
	// Kept tells what is stored already at places, in the log or aside.
	Kept(ctx context.Context, places []Place) ([]Kept, error)
	// Keys tells which person keys are known.
	Keys(ctx context.Context, keys []wire.KeyRef) ([]KeyState, error)
	// SigningKeys gives the public keys that the stream's edge has named as its own.
	SigningKeys(ctx context.Context) ([]ed25519.PublicKey, error)
	// Write stores all of it, in the order of the fields. It returns a *Clash, and the transaction can only be undone, if an id or a
	// stored key (actor, idempotency key) of an event is in its session's log already.
	Write(ctx context.Context, c *Changes) error
}

// Cursor is how far a stream is committed.
type Cursor struct {
	Position int64
	Hash     event.Hash // of the event there; zeros for none
	Aside    int64      // events up to there that were kept aside
	Fenced   string     // a sentence, if the stream's history is not the one that the hub has; "" if it is
}

// Ref names a session.
type Ref struct{ TenantID, SessionID event.ID }

// Session is what the hub has of one.
type Session struct {
	End     End
	Hold    Hold          // of what the stream's edge sends; the zero Hold for none
	Receipt event.Receipt // the one with the highest sequence; zero for none
}

// End is what the next event of a session is checked against.
type End struct {
	Epoch, Sequence int64 // 0: no event
	Hash            event.Hash
	EdgeID          event.ID
	CreatedAt       event.Time
	Closed          event.Closed
}

// Hold says that what an edge sends of a session, from a sequence on, is kept aside: it is complete and in order, and not in the log.
type Hold struct {
	From       int64 // 0: not held
	Superseded bool  // another edge owns the session since; else it does not fit and somebody must look at it
	Why        string
}

// Place is where an event may be stored: in the log by session and sequence, aside by the stream's position.
type Place struct {
	Ref
	Sequence int64
	Position int64
}

// Kept is what is stored at a Place.
type Kept struct {
	Log   event.Hash   // hash of the log's event, zeros for none
	Aside []event.Hash // digests of the events kept aside there
}

// KeyState says what the hub knows of a person key.
type KeyState int

// The states of a key.
const (
	KeyUnknown KeyState = iota
	KeyKnown
	KeyDestroyed // for ever
)

// Changes is what one transaction stores.
type Changes struct {
	// Keys: one that is known already is left as it is; one that is listed as destroyed is not taken back; of a person who was
	// erased none is taken, and its id is listed as destroyed.
	Keys []event.PersonKey
	// SigningKeys are the edge's. One that another edge has named is left with that one.
	SigningKeys []ed25519.PublicKey
	// Events go to the log, each after the end of its session, with stream and position.
	Events []wire.Positioned
	// Ends replace those of the sessions that got events.
	Ends []SessionEnd
	// Aside is kept beside the log, for ever, verbatim. The same position twice is kept twice if the digests differ.
	Aside []Aside
	// Holds begin; a session that the edge has one for already keeps the first.
	Holds []SessionHold
	// Heads and Receipts are kept for ever; one that is there already is no error.
	Heads    []event.Head
	Receipts []event.Receipt
	// Alarms are raised once for each kind, stream, session and sequence.
	Alarms []Alarm
	// Cursor replaces the stream's, if it is not nil.
	Cursor *Cursor
}

// SessionEnd is the new end of a session.
type SessionEnd struct {
	Ref
	End
}

// SessionHold is a hold that begins.
type SessionHold struct {
	Ref
	Hold
}

// Aside is an event that is kept beside the log.
type Aside struct {
	wire.Positioned
	Digest     event.Hash // over all its bytes, see Digest: its own hash may be a lie
	Superseded bool       // it has a place in the log that another event has
}

// A Clash says that a batch has an id, or a key of an actor, that its session has already.
type Clash struct {
	Ref
	Sequence int64 // of the first event of the batch that does
}

func (c *Clash) Error() string {
	return fmt.Sprintf("session %s sequence %d: its id, or the idempotency key of its actor, is in the log already", c.SessionID, c.Sequence)
}

// AlarmKind names what somebody must look at.
type AlarmKind string

// The kinds of alarms. They are stored: a name never gets another meaning.
const (
	AlarmTenant     AlarmKind = "tenant"     // an event of a school that is not the edge's: refused
	AlarmContent    AlarmKind = "content"    // an event's content does not match its hash: held
	AlarmChain      AlarmKind = "chain"      // an event does not follow the end of its session: held
	AlarmForeign    AlarmKind = "foreign"    // an event that another edge sequenced: held
	AlarmSuperseded AlarmKind = "superseded" // an event of an owner that another one has followed: kept aside
	AlarmDiverged   AlarmKind = "diverged"   // another event where the hub has one: kept aside, the stream is fenced
	AlarmAhead      AlarmKind = "ahead"      // the hub has more of the stream than the edge: fenced
	AlarmHead       AlarmKind = "head"       // a signed head that no event of the log matches, or that the edge did not sign
	AlarmKeys       AlarmKind = "keys"       // person keys that can't be opened, or are of a school that is not the edge's
)

// Alarm is something that somebody must look at. Nothing waits for it.
type Alarm struct {
	Kind AlarmKind
	Stream
	Ref
	Position, Sequence int64
	At                 event.Time
	Why                string // a sentence
}
