package gateway_test

import (
	"errors"
	"sync"

	"multistream/shared/event"
)

// fakeSignals is a bus within the process that can be down.
type fakeSignals struct {
	mu        sync.Mutex
	down      bool
	changed   chan struct{}
	listeners map[int]func(tenant, session event.ID, m []byte)
	n         int
	said      int
}

func newSignals() *fakeSignals {
	return &fakeSignals{changed: make(chan struct{}), listeners: map[int]func(event.ID, event.ID, []byte){}}
}

func (f *fakeSignals) Publish(tenant, session event.ID, m []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return errors.New("down")
	}
	f.said++
	for _, l := range f.listeners {
		l(tenant, session, m)
	}
	return nil
}

func (f *fakeSignals) Listen(tenant, session event.ID, take func([]byte)) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	n := f.n
	f.listeners[n] = func(t, s event.ID, m []byte) {
		if t == tenant && s == session {
			take(m)
		}
	}
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, n)
	}
}

func (f *fakeSignals) Up() (bool, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.down, f.changed
}

func (f *fakeSignals) set(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fakeSignals) listening() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.listeners)
}
