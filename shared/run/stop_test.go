package run_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/run"
)

func TestFatalEndsTheGroup(t *testing.T) {
	for name, fail := range map[string]func() error{
		"returned": func() error { return fmt.Errorf("fsync: %w", run.ErrFatal) },
		"panicked": func() error { panic(fmt.Errorf("fsync: %w", run.ErrFatal)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told run.Failure
				bad, _ := starts("sqlite", func(context.Context, int) error { return fail() })
				other, _ := starts("gateway", untilDone)
				g := run.Critical(slog.New(slog.DiscardHandler), func(f run.Failure) { told = f }, bad, other)
				g.Start(t.Context())
				<-g.Done()
				stop(t, g)
				if err := g.Err(); !errors.Is(err, run.ErrFatal) || !strings.HasPrefix(err.Error(), "sqlite: ") {
					t.Errorf("Err() = %v", err)
				}
				if told.Service != "sqlite" || told.Pause != 0 {
					t.Errorf("hook was told %+v", told)
				}
				for _, s := range g.States() {
					if s.Phase != run.Stopped {
						t.Errorf("%s is %s", s.Name, s.Phase)
					}
				}
			})
		})
	}
}

func TestFatalWhileStoppingIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, times := starts("sqlite", func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return fmt.Errorf("last fsync: %w", run.ErrFatal)
		})
		g := run.Critical(slog.New(slog.DiscardHandler), func(run.Failure) {}, s)
		g.Start(t.Context())
		<-times
		stop(t, g)
		if !errors.Is(g.Err(), run.ErrFatal) {
			t.Errorf("Err() = %v", g.Err())
		}
	})
}

func TestStopWaitsAndMayBeCalledTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var finished bool
		s, times := starts("push", func(ctx context.Context, _ int) error {
			<-ctx.Done()
			<-time.After(time.Second) // flushes
			finished = true
			return nil
		})
		g := run.Async(slog.New(slog.DiscardHandler), s)
		g.Start(t.Context())
		g.Start(t.Context())
		<-times
		var callers sync.WaitGroup
		for range 3 {
			callers.Go(func() {
				stop(t, g)
				if !finished {
					t.Error("Stop returned before the service did")
				}
			})
		}
		callers.Wait()
		stop(t, g)
		g.Start(t.Context())
		synctest.Wait()
		if len(times) != 0 {
			t.Error("a second Start, or one after Stop, started the service again")
		}
	})
}

func TestStopBeforeStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, times := starts("push", untilDone)
		g := run.Async(slog.New(slog.DiscardHandler), s)
		stop(t, g)
		g.Start(t.Context())
		synctest.Wait()
		if len(times) != 0 || g.States()[0].Phase != run.Waiting {
			t.Errorf("started after Stop: %+v", g.States())
		}
	})
}

func TestStopNamesWhoIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stuck := run.Service{Name: "fanout", Run: func(context.Context) error { <-release; return nil }}
		quick, _ := starts("bus", untilDone)
		g := run.Async(slog.New(slog.DiscardHandler), stuck, quick)
		g.Start(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := g.Stop(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "still running: fanout:") {
			t.Errorf("Stop: %v", err)
		}
		close(release)
		stop(t, g)
	})
}

func TestGroupEndsWithItsContextEvenInAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing, _ := starts("media", func(context.Context, int) error { return errBroken })
		ctx, cancel := context.WithCancel(t.Context())
		g := run.Async(slog.New(slog.DiscardHandler), failing)
		g.Start(ctx)
		synctest.Wait()
		if s := g.States()[0]; s.Phase != run.Pausing || s.LastError != "disk is on fire" {
			t.Errorf("state %+v", s)
		}
		began := time.Now()
		cancel()
		<-g.Done()
		stop(t, g)
		if time.Since(began) != 0 || g.States()[0].Phase != run.Stopped {
			t.Errorf("ended after %v as %+v", time.Since(began), g.States())
		}
	})
}
