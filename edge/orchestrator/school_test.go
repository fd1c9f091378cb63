package orchestrator

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/memlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

var (
	school  = event.MustID("0190a7c8-5e2b-7cc0-8000-0000000000a1")
	classID = event.MustID("0190a7c8-5e2b-7cc0-8000-0000000000c1")
	edgeID  = event.MustID("0190a7c8-5e2b-7cc0-8000-0000000000e1")
	rivera  = session.Actor{UserID: event.MustID("0190a7c8-5e2b-7cc0-8000-000000000001"), Role: "teacher", DisplayName: "Ms Rivera"}
	sam     = session.Actor{UserID: event.MustID("0190a7c8-5e2b-7cc0-8000-000000000002"), Role: "assistant", DisplayName: "Sam"}
	ada     = session.Actor{UserID: event.MustID("0190a7c8-5e2b-7cc0-8000-000000000003"), Role: "student", DisplayName: "Ada"}
	ben     = session.Actor{UserID: event.MustID("0190a7c8-5e2b-7cc0-8000-000000000004"), Role: "student", DisplayName: "Ben"}
)

// testLog is a log in memory that can be out of room for new classes.
type testLog struct {
	*memlog.Log
	full error
	lost func(n int) (before, after error) // what happens to the n-th append: nothing is written, or the answer is lost

	noSnapshots bool
	saves       func() // runs before a snapshot is stored

	appends atomic.Int64
}

func (l *testLog) Append(ctx context.Context, b eventlog.Batch) error {
	<-time.After(time.Millisecond) // a disk takes its time: the next batch is decided meanwhile
	n := l.appends.Add(1)
	if l.lost == nil {
		return l.Log.Append(ctx, b)
	}
	before, after := l.lost(int(n))
	if before != nil {
		return before
	}
	if err := l.Log.Append(ctx, b); err != nil {
		return err
	}
	return after
}

func (l *testLog) AcceptingStarts() error { return l.full }

func (l *testLog) SaveSnapshot(ctx context.Context, n eventlog.Snapshot) error {
	if l.noSnapshots {
		return errors.New("crashed")
	}
	if l.saves != nil {
		l.saves()
	}
	return l.Log.SaveSnapshot(ctx, n)
}

// testKeys are keys in memory that a test can break.
type testKeys struct {
	*memlog.Keys
	current func(person event.ID) error // before a person's key is given
	stuck   atomic.Bool                 // no secret of a poll is destroyed
}

func (k *testKeys) Current(tenant, person event.ID) (event.PersonKey, error) {
	if k.current != nil {
		if err := k.current(person); err != nil {
			return event.PersonKey{}, err
		}
	}
	return k.Keys.Current(tenant, person)
}

func (k *testKeys) DestroyPollSecret(ctx context.Context, tenant, class, poll event.ID) error {
	if k.stuck.Load() {
		return errors.New("disk full")
	}
	return k.Keys.DestroyPollSecret(ctx, tenant, class, poll)
}

// pipedLog takes batches in order without making the class wait, as the store of a box does.
type pipedLog struct {
	*testLog
	mu     sync.Mutex
	queued []func()      // until somebody writes
	last   chan struct{} // closed when the latest batch is answered
}

func (l *pipedLog) Start(b eventlog.Batch, done func(error)) {
	l.Queue(b, done)
	l.begin()
}

func (l *pipedLog) Queue(b eventlog.Batch, done func(error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued = append(l.queued, func() { done(l.Append(context.Background(), b)) })
}

func (l *pipedLog) Write() { <-l.begin() }

// begin writes what is queued after what is being written, and gives what is closed then.
func (l *pipedLog) begin() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	queued, before, mine := l.queued, l.last, make(chan struct{})
	l.queued, l.last = nil, mine
	go func() {
		if before != nil {
			<-before
		}
		for _, write := range queued {
			write()
		}
		close(mine)
	}()
	return mine
}

// bothWays runs a test on a log that takes batches on their way, as a box has it, and on one that takes one at a time.
func bothWays(t *testing.T, test func(t *testing.T, b *box)) {
	t.Helper()
	for name, single := range map[string]bool{"on their way": false, "one at a time": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, b *box) {
				if b.single = single; single {
					b.restart()
				}
				test(t, b)
			})
		})
	}
}

// box is an orchestrator over a log in memory. Its clock is the bubble's.
type box struct {
	t    *testing.T
	log  *testLog
	keys *memlog.Keys
	ring *testKeys // over keys
	head ed25519.PrivateKey
	skew time.Duration // of the wall clock
	rule func(*session.State, session.Command) ([]event.Fact, error)
	// single: the log takes one batch of a class at a time.
	single bool
	shared Log // in place of log, if set
	*Orchestrator
	stop  func() error
	ended chan error // what Run ended with
}

