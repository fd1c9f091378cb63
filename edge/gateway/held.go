package gateway

import (
	"time"

	"multistream/shared/event"
)

// seat is somebody's place in a class.
type seat struct{ session, user event.ID }

// held keeps somebody who polls connected between two polls: closing the stream tells the class that they are gone.
type held struct {
	stream Stream
	timer  *time.Timer
}

// hold takes a stream over, for Pace.Linger or until the next poll.
func (g *Gateway) hold(s seat, stream *Stream) {
	if *stream == nil {
		return
	}
	h := &held{stream: *stream}
	*stream = nil
	g.mu.Lock()
	before := g.held[s]
	if g.base.Err() == nil {
		g.held[s] = h
		h.timer = time.AfterFunc(g.o.Pace.Linger, func() { g.letGo(s, h) })
	}
	stopping := h.timer == nil
	g.mu.Unlock()
	if before != nil {
		before.end()
	}
	if stopping {
		h.end()
	}
}

// letGo ends what is held for a seat: only if it is this one, or whatever it is if only is nil.
func (g *Gateway) letGo(s seat, only *held) {
	g.mu.Lock()
	h := g.held[s]
	if h == nil || only != nil && h != only {
		g.mu.Unlock()
		return
	}
	delete(g.held, s)
	g.mu.Unlock()
	h.end()
}

func (g *Gateway) letAllGo() {
	g.mu.Lock()
	all := g.held
	g.held = map[seat]*held{}
	g.mu.Unlock()
	for _, h := range all {
		h.end()
	}
}

func (h *held) end() {
	if h.timer != nil {
		h.timer.Stop()
	}
	h.stream.Close()
}
