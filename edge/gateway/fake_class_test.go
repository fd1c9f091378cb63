package gateway_test

import (
	"bytes"
	"context"
	"io"
	"sync"

	"multistream/edge/gateway"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// fakeClasses is the rules in memory, one class after the other, without a log: enough for the gateway to be real.
type fakeClasses struct {
	mu      sync.Mutex
	classes map[event.ID]*fakeClass
	now     event.Time
	fail    error         // of Do
	hang    chan struct{} // Do waits for it, if set
	hangs   chan struct{} // told when Do waits, if set
	asked   int           // how often whose a code is
	own     int           // entries that streams of people gave
	nobodys int           // streams of nobody
	resting int           // the version of a class that a stream of nobody has all of
	looked  func()        // told when a person's stream is about to say that there is nothing new, if set
}

type fakeClass struct {
	tenant  event.ID
	state   *session.State
	entries []gateway.Entry
	done    map[string]fakeDone
	status  *gateway.Status
	told    int
	changed chan struct{}
	closed  bool
	follows int
	version int // changes
}

type fakeDone struct {
	digest []byte
	answer gateway.Answer
}

// fakeCopies is a delivery, encoded when asked for.
type fakeCopies struct {
	d session.Delivery
	e event.Opened
}

func (c fakeCopies) Copy(user event.ID, standing session.Standing) []byte {
	cp := c.d.For(&c.e, user, standing)
	if cp == nil {
		return nil
	}
	b, err := cp.Encode()
	if err != nil {
		panic(err)
	}
	return b
}

func (c fakeCopies) Personal(user event.ID) bool { _, ok := c.d.Persons[user]; return ok }

func (c fakeCopies) Refresh(user event.ID) bool {
	for _, u := range c.d.Refresh {
		if u == user {
			return true
		}
	}
	return c.d.RefreshAll
}

func (f *fakeClasses) find(tenant, id event.ID) (*fakeClass, error) {
	if c := f.classes[id]; c != nil && c.tenant == tenant {
		return c, nil
	}
	return nil, fault.New(fault.NotFound, "There is no such class.")
}

func (f *fakeClasses) Do(ctx context.Context, r gateway.Request) (gateway.Answer, error) {
	if f.hang != nil {
		select {
		case f.hangs <- struct{}{}:
		default:
		}
		select {
		case <-f.hang:
		case <-ctx.Done():
			return gateway.Answer{}, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return gateway.Answer{}, f.fail
	}
	c, err := f.find(r.TenantID, r.SessionID)
	if err != nil {
		if r.Command.Type != "session.schedule" {
			return gateway.Answer{}, err
		}
		c = &fakeClass{tenant: r.TenantID, state: session.New(r.SessionID), done: map[string]fakeDone{}, changed: make(chan struct{})}
	}
	key := r.Command.Actor.UserID.String() + r.Command.Key
	digest := append([]byte(r.Command.Type), r.Digest...)
	if first, ok := c.done[key]; ok {
		if !bytes.Equal(first.digest, digest) {
			return gateway.Answer{}, fault.New(fault.KeyConflict, "This key was used for something else.")
		}
		first.answer.Repeat = true
		return first.answer, nil
	}
	f.now++
	cmd := r.Command
	cmd.Now = f.now
	if vote, ok := cmd.Payload.(*session.PollVote); ok {
		for _, p := range c.state.Polls {
			if p.PollID == vote.PollID && p.Anonymous {
				cmd.Voter = event.Pseudonym([]byte("secret"), cmd.Actor.UserID)
			}
		}
	}
	facts, err := session.Decide(c.state, cmd)
	if err != nil {
		return gateway.Answer{}, err
	}
	f.classes[r.SessionID] = c
	var a gateway.Answer
	for _, fact := range facts {
		t, _ := event.TypeOf(fact.Type)
		e := event.Opened{Type: fact.Type, Version: int64(t.Version), Epoch: 1, Sequence: c.state.Sequence + 1, ActorID: cmd.Author(), CreatedAt: f.now, Payload: fact.Payload}
		session.Apply(c.state, e)
		c.entries = append(c.entries, gateway.Entry{Epoch: 1, Sequence: e.Sequence, Copies: fakeCopies{session.Deliver(c.state, &e), e}})
		a.Facts = append(a.Facts, e)
	}
	a.Position = event.Position{Epoch: 1, Sequence: c.state.Sequence}
	a.Status = c.state.Life.Status
	if len(facts) > 0 {
		c.done[key] = fakeDone{digest, a}
	}
	c.wake()
	return a, nil
}

func (c *fakeClass) wake() {
	c.version++
	close(c.changed)
	c.changed = make(chan struct{})
}

func (f *fakeClasses) Read(ctx context.Context, tenant, id event.ID, fn func(*session.State) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(tenant, id)
	if err != nil {
		return err
	}
	return fn(c.state)
}

func (f *fakeClasses) Follow(ctx context.Context, tenant, id, user event.ID, after event.Position) (gateway.Stream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, err := f.find(tenant, id)
	if err != nil {
		return nil, err
	}
	if after.Sequence > c.state.Sequence || after.Epoch != 1 && after.Sequence > 0 {
		return nil, &gateway.RewindError{To: event.Position{Epoch: 1, Sequence: c.state.Sequence}}
	}
	if user.IsZero() {
		f.nobodys++
	} else {
		c.follows++
	}
	c.wake()
	return &fakeStream{f: f, c: c, nobody: user.IsZero(), at: after.Sequence, nudge: make(chan struct{}, 1)}, nil
}

// tell gives followers a runtime status.
func (f *fakeClasses) tell(id event.ID, s gateway.Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.classes[id]
	c.status, c.told = &s, c.told+1
	c.wake()
}

// unload ends the streams of a class.
func (f *fakeClasses) unload(id event.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.classes[id].closed = true
	f.classes[id].wake()
}

// system gives a class a command of the box.
func (f *fakeClasses) system(tenant, id event.ID, typ, key string, payload any, at event.Time) error {
	f.mu.Lock()
	f.now = max(f.now, at)
	f.mu.Unlock()
	_, err := f.Do(context.Background(), gateway.Request{TenantID: tenant, SessionID: id,
		Command: session.Command{Type: typ, Key: key, Actor: session.Actor{System: true}, Payload: payload}})
	return err
}

type fakeStream struct {
	f      *fakeClasses
	c      *fakeClass
	at     int64
	told   int
	nobody bool // it is nobody's connection
	closed bool
	nudge  chan struct{}
}

func (s *fakeStream) Nudge() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

func (s *fakeStream) Next(ctx context.Context) (gateway.Update, error) {
	for nudged := false; ; {
		s.f.mu.Lock()
		var u gateway.Update
		for _, e := range s.c.entries {
			if e.Sequence > s.at {
				u.Entries = append(u.Entries, e)
				s.at = e.Sequence
				if !s.nobody {
					s.f.own++
				}
			}
		}
		if s.told != s.c.told {
			u.Status, s.told = s.c.status, s.c.told
		}
		changed, closed, looked := s.c.changed, s.c.closed, s.f.looked
		news := len(u.Entries) > 0 || u.Status != nil
		if s.nobody && !news {
			s.f.resting = s.c.version
		}
		s.f.mu.Unlock()
		switch {
		case news:
			return u, nil
		case closed:
			return u, io.EOF
		case nudged:
			if looked != nil {
				looked()
			}
			return u, nil
		}
		select {
		case <-changed:
		case <-s.nudge:
			nudged = true
		case <-ctx.Done():
			return u, ctx.Err()
		}
	}
}

func (s *fakeStream) Skip(to int64) { s.at = max(s.at, to) }

func (s *fakeStream) Close() {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	if !s.closed {
		s.closed = true
		if s.nobody {
			s.f.nobodys--
		} else {
			s.c.follows--
		}
		s.c.wake()
	}
}

func (f *fakeClasses) follows(id event.ID) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.classes[id].follows
}

// nobodyFollows waits until all streams of a class are closed.
func (f *fakeClasses) nobodyFollows(id event.ID) { f.waitFollows(id, 0) }

// waitFollows waits until a class has so many streams.
func (f *fakeClasses) waitFollows(id event.ID, want int) {
	for {
		f.mu.Lock()
		c := f.classes[id]
		n, changed := c.follows, c.changed
		f.mu.Unlock()
		if n == want {
			return
		}
		<-changed
	}
}
