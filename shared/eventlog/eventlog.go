// Package eventlog is the contract of the log of classes, the one contract that both databases keep (suite: eventlogtest).
package eventlog

import (
	"context"
	"errors"

	"multistream/shared/event"
)

// Errors of a log. Any other error of Append means that its outcome is unknown: read the log again before going on.
var (
	// ErrConflict: the batch does not follow the head of its session; nothing was written.
	ErrConflict = errors.New("batch does not follow the head of its session")
	// ErrKeyUsed: a (actor, idempotency key) of the batch is in the log already; nothing was written.
	ErrKeyUsed = errors.New("idempotency key is in the log already")
	// ErrUnavailable: the log can't be written now (disk full, read-only); nothing was written, trying later is right.
	ErrUnavailable = errors.New("log can't be written now")
	// ErrFenced: a sync failed or the log is damaged; nothing is acknowledged any more and the process must end.
	ErrFenced = errors.New("log is fenced")
	// ErrDamaged: a stored row does not match its hash or its chain; it is named and never served.
	ErrDamaged = errors.New("log is damaged")
	// ErrNotFound: no such session in this tenant.
	ErrNotFound = errors.New("no such session")
	// ErrBusy: the write queue is full; nothing was written, trying later is right.
	ErrBusy = errors.New("log is busy")
)

// Batch is appended as one unit: durable as a whole before Append returns, or not at all.
type Batch struct {
	TenantID  event.ID
	SessionID event.ID
	// Events are complete (sequence, chain, salt, hash) and follow the session's head.
	Events []event.Event
	// Summary, when set, replaces the session's row in the list of sessions in the same transaction.
	Summary *Summary
}

// Summary is the projection of a session that lists show without folding its log.
type Summary struct {
	TenantID       event.ID   `json:"-"`
	ID             event.ID   `json:"id"`
	LessonID       event.ID   `json:"lessonId"`
	CourseID       event.ID   `json:"courseId"`
	Status         string     `json:"status"` // as session.Status
	ScheduledStart event.Time `json:"scheduledStart"`
	ScheduledEnd   event.Time `json:"scheduledEnd"`
	StartedAt      event.Time `json:"startedAt"`
	EndedAt        event.Time `json:"endedAt"`
	HostIDs        []event.ID `json:"hostIds"` // who may run it: teacher first
	JoinCode       string     `json:"-"`
	Epoch          int64      `json:"-"`
	Sequence       int64      `json:"-"`
}

// Poll names one poll of one session.
type Poll struct{ TenantID, SessionID, PollID event.ID }

// Head is where a session's log ends. The zero Head is that of a session with no event.
type Head struct {
	Epoch     int64
	Sequence  int64
	Hash      event.Hash
	CreatedAt event.Time
}

// Snapshot is a stored fold of a session up to Sequence; State keeps personal fields sealed. It is a cache of the log.
type Snapshot struct {
	TenantID  event.ID
	SessionID event.ID
	Epoch     int64
	Sequence  int64
	Hash      event.Hash // of the event at Sequence: a snapshot that doesn't match the log is ignored
	Format    int64      // version of the rules that wrote it; another version is ignored
	State     []byte
	Signed    event.Head
}

// Positioned is an event with its place in the order in which an edge committed.
type Positioned struct {
	Incarnation event.ID
	Position    int64 // 1, 2, 3 … per incarnation
	Event       event.Event
}

// Log keeps the events of classes. Every function takes the tenant and finds nothing of another one's. Rows that are
// read have been checked against their hash; a bad one is ErrDamaged with its place named.
type Log interface {
	// Append writes one batch durably. See the errors above.
	Append(ctx context.Context, b Batch) error
	// Read gives events with sequence > after, in order, limit at most. Nothing found is no error.
	Read(ctx context.Context, tenant, session event.ID, after int64, limit int) ([]event.Event, error)
	// Head gives the end of a session's log.
	Head(ctx context.Context, tenant, session event.ID) (Head, error)
	// ByKey gives the facts that (actor, client key) made in this session, in order of their number; none is no error.
	ByKey(ctx context.Context, tenant, session, actor event.ID, clientKey string) ([]event.Event, error)
	// SaveSnapshot stores a snapshot; older ones of the session may go.
	SaveSnapshot(ctx context.Context, s Snapshot) error
	// LatestSnapshot gives the newest snapshot with Sequence <= atMost and this format; ok is false where there is none.
	LatestSnapshot(ctx context.Context, tenant, session event.ID, atMost, format int64) (s Snapshot, ok bool, err error)
}
