package identity

import (
	"sync"
	"time"
)

// pacer allows some tries, and then one every so often.
type pacer struct {
	most  int
	every time.Duration
	now   func() time.Time

	mu   sync.Mutex
	left int
	last time.Time // when left was counted
}

// take takes one of the tries, or tells how long nobody may try. A try is taken before it is judged, so that many at once get
// no more of them.
func (p *pacer) take() (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refill()
	if p.left == 0 {
		return p.every - p.now().Sub(p.last)
	}
	p.left--
	return 0
}

func (p *pacer) refill() {
	now := p.now()
	if p.last.IsZero() {
		p.last = now
	}
	if n := int(now.Sub(p.last) / p.every); n > 0 {
		p.left = min(p.most, p.left+n)
		p.last = p.last.Add(time.Duration(n) * p.every)
	}
}
