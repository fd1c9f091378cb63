package gateway

import (
	"context"
	"fmt"
	"io"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
	"multistream/shared/session"
)

// Classes are the running and planned classes: the orchestrator.
type Classes interface {
	// Do gives a class a command and waits until its facts are durable. Errors are *fault.Fault.
	Do(ctx context.Context, r Request) (Answer, error)
	// Read runs f on the committed state of a class; f encodes or copies what it needs, quickly, and keeps nothing.
	Read(ctx context.Context, tenant, session event.ID, f func(*session.State) error) error
	// Follow gives what happens in a class after a position. It counts as a connection of the user, if one is given. It returns a
	// *fault.Fault, or a *RewindError if the position is not in the class's history.
	Follow(ctx context.Context, tenant, session, user event.ID, after event.Position) (Stream, error)
}

// Request is a command for one class.
type Request struct {
	TenantID  event.ID
	SessionID event.ID
	Command   session.Command // Now and Voter are set by the class
	Digest    []byte          // canonical JSON of the payload
}

// Answer tells what a command did.
type Answer struct {
	Facts    []event.Opened // those of the first time, when Repeat is set; none for a no-op
	Position event.Position // of the last fact, or of the class for a no-op
	Repeat   bool
	Status   string // of the class after it
}

// Stream follows a class.
type Stream interface {
	// Next waits for what is new: entries in order, none missing. It returns io.EOF when the class leaves this box's memory.
	Next(ctx context.Context) (Update, error)
	// Skip moves the stream forward to a position that was reached by a fresh view.
	Skip(to int64)
	// Nudge has the Next that waits, or else the next one that would, return an empty update. It never waits itself, may be
	// called from any goroutine, and neither cuts a read short nor goes before what is new.
	Nudge()
	Close()
}

// Update is what is new for a follower.
type Update struct {
	Entries []Entry
	Status  *Status
}

// Entry is one durable event.
type Entry struct {
	Epoch, Sequence int64
	Durable         time.Time // when it became so; absent for one of long ago
	Copies
}

// Copies are what people get of an event.
type Copies interface {
	// Copy gives the JSON of the event.Copy that a person with this standing gets, or nil for nothing. It is shared.
	Copy(user event.ID, standing session.Standing) []byte
	// Personal tells whether this person gets another copy than others of the same standing.
	Personal(user event.ID) bool
	// Refresh tells whether this person needs a fresh view instead.
	Refresh(user event.ID) bool
}

// Status is the runtime condition of a class, told at once whether or not it can be logged.
type Status struct {
	State  string     `json:"state" enum:"scheduled,live,halted,ended,cancelled,archived"`
	Reason string     `json:"reason,omitzero"`
	Since  event.Time `json:"since,omitzero"`
}

// RewindError says that a position is not in the history of the class.
type RewindError struct{ To event.Position }

// Error names the position to go on from.
func (e *RewindError) Error() string {
	return fmt.Sprintf("position is not in this class's history; go on from %s", rest.PositionText(e.To))
}

// Sessions lists classes.
type Sessions interface {
	Sessions(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]eventlog.Summary, error)
	// OpenByCode lists the classes of all tenants that a join code opens now.
	OpenByCode(ctx context.Context, code string) ([]eventlog.Summary, error)
}

// Identity says who somebody is, and signs people in. Errors are *fault.Fault.
type Identity interface {
	accounts.Identity
	// RoleIn gives somebody's role by plan and enrolment, "" for none. course may be absent.
	RoleIn(ctx context.Context, p rest.Principal, course event.ID, hosts []event.ID) (directory.Role, error)
}

// Assets keeps the bytes of slides and media by their SHA-256, apart for each tenant.
type Assets interface {
	// Put stores what r gives, at most most bytes, and is durable when it returns. Errors of r are passed on; it returns an
	// error wrapping eventlog.ErrUnavailable where the disk can't take more.
	Put(ctx context.Context, tenant event.ID, r io.Reader, most int64) (digest event.Hash, size int64, err error)
	// Open gives them back. It returns an error wrapping eventlog.ErrNotFound.
	Open(ctx context.Context, tenant event.ID, digest event.Hash) (io.ReadSeekCloser, error)
}
