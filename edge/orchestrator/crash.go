package orchestrator

import (
	"errors"
	"runtime/debug"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// ErrCrashed is the cause of a refusal whose rule panicked instead of deciding.
var ErrCrashed = errors.New("the rule of this command crashed")

// rule decides a command on the tentative state. A rule that panics has changed nothing, as rules are pure: its command is
// refused and the class goes on.
func (c *class) rule(cmd session.Command) (facts []event.Fact, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		c.log.Error("rule crashed", "command", cmd.Type, "panic", p, "stack", string(debug.Stack()))
		facts = nil
		err = fault.New(fault.Internal, "This could not be done, because of a mistake on our side. Nothing was changed and the class goes on.").Because(ErrCrashed)
		if kind, _ := session.CommandOf(cmd.Type); kind.Feature != "" {
			err = fault.New(fault.FeatureDegraded, "This part of the class (%s) does not work now. Nothing was changed and the class goes on; please try again in a moment.", kind.Feature).
				With("feature", kind.Feature).Because(ErrCrashed)
		}
	}()
	return c.o.o.Decide(c.state, cmd)
}

// A crash is a panic in the turn of a caller.
type crash struct {
	panic any
	stack []byte
}

// decideNow decides and sends off what waits, in the turn of a caller, who then has it written (see write). A panic is the class's to end with, not its caller's.
func (c *class) decideNow() {
	c.lone = true
	defer func() {
		c.lone = false
		if p := recover(); p != nil {
			c.crash = &crash{p, debug.Stack()}
		}
	}()
	c.decide(c.ctx)
	if c.preparing != nil {
		c.send(c.ctx)
	}
}

// takeTurn takes the turn for the class's goroutine.
func (c *class) takeTurn() {
	c.turn.Lock()
	if c.crash != nil {
		panic(c.crash)
	}
}

// recovered ends the class's goroutine after a panic: the class is dropped from memory, and folded from its log by whoever
// asks for it next. Other classes do not notice. What is on its way to the log may be durable; its key tells.
func (c *class) recovered() {
	p := recover()
	if p == nil {
		return
	}
	stack := debug.Stack()
	if earlier, ok := p.(*crash); ok {
		p, stack = earlier.panic, earlier.stack
	}
	c.log.Error("class crashed; it will be folded again from its log", "panic", p, "stack", string(stack))
	c.failWith(fault.New(fault.Internal, "The class stumbled over a mistake on our side and is being restored. What was confirmed before is safe; ask again with the same key."))
	c.o.mu.Lock()
	if c.o.classes[c.id] == c {
		delete(c.o.classes, c.id)
	}
	c.o.mu.Unlock()
	items, reads := c.mail.close()
	for !c.flight.answered() {
		<-c.mail.wake
	}
	for _, b := range c.flight.pending() {
		items = append(items, b.items...)
	}
	if c.preparing != nil {
		items = append(items, c.preparing.items...)
	}
	for _, it := range items {
		it.finish(Answer{}, c.failed)
	}
	for _, f := range reads {
		f()
	}
	c.tail.close()
	c.behind.Wait()
	select {
	case <-c.ready:
	default:
		close(c.ready)
	}
}
