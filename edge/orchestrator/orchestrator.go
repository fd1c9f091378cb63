// Package orchestrator is the Classroom Orchestrator: one goroutine owns each live class, decides its commands in batches,
// appends them to the log and publishes what was appended.
package orchestrator

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/run"
	"multistream/shared/session"
)

// Log is what the orchestrator needs of the log of classes.
type Log interface {
	eventlog.Log
	// LiveSessions lists the classes of all tenants that must go on after a restart.
	LiveSessions(ctx context.Context) ([]eventlog.Summary, error)
	// UnsignedEnds lists the classes of all tenants that are over and have no signed head at their end.
	UnsignedEnds(ctx context.Context) ([]eventlog.Summary, error)
	// AcceptingStarts is nil while there is room for new classes.
	AcceptingStarts() error
	// Probe writes a little, durably: it is nil if the log takes writes now.
	Probe(ctx context.Context) error
}

// starter is a Log that takes batches in order without making the class wait for each: while one is written the next of the
// same class may be on its way, and one sync serves both. done is called once, from any goroutine.
type starter interface {
	Start(b eventlog.Batch, done func(error))
	// Queue is Start for a caller that calls Write right after: it then writes what waits itself, unless another is at it.
	Queue(b eventlog.Batch, done func(error))
	Write()
}

// Keys are the keys of persons and the secrets of anonymous polls.
type Keys interface {
	event.KeyRing
	// PollSecret makes the secret of a poll durable, or gives the one it has; eventlog.ErrNotFound after DestroyPollSecret.
	PollSecret(ctx context.Context, tenant, session, poll event.ID) ([]byte, error)
	// PollSecrets lists the polls that have a secret: of one session, or of all where both ids are zero.
	PollSecrets(ctx context.Context, tenant, session event.ID) ([]eventlog.Poll, error)
	// DestroyPollSecret forgets it for ever.
	DestroyPollSecret(ctx context.Context, tenant, session, poll event.ID) error
}

// Gate is one condition of a start. A refusal is a *fault.Fault that the teacher can act on. Gates are asked outside of the
// class's goroutine: one that hangs holds up its start alone.
type Gate interface {
	Name() string
	Check(ctx context.Context, tenant event.ID, plan event.Plan) error
}

// Options configure an Orchestrator. Log, Keys, EdgeID and HeadKey are required.
type Options struct {
	Log     Log
	Keys    Keys
	EdgeID  event.ID
	HeadKey ed25519.PrivateKey
	Gates   []Gate
	// Decide is by which commands are decided; nil: session.Decide.
	Decide func(*session.State, session.Command) ([]event.Fact, error)
	Now    func() time.Time // wall clock; nil: time.Now
	Logger *slog.Logger
	// Idle is how long a class that nobody follows or commands stays in memory; 0: 10 minutes.
	Idle time.Duration
}

// Request is a command for one class.
type Request struct {
	TenantID  event.ID
	SessionID event.ID
	Command   session.Command // Now and Voter are set by the orchestrator
	Digest    []byte          // canonical JSON of the payload, for the command digest
}

// Answer tells what a command did.
type Answer struct {
	Facts    []event.Opened // those of the first time, when Repeat is set; none for a no-op
	Position event.Position // of the last fact, or of the class for a no-op
	Repeat   bool
	Status   string // of the class when it was answered
}

// Orchestrator holds the classes of this box that are in memory.
type Orchestrator struct {
	o     Options
	log   *slog.Logger
	ready chan struct{}
	once  sync.Once
	fatal chan error

	mu      sync.Mutex
	ctx     context.Context // of the present Run; nil before it
	classes map[event.ID]*class
	replays chan struct{} // a place for each catch-up from the log that may run at once

	notice   atomic.Pointer[Status] // reason and since of what all classes go on under; nil: nothing
	broke    time.Time              // when Run failed, until the classes of then are back
	doubting bool                   // a probe of the log is on its way
	behind   sync.WaitGroup         // such probes
}

