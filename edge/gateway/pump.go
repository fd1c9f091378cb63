package gateway

import (
	"runtime"
	"sync"
	"time"

	"multistream/edge/gateway/websocket"
	"multistream/shared/event"
	"multistream/shared/session"
)

const (
	pumpSeats = 64 // how many sockets a further goroutine is worth
	pumpBreak = 64 // sockets after which others may have the processor: about half a millisecond
)

// pump writes what is new to a part of a hall. It waits for nobody.
type pump struct {
	g       *Gateway
	entries []Entry
	pen     *websocket.Pen
	sheets  []sheet
	written int // frames
	bytes   int
}

// sheet is what all get who have the same standing and were told the same.
type sheet struct {
	standing   session.Standing
	from, upTo int64 // that they were told, and have
	epoch      int64 // and will have
	reached    int64
	since      time.Time
	own        bool            // each must be served by their own writer
	frame      websocket.Frame // nil: nothing that they may see
}

// pump writes entries to all seats, by as many goroutines as there are processors, and gives the writers that must go on by
// themselves. The lock is held.
func (h *hall) pump(entries []Entry) (own []*socketWriter) {
	parts := min(runtime.GOMAXPROCS(0), 1+len(h.seats)/pumpSeats)
	left := make([][]*socketWriter, parts)
	var all sync.WaitGroup
	for k := range parts {
		seats := h.seats[len(h.seats)*k/parts : len(h.seats)*(k+1)/parts]
		if k == parts-1 {
			left[k] = h.part(seats, entries)
			break
		}
		all.Go(func() { left[k] = h.part(seats, entries) })
	}
	all.Wait()
	for _, some := range left {
		own = append(own, some...)
	}
	return own
}

func (h *hall) part(seats []*socketWriter, entries []Entry) (own []*socketWriter) {
	p := pump{g: h.g, entries: entries, pen: websocket.NewPen()}
	defer func() {
		h.g.metrics.pumped(p.written, p.bytes)
		if r := recover(); r != nil {
			h.failed(r)
			own = seats
		}
	}()
	for i, w := range seats {
		if i%pumpBreak == pumpBreak-1 {
			runtime.Gosched()
		}
		if !w.serve(&p) {
			own = append(own, w)
		}
	}
	return own
}

// sheet finds or makes the sheet for a writer.
func (p *pump) sheet(b *batch) *sheet {
	for i := range p.sheets {
		if g := &p.sheets[i]; g.standing == b.standing && g.from == b.from && g.upTo == b.upTo {
			return g
		}
	}
	g := sheet{standing: b.standing, from: b.from, upTo: b.upTo}
	all := batch{standing: b.standing, epoch: b.epoch, from: b.from, upTo: b.upTo}
	for _, e := range p.entries {
		g.own = g.own || all.add(e) != goOn
	}
	g.epoch, g.reached, g.since = all.epoch, all.upTo, all.since
	if len(all.copies) > 0 {
		g.frame = websocket.AppendFrame(nil, websocket.MessageText, all.appendTo(nil))
	}
	p.sheets = append(p.sheets, g)
	return &p.sheets[len(p.sheets)-1]
}

// apart tells whether somebody gets something else than others of their standing.
func (p *pump) apart(user event.ID) bool {
	for _, e := range p.entries {
		if e.Refresh(user) || e.Personal(user) {
			return true
		}
	}
	return false
}

// serve writes to one socket what is new. It gives false where its own writer must do that, or what follows from it.
func (w *socketWriter) serve(p *pump) bool {
	if !w.mu.TryLock() {
		return false
	}
	defer w.mu.Unlock()
	if w.ctx.Err() != nil || w.over {
		return false
	}
	g := p.sheet(&w.batch)
	switch {
	case g.own || p.apart(w.user):
		return false
	case g.reached == w.upTo: // it came here with more than the hall had
		return true
	case g.frame == nil:
		w.epoch, w.upTo = g.epoch, g.reached
		if w.skip.IsZero() {
			w.skip = time.Now().Add(p.g.o.Pace.Skip)
			w.ring() // to wait no longer than that
		}
		return true
	}
	became := p.pen.Offer(w.socket.conn, w.by, g.frame)
	if became == websocket.Refused {
		return false
	}
	now := time.Now()
	w.epoch, w.from, w.upTo, w.skip = g.epoch, g.reached, g.reached, time.Time{}
	w.writeBy(now)
	w.beat = now.Add(p.g.o.Pace.Beat)
	w.torn = became == websocket.Torn
	p.written, p.bytes = p.written+1, p.bytes+len(g.frame)
	if !g.since.IsZero() {
		p.g.metrics.fanout.Observe(now.Sub(g.since).Seconds())
	}
	return !w.torn
}
