package gateway

import (
	"context"
	"time"
)

// lease is a context with a deadline that is used again until it is too near, so that no message needs a timer of its own.
type lease struct {
	ctx    context.Context
	cancel context.CancelFunc
	until  time.Time
}

// atMost gives a context that ends at a time, or a little earlier.
func (l *lease) atMost(parent context.Context, at time.Time) context.Context {
	if l.ctx == nil || l.until.After(at) || l.ctx.Err() != nil {
		l.end()
		l.until = at
		l.ctx, l.cancel = context.WithDeadline(parent, at)
	}
	return l.ctx
}

func (l *lease) end() {
	if l.cancel != nil {
		l.cancel()
	}
}
