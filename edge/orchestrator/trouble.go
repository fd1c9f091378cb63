package orchestrator

import (
	"context"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// trouble is a log that can't be written.
type trouble struct {
	since   event.Time
	cause   error
	live    bool // the class was live: the halt is written down when writing works again
	probing bool
}

func (t *trouble) fault() error { return logFault(t.cause) }

// startTrouble tells everybody at once that the class is halted; it can't be logged now. The log is one for all classes, so
// the others are asked to look.
func (c *class) startTrouble(err error, since event.Time) {
	if c.trouble != nil {
		return
	}
	c.trouble = &trouble{since: since, cause: err, live: c.state.Life.Status == session.Live}
	c.tellStatus()
	c.o.doubtLog()
}

// endTrouble tells everybody that the class goes on.
func (c *class) endTrouble() {
	c.log.Info("log can be written again", "since", c.trouble.since.String())
	c.trouble = nil
	c.tellStatus()
}

// tellStatus tells everybody the runtime condition of the class.
func (c *class) tellStatus() {
	s := Status{State: c.state.Life.Status}
	switch notice := c.o.notice.Load(); {
	case c.trouble != nil:
		s = Status{State: session.Halted, Reason: string(fault.LogUnavailable), Since: c.trouble.since}
	case s.State == session.Halted:
		s.Reason, s.Since = c.state.Life.HaltReason, c.state.Life.HaltedSince
	case notice != nil:
		s.Reason, s.Since = notice.Reason, notice.Since
	}
	c.tail.tell(s)
}

// retry tries the log again: a class that was live writes down its halt, which is the try; for others a probe is.
func (c *class) retry(ctx context.Context) {
	if !c.trouble.live {
		c.probe(ctx)
		return
	}
	since := c.trouble.since
	c.system("session.halt", fmt.Sprintf("halt:%d", int64(since)), &session.SessionHalt{Reason: "log_unavailable", Since: since})
	c.system("session.resume", fmt.Sprintf("resume:%d", int64(since)), &session.SessionResume{Reason: "log_unavailable"})
}

func (c *class) probe(ctx context.Context) {
	if c.trouble.probing {
		return
	}
	c.trouble.probing = true
	c.behind.Go(func() {
		err := c.o.o.Log.Probe(ctx)
		c.mail.read(func() {
			if c.trouble == nil {
				return
			}
			if c.trouble.probing = false; err == nil {
				c.endTrouble()
			}
		})
	})
}

// LogFailed tells every class in memory that the log can't be written. Each is halted from now on, says so, and goes on by
// itself when the log takes writes again.
func (o *Orchestrator) LogFailed(err error) {
	o.each(func(c *class) { c.startTrouble(err, c.clock.now()) })
}

// doubtLog probes the log after one class could not write to it: if it is not that class alone, the others are told.
func (o *Orchestrator) doubtLog() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.doubting || o.ctx == nil {
		return
	}
	o.doubting = true
	ctx := o.ctx
	o.behind.Go(func() {
		err := o.o.Log.Probe(ctx)
		o.mu.Lock()
		o.doubting = false
		o.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			o.LogFailed(err)
		}
	})
}

// Notice tells every class, those that are loaded later too, of a condition under which classes go on: its reason is shown to
// everybody, nobody is halted. The empty reason takes it back.
func (o *Orchestrator) Notice(reason fault.Code) {
	o.mu.Lock()
	before := o.notice.Load()
	same := before == nil && reason == "" || before != nil && before.Reason == string(reason)
	switch {
	case same:
	case reason == "":
		o.notice.Store(nil)
	default:
		o.notice.Store(&Status{Reason: string(reason), Since: event.TimeOf(o.o.Now())})
	}
	o.mu.Unlock()
	if !same {
		o.each((*class).tellStatus)
	}
}

// each runs f in the goroutine of every class in memory that can be served, once nothing of it is on its way.
func (o *Orchestrator) each(f func(*class)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.classes {
		c.mail.read(func() {
			if c.failed == nil {
				f(c)
			}
		})
	}
}

// errOutage is why classes stood still while the orchestrator itself had failed.
var errOutage = fmt.Errorf("the orchestrator had failed and was started again: %w", eventlog.ErrUnavailable)
