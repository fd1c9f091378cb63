package gateway

import (
	"context"
	"fmt"
	"io"
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/people"
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
	return fmt.Sprintf("position is not in this class's history; go on from %s", positionText(e.To))
}

// Sessions lists classes.
type Sessions interface {
	Sessions(ctx context.Context, tenant event.ID, f eventlog.Filter) ([]eventlog.Summary, error)
	// OpenByCode lists the classes of all tenants that a join code opens now.
	OpenByCode(ctx context.Context, code string) ([]eventlog.Summary, error)
}

// Principal is somebody whose token was verified.
type Principal struct {
	UserID      event.ID
	TenantID    event.ID
	SignInID    event.ID
	DisplayName string
	Roles       []directory.Role // tenant-wide
	GuestOf     event.ID         // the one class that a guest is in; absent for the people of the directory
}

func (p *Principal) isGuest() bool { return !p.GuestOf.IsZero() }

// Identity says who somebody is. Errors are *fault.Fault.
type Identity interface {
	// Authenticate verifies an access token, for this Host.
	Authenticate(ctx context.Context, token, host string) (Principal, error)
	// RoleIn gives somebody's role by plan and enrolment, "" for none. course may be absent.
	RoleIn(ctx context.Context, p Principal, course event.ID, hosts []event.ID) (directory.Role, error)
	Me(ctx context.Context, p Principal) (Me, error)
	Login(ctx context.Context, l Login) (TokenPair, error)
	Refresh(ctx context.Context, token string) (TokenPair, error)
	// Logout ends a sign-in, or all of a person; tokens that say nothing are no error.
	Logout(ctx context.Context, l Logout) error
	// Password changes who's own password, or that of a person who is named (who is absent then), or resets that of
	// somebody else and gives the one-time password if it made one.
	Password(ctx context.Context, who Principal, o PasswordOrder) (oneTime string, err error)
}

// Directory answers questions about a school's people and courses and changes them; requests and answers are those of
// package people. Errors are *fault.Fault.
type Directory interface {
	Ask(ctx context.Context, who Principal, question any) (answer any, err error)
	// Write makes a change once for each key of a person, and gives its answer as JSON.
	Write(ctx context.Context, who Principal, w people.Write) (answer []byte, err error)
}

// Logout names a sign-in by its refresh token, else by an access token of it.
type Logout struct {
	RefreshToken, AccessToken string
	Everywhere                bool
}

// PasswordOrder is a change of a password, or with UserID a reset.
type PasswordOrder struct {
	Login      // the old password; the names of who is not signed in
	New        string
	UserID     event.ID
	MustChange bool
}

// Login is a sign-in by password.
type Login struct {
	Email, Username, Password, Tenant string
	Host, Address                     string
}

// Assets keeps the bytes of slides and media by their SHA-256, apart for each tenant.
type Assets interface {
	// Put stores what r gives, at most most bytes, and is durable when it returns. Errors of r are passed on; it returns an
	// error wrapping eventlog.ErrUnavailable where the disk can't take more.
	Put(ctx context.Context, tenant event.ID, r io.Reader, most int64) (digest event.Hash, size int64, err error)
	// Open gives them back. It returns an error wrapping eventlog.ErrNotFound.
	Open(ctx context.Context, tenant event.ID, digest event.Hash) (io.ReadSeekCloser, error)
}

// Check is one named condition of readiness; its error's text is shown to operators.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

// Stat is one number of Metrics.
type Stat struct {
	Name    string // like edge_log_queue_length
	Help    string
	Value   float64
	Counter bool      // it only grows
	Label   [2]string // name and value of the label that tells it from others of this Name; empty for none
}
