package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

const (
	firstPause       = 100 * time.Millisecond
	maxAsyncPause    = 30 * time.Second
	maxCriticalPause = 2 * time.Second // a class stands halted meanwhile
)

var errReturned = errors.New("returned without being stopped")

// supervise runs service i until the group ends, starting it again after each failure.
func (g *Group) supervise(i int) {
	s, log := g.services[i], g.log.With("service", g.services[i].Name)
	for count := 1; ; count++ {
		began := time.Now()
		g.enter(i, Running, nil)
		err := attempt(func() error { return s.Run(g.ctx) })
		fatal := g.hook != nil && errors.Is(err, ErrFatal)
		if g.ctx.Err() != nil && !fatal {
			g.stopped(i, log, err)
			return
		}
		if err == nil {
			err = errReturned
		}
		if time.Since(began) >= g.maxPause { // it ran well in between
			count = 1
		}
		failure := Failure{Service: s.Name, Err: err, Count: count, Pause: pause(count, g.maxPause)}
		if fatal {
			failure.Pause = 0
		}
		if !g.failed(i, log, failure, fatal) {
			return
		}
	}
}

// failed records one failure, tells the hook and waits; it returns whether to start the service again.
func (g *Group) failed(i int, log *slog.Logger, f Failure, fatal bool) bool {
	phase := Pausing
	if fatal {
		phase = Stopped
		g.mu.Lock()
		if g.fatal == nil {
			g.fatal = fmt.Errorf("%s: %w", f.Service, f.Err)
		}
		g.mu.Unlock()
	}
	g.enter(i, phase, f.Err)
	log.Error("service failed", "error", f.Err, "fatal", fatal, "count", f.Count, "pause", f.Pause, stack(f.Err))
	if g.hook != nil {
		if err := attempt(func() error { g.hook(f); return nil }); err != nil {
			log.Error("failure hook failed", "error", err, stack(err))
		}
	}
	if fatal {
		g.cancel()
		return false
	}
	select {
	case <-time.After(f.Pause):
		return true
	case <-g.ctx.Done():
		g.enter(i, Stopped, nil)
		return false
	}
}

// stopped records that service i returned because the group is ending; an error then is worth a line, not a restart.
func (g *Group) stopped(i int, log *slog.Logger, err error) {
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	g.enter(i, Stopped, err)
	if err != nil {
		log.Warn("service stopped with an error", "error", err, stack(err))
	}
}

// pause doubles from firstPause with each failure in a row, up to limit.
func pause(count int, limit time.Duration) time.Duration {
	p := firstPause
	for ; count > 1 && p < limit; count-- {
		p *= 2
	}
	return min(p, limit)
}

// A panicError is a recovered panic. Its stack goes to the log only, never into a message.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// Unwrap lets a panic with an error count as that error: panicking with ErrFatal is as fatal as returning it.
func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// attempt calls f and turns its panic into an error.
func attempt(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return f()
}

// stack is the log attribute of a recovered panic, empty for other errors.
func stack(err error) slog.Attr {
	var p *panicError
	if errors.As(err, &p) {
		return slog.String("stack", string(p.stack))
	}
	return slog.Attr{}
}
