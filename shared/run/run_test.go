package run_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/run"
)

var errBroken = errors.New("disk is on fire")

// starts returns a service that sends the time of each start and then does what behave says for that start, from 1.
func starts(name string, behave func(ctx context.Context, start int) error) (run.Service, chan time.Time) {
	times, count := make(chan time.Time, 100), 0
	return run.Service{Name: name, Run: func(ctx context.Context) error {
		count++
		times <- time.Now()
		return behave(ctx, count)
	}}, times
}

func untilDone(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }

func stop(t *testing.T, g *run.Group) {
	t.Helper()
	if err := g.Stop(context.Background()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// gaps receives n starts and returns the pauses between them.
func gaps(times chan time.Time, n int) []time.Duration {
	var out []time.Duration
	for last := <-times; len(out) < n-1; {
		next := <-times
		out = append(out, next.Sub(last))
		last = next
	}
	return out
}

func TestAsyncRestartsWithGrowingPauses(t *testing.T) {
	for name, c := range map[string]struct {
		fail func() error
		told string
	}{
		"error":           {func() error { return errBroken }, "disk is on fire"},
		"early return":    {func() error { return nil }, "returned without being stopped"},
		"panic":           {func() error { panic("boom") }, "panic: boom"},
		"fatal elsewhere": {func() error { return run.ErrFatal }, "fatal"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, times := starts("captions", func(context.Context, int) error { return c.fail() })
				healthy, _ := starts("bus", untilDone)
				g := run.Async(slog.New(slog.DiscardHandler), s, healthy)
				g.Start(t.Context())
				want := "[100ms 200ms 400ms 800ms 1.6s 3.2s 6.4s 12.8s 25.6s 30s 30s]"
				if got := fmt.Sprint(gaps(times, 12)); got != want {
					t.Errorf("pauses %s, want %s", got, want)
				}
				if got := g.States()[0].LastError; got != c.told {
					t.Errorf("last error %q, want %q", got, c.told)
				}
				if g.Err() != nil || g.States()[1].Phase != run.Running {
					t.Errorf("a failing async service touched its group: %v, %+v", g.Err(), g.States())
				}
				stop(t, g)
			})
		})
	}
}

func TestPausesStartAfreshAfterAGoodRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, times := starts("recorder", func(_ context.Context, start int) error {
			if start == 4 {
				<-time.After(30 * time.Second)
			}
			return errBroken
		})
		g := run.Async(slog.New(slog.DiscardHandler), s)
		g.Start(t.Context())
		if got, want := fmt.Sprint(gaps(times, 6)), "[100ms 200ms 400ms 30.1s 200ms]"; got != want {
			t.Errorf("pauses %s, want %s", got, want)
		}
		stop(t, g)
	})
}

func TestCriticalTellsTheHookThenRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []run.Failure
		s, times := starts("gateway", func(ctx context.Context, start int) error {
			switch {
			case start == 1:
				panic("nil map")
			case start <= 7:
				return fmt.Errorf("listen: %w", errBroken)
			}
			return untilDone(ctx, start)
		})
		g := run.Critical(slog.New(slog.DiscardHandler), func(f run.Failure) { told = append(told, f) }, s)
		g.Start(t.Context())
		if got, want := fmt.Sprint(gaps(times, 8)), "[100ms 200ms 400ms 800ms 1.6s 2s 2s]"; got != want {
			t.Errorf("pauses %s, want %s", got, want)
		}
		synctest.Wait()
		if len(told) != 7 || told[0].Err.Error() != "panic: nil map" || told[0].Service != "gateway" {
			t.Fatalf("hook was told %+v", told)
		}
		if last := told[6]; !errors.Is(last.Err, errBroken) || last.Count != 7 || last.Pause != 2*time.Second {
			t.Errorf("last failure %+v", last)
		}
		state := g.States()[0]
		if state.Phase != run.Running || state.Failures != 7 || state.LastError != "listen: disk is on fire" {
			t.Errorf("state %+v", state)
		}
		stop(t, g)
	})
}

func TestHookThatPanicsIsLoggedAndSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		s, times := starts("identity", func(context.Context, int) error { return errBroken })
		hook := func(run.Failure) { panic("hook broke") }
		g := run.Critical(slog.New(slog.NewJSONHandler(&logged, nil)), hook, s)
		g.Start(t.Context())
		gaps(times, 3)
		stop(t, g)
		for _, want := range []string{"service failed", "failure hook failed", "panic: hook broke", `"stack":"goroutine`} {
			if !strings.Contains(logged.String(), want) {
				t.Errorf("the log lacks %q:\n%s", want, logged.String())
			}
		}
	})
}