// inBubble runs a test on virtual time with a box that is stopped at its end.
func inBubble(t *testing.T, test func(t *testing.T, b *box)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		test(t, b)
		if err := b.stop(); err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func newBox(t *testing.T) *box {
	_, key, _ := ed25519.GenerateKey(nil)
	b := &box{t: t, log: &testLog{Log: memlog.New()}, keys: memlog.NewKeys(), head: key}
	b.ring = &testKeys{Keys: b.keys}
	b.start()
	return b
}

func (b *box) start(gates ...Gate) {
	var log Log = &pipedLog{testLog: b.log}
	switch {
	case b.shared != nil:
		log = b.shared
	case b.single:
		log = b.log
	}
	b.Orchestrator = New(Options{Log: log, Keys: b.ring, EdgeID: edgeID, HeadKey: b.head, Gates: gates, Decide: b.decide,
		Now: func() time.Time { return time.Now().Add(b.skew) }})
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.ended, b.stop = ended, func() error { cancel(); return <-ended }
	select {
	case <-b.Ready():
	case err := <-ended:
		ended <- err
	}
}

// runAgain waits for Run to end, pauses, and runs the same orchestrator again, as supervision does. It gives what Run ended with.
func (b *box) runAgain(pause time.Duration) error {
	err := <-b.ended
	<-time.After(pause)
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.ended, b.stop = ended, func() error { cancel(); return <-ended }
	synctest.Wait()
	return err
}

func (b *box) decide(s *session.State, c session.Command) ([]event.Fact, error) {
	if b.rule != nil {
		return b.rule(s, c)
	}
	return session.Decide(s, c)
}

// restart is a kill -9 as far as memory goes: what was not appended is gone.
func (b *box) restart(gates ...Gate) {
	b.t.Helper()
	if err := b.stop(); err != nil {
		b.t.Fatalf("Run ended with %v", err)
	}
	b.start(gates...)
}

func (b *box) give(who session.Actor, typ, key string, payload any) (Answer, error) {
	canonical, err := event.CanonicalJSON(payload)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Do(b.t.Context(), Request{TenantID: school, SessionID: classID, Digest: canonical,
		Command: session.Command{Type: typ, Key: key, Actor: who, Payload: payload}})
}

func (b *box) must(who session.Actor, typ, key string, payload any) Answer {
	b.t.Helper()
	a, err := b.give(who, typ, key, payload)
	if err != nil {
		b.t.Fatalf("%s by %s: %v", typ, who.DisplayName, err)
	}
	return a
}

func (b *box) refused(want fault.Code, who session.Actor, typ, key string, payload any) {
	b.t.Helper()
	_, err := b.give(who, typ, key, payload)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != want {
		b.t.Fatalf("%s by %s: got %v, want %s", typ, who.DisplayName, err, want)
	}
}

// live makes a class that has started, with teacher, assistant and a student in it.
func (b *box) live() {
	b.t.Helper()
	now := event.TimeOf(time.Now())
	b.must(rivera, "session.schedule", "plan", &session.SessionSchedule{Title: "Fractions", ScheduledStart: now, ScheduledEnd: now + 3_600_000,
		Staff: []session.PlannedStaff{{UserID: rivera.UserID, Role: "teacher"}, {UserID: sam.UserID, Role: "assistant"}}})
	b.must(rivera, "participant.join", "r-join", &session.ParticipantJoin{})
	b.must(rivera, "session.start", "start", &session.SessionStart{})
	b.must(sam, "participant.join", "s-join", &session.ParticipantJoin{})
	b.must(ada, "participant.join", "a-join", &session.ParticipantJoin{})
}

func (b *box) say(who session.Actor, key, words string) Answer {
	b.t.Helper()
	return b.must(who, "chat.send", key, &session.ChatSend{Content: words, To: session.ChatRecipient{Audience: "all"}})
}

func (b *box) events() []event.Event {
	b.t.Helper()
	events, err := b.log.Read(b.t.Context(), school, classID, 0, 100_000)
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}

func (b *box) types() []string {
	var out []string
	for _, e := range b.events() {
		out = append(out, e.Type)
	}
	return out
}

// tentative gives the state that the class decides on as JSON, once nothing is on its way.
func (b *box) tentative() string {
	b.t.Helper()
	out := make(chan []byte, 1)
	c := b.class(school, classID)
	c.mail.read(func() {
		text, err := json.Marshal(c.state)
		if err != nil {
			b.t.Error(err)
		}
		out <- text
	})
	return string(<-out)
}

// state gives the committed state as JSON.
func (b *box) state() string {
	b.t.Helper()
	var out []byte
	if err := b.Read(b.t.Context(), school, classID, func(s *session.State) (err error) {
		out, err = json.Marshal(s)
		return err
	}); err != nil {
		b.t.Fatal(err)
	}
	return string(out)
}

// refolded gives the state that the log alone leads to.
func (b *box) refolded() string {
	b.t.Helper()
	s := session.New(classID)
	for _, e := range b.events() {
		opened, err := event.OpenEvent(&e, b.keys)
		if err != nil {
			b.t.Fatal(err)
		}
		session.Apply(s, opened)
	}
	out, err := json.Marshal(s)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(out)
}

// checkLog checks chain and that memory is only a cache of the log.
func (b *box) checkLog() {
	b.t.Helper()
	var prev *event.Event
	for _, e := range b.events() {
		if err := e.Verify(prev); err != nil {
			b.t.Error(err)
		}
		prev = &e
	}
	if got, want := b.state(), b.refolded(); got != want {
		b.t.Errorf("state in memory differs from the fold of the log\nmemory: %s\nlog:    %s", got, want)
	} else if got := b.tentative(); got != want {
		b.t.Errorf("the state to decide on differs from the fold of the log\nmemory: %s\nlog:    %s", got, want)
	}
}

type edPublic = ed25519.PublicKey

// waitFor waits, on virtual time, until so many classes are in memory.
func waitFor(t *testing.T, b *box, loaded int) {
	t.Helper()
	for range 3600 {
		<-time.After(time.Second)
		synctest.Wait()
		if len(b.Loaded()) == loaded {
			return
		}
	}
	t.Fatalf("%d classes in memory after an hour, want %d", len(b.Loaded()), loaded)
}
