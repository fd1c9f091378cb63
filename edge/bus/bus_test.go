package bus_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"multistream/edge/bus"
	"multistream/shared/event"
	"multistream/shared/run"
)

var (
	school = event.MustID("0190a7c8-0000-7000-8000-00000000000d")
	other  = event.MustID("0190a7c8-0000-7000-8000-00000000000e")
	class  = event.MustID("0190a7c8-0000-7000-8000-00000000000c")
)

// supervised runs a bus as a box does.
func supervised(t testing.TB) *bus.Bus {
	t.Helper()
	b := bus.New(slog.New(slog.DiscardHandler))
	g := run.Async(slog.New(slog.DiscardHandler), run.Service{Name: "bus", Run: b.Run})
	g.Start(context.Background())
	t.Cleanup(func() {
		if err := g.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if up, _ := b.Up(); up {
			t.Error("the bus is up although it was stopped")
		}
	})
	return b
}

// until waits for the bus to be up or down.
func until(t testing.TB, b *bus.Bus, want bool) {
	t.Helper()
	patience := time.After(time.Minute)
	for {
		up, changed := b.Up()
		if up == want {
			return
		}
		select {
		case <-changed:
		case <-patience:
			t.Fatalf("after a minute the bus is not %v", want)
		}
	}
}

// heard gives what a listener hears.
func heard(b *bus.Bus, tenant, session event.ID) (chan string, func()) {
	out := make(chan string, 10_000)
	return out, b.Listen(tenant, session, func(m []byte) { out <- string(m) })
}

// say publishes until the listener has heard it: what was said before it listened is lost, as it may be.
func say(t testing.TB, b *bus.Bus, text string, out chan string) {
	t.Helper()
	patience := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		_ = b.Publish(school, class, []byte(text))
		select {
		case got := <-out:
			if got == text {
				return
			}
		case <-tick.C:
		case <-patience:
			t.Fatalf("%q was not heard in a minute", text)
		}
	}
}

// TestCarries: everybody who listens to a class hears it, nobody else does, and who stopped hears no more.
func TestCarries(t *testing.T) {
	b := supervised(t)
	early, stopEarly := heard(b, school, class) // before it runs
	defer stopEarly()
	foreign, stopForeign := heard(b, other, class)
	defer stopForeign()
	until(t, b, true)
	late, stopLate := heard(b, school, class)
	say(t, b, "a", early)
	say(t, b, "b", late)
	stopLate()
	stopLate()
	for len(late) > 0 {
		<-late
	}
	say(t, b, "c", early)
	if len(late) > 0 || len(foreign) > 0 {
		t.Errorf("heard by who stopped: %d, by another school: %d", len(late), len(foreign))
	}
	if s := b.Stats(); !s.Up || s.Listening != 2 || s.Starts != 1 || s.Published < 3 || s.Delivered < 3 || s.Lost != 0 {
		t.Errorf("stats: %+v", s)
	}
	if err := b.Publish(school, class, make([]byte, 129<<10)); !errors.Is(err, bus.ErrSize) {
		t.Errorf("too large: %v", err)
	}
}

// TestComesBack: whatever happens to NATS, the bus says so, refuses, and is back by itself when the cause is gone, with
// the same listeners; what was said meanwhile does not come late.
func TestComesBack(t *testing.T) {
	for name, drill := range map[string]bus.Drill{"refuse": bus.Refuse, "hang": bus.Hang, "crash": bus.Crash} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := supervised(t)
			out, stop := heard(b, school, class)
			defer stop()
			until(t, b, true)
			say(t, b, "before", out)
			b.SetDrill(drill, time.Now().Add(time.Hour))
			until(t, b, false)
			if err := b.Publish(school, class, []byte("meanwhile")); !errors.Is(err, bus.ErrDown) {
				t.Errorf("published although it is down: %v", err)
			}
			for len(out) > 0 {
				<-out
			}
			b.SetDrill(bus.None, time.Time{})
			until(t, b, true)
			say(t, b, "after", out)
			if s := b.Stats(); s.Starts < 2 || s.Refused == 0 {
				t.Errorf("stats: %+v", s)
			}
		})
	}
}

// TestNeverWaits: a flood is refused as soon as the queue is full; nobody waits, memory stays bounded, and the bus lives on.
func TestNeverWaits(t *testing.T) {
	b := supervised(t)
	release := make(chan struct{})
	stop := b.Listen(school, class, func([]byte) { <-release }) // a listener that breaks its promise
	until(t, b, true)
	busy := false
	for i := 0; i < 1_000_000 && !busy; i++ {
		busy = errors.Is(b.Publish(school, class, make([]byte, 64)), bus.ErrBusy)
	}
	if !busy {
		t.Error("a million messages were taken while nobody took them away")
	}
	stop()
	close(release)
	out, stopOut := heard(b, school, class)
	defer stopOut()
	say(t, b, "still here", out)
}

// TestNoFile: there is nothing on disk that could be deleted.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Chdir(dir)
	b := supervised(t)
	out, stop := heard(b, school, class)
	defer stop()
	until(t, b, true)
	say(t, b, "a", out)
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("files: %v, %v", files, err)
	}
}

// TestStops: what ran is gone when Run has returned, as often as it is run.
func TestStops(t *testing.T) {
	b := bus.New(slog.New(slog.DiscardHandler))
	var first int
	for i := range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		until(t, b, true)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if n := runtime.NumGoroutine(); i == 0 {
			first = n
		} else if n > first+2 { // a goroutine of NATS may still be on its way out
			t.Errorf("%d goroutines after run %d, %d after the first", n, i+1, first)
		}
	}
}

// BenchmarkCarry is the time from Publish to the listener.
func BenchmarkCarry(b *testing.B) {
	u := supervised(b)
	out, stop := heard(u, school, class)
	defer stop()
	until(b, u, true)
	say(b, u, "a", out)
	for len(out) > 0 {
		<-out
	}
	data := make([]byte, 40)
	for b.Loop() {
		if err := u.Publish(school, class, data); err != nil {
			b.Fatal(err)
		}
		<-out
	}
}
