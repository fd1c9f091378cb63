package uplink

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAddresses(t *testing.T) {
	for addr, good := range map[string]bool{"127.0.0.1:7422": true, "[::1]:7422": true, "localhost:7422": true, "0.0.0.0:7422": false, "10.1.1.1:7422": false,
		"hub.example.org:7422": false, "127.0.0.1": false, "": false} {
		_, err := New(addr, make([]byte, 32), nil)
		if good != (err == nil) {
			t.Errorf("%q: %v", addr, err)
		}
		if err != nil && !strings.Contains(err.Error(), "127.0.0.1:7422") {
			t.Errorf("%q: the sentence does not say what to do: %v", addr, err)
		}
	}
	if _, err := New("127.0.0.1:7422", make([]byte, 31), nil); err == nil {
		t.Error("a short seed was taken")
	}
}

// TestNobody: where there is no hub this is known at once, whether the link runs or not, and it stops when it is told to.
func TestNobody(t *testing.T) {
	l, err := New("127.0.0.1:1", make([]byte, 32), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(l.Key(), "U") {
		t.Errorf("key %q", l.Key())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := l.Ask(ctx, nil); !errors.Is(err, ErrNobody) {
		t.Errorf("before it runs: %v", err)
	}
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- l.Run(running) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		l.mu.Lock()
		up := l.nc != nil
		l.mu.Unlock()
		if up {
			break
		}
		<-tick.C
	}
	if _, err := l.Ask(ctx, []byte("x")); !errors.Is(err, ErrNobody) {
		t.Errorf("with nobody there: %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := l.Ask(ctx, nil); !errors.Is(err, ErrNobody) {
		t.Errorf("after it ran: %v", err)
	}
}
