// Package run starts, watches and stops the long-lived parts of a process.
//
// A process has two groups. What a class needs is critical: its failure is told to a hook, which halts classes with the
// reason, and the part is started again. What only makes a class nicer is async: its failure is logged and it is started
// again, and nothing else notices. In both, a panic is a failure and not the end of the process; only a critical part
// that returns an error wrapping ErrFatal ends its group.
//
// What is not guaranteed: recover does not reach a goroutine that a service starts itself.
package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// ErrFatal is wrapped by an error after which going on would lose data: a failed fsync, a corrupt log.
var ErrFatal = errors.New("fatal")

// A Service is one long-lived part. Run returns when ctx is done, or when the part has failed; returning nil before
// ctx is done counts as a failure too, so that a part can't end unseen.
type Service struct {
	Name string
	Run  func(ctx context.Context) error
}

// A Failure tells the hook of a critical group what broke and what happens next.
type Failure struct {
	Service string
	Err     error         // wraps ErrFatal if the group ends
	Count   int           // failures since the service last ran well
	Pause   time.Duration // until the next start; 0 if there is none
}

// A Group runs services under one policy. The zero value is not usable; see Critical and Async.
type Group struct {
	log      *slog.Logger
	hook     func(Failure) // nil in an async group
	maxPause time.Duration
	services []Service
	ctx      context.Context
	cancel   context.CancelFunc
	finished chan struct{} // closed when every service has returned

	mu      sync.Mutex
	started bool
	fatal   error
	states  []State
}

// Critical makes a group whose failures are told to failed before the service is started again. The hook is called by
// the failing service's own goroutine, so it may be called by several at once, and the service waits for it.
func Critical(log *slog.Logger, failed func(Failure), services ...Service) *Group {
	return group(log, failed, maxCriticalPause, services)
}

// Async makes a group whose failures are logged and otherwise go unnoticed; ErrFatal means nothing in it.
func Async(log *slog.Logger, services ...Service) *Group {
	return group(log, nil, maxAsyncPause, services)
}

func group(log *slog.Logger, hook func(Failure), maxPause time.Duration, services []Service) *Group {
	g := &Group{log: log, hook: hook, maxPause: maxPause, services: services, finished: make(chan struct{})}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	for _, s := range services {
		g.states = append(g.states, State{Name: s.Name, Phase: Waiting})
	}
	return g
}

// Start starts every service and returns at once. The group ends when ctx does. A second Start, or one after Stop,
// does nothing.
func (g *Group) Start(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started || g.ctx.Err() != nil {
		return
	}
	g.started = true
	release := context.AfterFunc(ctx, g.cancel)
	var running sync.WaitGroup
	for i := range g.services {
		running.Go(func() { g.supervise(i) })
	}
	go func() {
		running.Wait()
		release()
		close(g.finished)
	}()
}

// Stop ends every service and waits until all have returned. It may be called at any time and any number of times.
// Returns an error naming the services that still run if ctx ends first.
func (g *Group) Stop(ctx context.Context) error {
	g.mu.Lock()
	started := g.started
	g.cancel()
	g.mu.Unlock()
	if !started {
		return nil
	}
	select {
	case <-g.finished:
		return nil
	case <-ctx.Done():
	}
	var late []string
	for _, s := range g.States() {
		if s.Phase != Stopped {
			late = append(late, s.Name)
		}
	}
	if len(late) == 0 { // the last one returned just now
		return nil
	}
	return fmt.Errorf("stop: still running: %s: %w", strings.Join(late, ", "), context.Cause(ctx))
}

// Done is closed as soon as the group is ending: its context is done, Stop was called, or a service failed fatally.
func (g *Group) Done() <-chan struct{} { return g.ctx.Done() }

// Err returns the first fatal failure, nil if there was none. A service may still fail fatally while it stops, so the
// last word is Err after Stop.
func (g *Group) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fatal
}