// New makes an Orchestrator; nothing happens before Run.
func New(o Options) *Orchestrator {
	if o.Decide == nil {
		o.Decide = session.Decide
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Idle == 0 {
		o.Idle = 10 * time.Minute
	}
	return &Orchestrator{o: o, log: o.Logger, ready: make(chan struct{}), fatal: make(chan error, 1),
		classes: map[event.ID]*class{}, replays: make(chan struct{}, catchUpsAtOnce)}
}

// Ready is closed when every class that must go on has been restored, or found damaged and said so.
func (o *Orchestrator) Ready() <-chan struct{} { return o.ready }

// Run restores the classes that must go on and serves until ctx is done. An error that wraps run.ErrFatal must end the
// process: a sync failed or the log is corrupt. After any other it may be called again: live classes that stood still
// meanwhile log their halt and its end.
func (o *Orchestrator) Run(ctx context.Context) (err error) {
	running, cancel := context.WithCancel(ctx)
	whole := false
	defer func() {
		if !whole && o.broke.IsZero() {
			o.broke = time.Now()
		}
		cancel()
		o.stopAll()
	}()
	live, err := o.o.Log.LiveSessions(running)
	if err != nil {
		return fmt.Errorf("list the classes that must go on: %w", err)
	}
	o.mu.Lock()
	o.ctx = running
	o.mu.Unlock()
	o.restore(running, live)
	o.once.Do(func() { close(o.ready) })
	o.makeUp(running)
	select {
	case <-ctx.Done():
		whole = true
		return nil
	case err := <-o.fatal:
		return err
	}
}

// restore loads classes. Those that were live when Run failed are halted since then, and go on by themselves.
func (o *Orchestrator) restore(ctx context.Context, live []eventlog.Summary) {
	broke := o.broke
	o.broke = time.Time{}
	for _, s := range live {
		c := o.loaded(ctx, s.TenantID, s.ID)
		if c == nil || broke.IsZero() {
			continue
		}
		c.mail.read(func() {
			if c.failed == nil {
				c.startTrouble(errOutage, c.clock.now()-event.Time(time.Since(broke).Milliseconds()))
			}
		})
	}
}

func (o *Orchestrator) stopAll() {
	o.mu.Lock()
	classes := o.classes
	o.classes, o.ctx = map[event.ID]*class{}, nil
	o.mu.Unlock()
	for _, c := range classes {
		<-c.stopped
	}
	o.behind.Wait()
}

// class gives the class in memory, loading it if need be; nil when Run does not run, or another tenant has a class of this id.
func (o *Orchestrator) class(tenant, id event.ID) *class {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ctx == nil || o.ctx.Err() != nil {
		return nil
	}
	if c, ok := o.classes[id]; ok && c.tenant == tenant {
		return c
	} else if ok {
		return nil
	}
	c := newClass(o.ctx, o, tenant, id)
	o.classes[id] = c
	go c.run()
	return c
}

// forget takes an unloaded class out, unless somebody came in the meantime.
func (o *Orchestrator) forget(c *class) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !c.mail.closeIfIdle() {
		return false
	}
	if o.classes[c.id] == c {
		delete(o.classes, c.id)
	}
	return true
}

// end makes Run return an error that ends the process.
func (o *Orchestrator) end(err error) {
	select {
	case o.fatal <- fmt.Errorf("%w: %w", run.ErrFatal, err):
	default:
	}
}

// Ref names one class.
type Ref struct{ TenantID, SessionID event.ID }

// Loaded lists the classes in memory, in no order.
func (o *Orchestrator) Loaded() []Ref {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Ref, 0, len(o.classes))
	for _, c := range o.classes {
		out = append(out, Ref{c.tenant, c.id})
	}
	return out
}

// Status is the runtime condition of a class, told to followers at once, whether or not it can be logged.
type Status struct {
	State  string     `json:"state"` // a session status: live, halted …
	Reason string     `json:"reason,omitzero"`
	Since  event.Time `json:"since,omitzero"`
}
