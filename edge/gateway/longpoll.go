package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
)

// pollBytes is about how much one answer holds; the client comes for the rest at once.
const pollBytes = 512 << 10

// Frames answer a poll.
type Frames struct {
	Frames []Frame `json:"frames"` // what the socket would have told, in order: at least one; an error is the last
}

// Frame is one message of the socket, encoded already.
type Frame []byte

// MarshalJSON gives the bytes as they are.
func (f Frame) MarshalJSON() ([]byte, error) { return f, nil }

// AppendJSON does the same where they need no check: they were encoded here.
func (f Frame) AppendJSON(dst []byte) ([]byte, error) { return append(dst, f...), nil }

// poll is one request for frames: a writer that ends as soon as there is something to tell.
type poll struct {
	writer
	frames []Frame
	size   int
	state  string // of the class, as the client knows it
}

// pollAsked is what the address of a poll asks for.
type pollAsked struct {
	after  event.Position
	resume bool
	wait   time.Duration
	state  string
}

func (g *Gateway) pollAsked(r *http.Request) (pollAsked, error) {
	q := r.URL.Query()
	a := pollAsked{wait: g.o.Pace.Poll, state: "live"}
	if text := q.Get("wait"); text != "" {
		seconds, err := strconv.Atoi(text)
		if l := limits.Table["poll_wait"]; err != nil || seconds < l.Min || seconds > l.Max {
			return a, fault.At(fault.InvalidField, "wait", "wait must be a whole number of seconds from %d to %d.", l.Min, l.Max)
		}
		a.wait = min(a.wait, max(time.Duration(seconds)*time.Second, g.o.Pace.Gather))
	}
	if text := q.Get("status"); text != "" {
		if a.state = text; text != "live" && text != "halted" {
			return a, fault.At(fault.InvalidField, "status", "status must be live or halted, as the last status said.")
		}
	}
	if r.ContentLength != 0 {
		return a, fault.New(fault.InvalidBody, "This request takes no body.")
	}
	var err error
	a.after, a.resume, err = rest.ParsePosition(q.Get("after"))
	return a, err
}

// frames answers what the socket would have told after a position. It waits while there is nothing, and counts as a
// connection meanwhile and for a moment after, so that the next poll finds its person still there.
func (g *Gateway) frames(c *rest.Call) (any, error) {
	asked, err := g.pollAsked(c.R)
	if err != nil {
		return nil, err
	}
	if err := g.admit(c.Who.UserID, g.metrics.polls); err != nil {
		return nil, err
	}
	defer g.release(c.Who.UserID, g.metrics.polls)
	ctx, cancel := context.WithCancel(c.R.Context())
	defer cancel()
	defer context.AfterFunc(g.base, cancel)()
	p := &poll{writer: writer{g: g, who: c.Who, session: c.Session, ctx: ctx}, state: asked.state}
	p.write = p.take
	defer p.end()
	switch err = p.run(asked); {
	case errors.Is(c.R.Context().Err(), context.Canceled): // the client is gone; nothing of it stays
		return rest.Written{}, nil
	case err == nil, g.base.Err() != nil, errors.Is(err, io.EOF):
		if p.epoch == 0 {
			return nil, fault.New(fault.Busy, "The box is about to start again. Please try again in a moment.")
		}
		if p.upTo > p.from || len(p.frames) == 0 {
			if err := p.flush("skip"); err != nil {
				return nil, err
			}
		}
		g.hold(seat{c.Session, c.Who.UserID}, &p.stream)
	case len(p.frames) == 0:
		return nil, err
	default: // what came before it counts too
		p.frames = append(p.frames, errorFrame(rest.ToFault(err), "", rest.RequestID(c.R)))
	}
	return Frames{p.frames}, nil
}

// run gathers frames until it is time to answer. Its error is why the person gets no more, or io.EOF.
func (p *poll) run(asked pollAsked) error {
	began := time.Now()
	err := p.begin(asked.after, asked.resume)
	p.g.letGo(seat{p.session, p.who.UserID}, nil) // this poll is the connection now, or there is none any more
	if err != nil {
		return err
	}
	if len(p.frames) > 0 {
		return nil // a view: the sooner it is there the better
	}
	for p.size < pollBytes {
		at := began.Add(asked.wait)
		if len(p.frames) > 0 {
			at = began.Add(min(p.g.o.Pace.Gather, asked.wait))
		}
		u, err := p.stream.Next(p.wake.atMost(p.ctx, at))
		switch {
		case err == nil:
			if u.Status != nil && u.Status.State == p.state {
				u.Status = nil
			}
			err = p.update(u)
		case p.ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
			if err = nil; !time.Now().Before(at) {
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *poll) take(kind string, b []byte) error {
	p.frames = append(p.frames, slices.Clone(b))
	p.size += len(b)
	p.g.metrics.frame(kind, len(b))
	return nil
}
