package identity

import (
	"sync"
	"time"
)

// pacer allows some wrong tries, and then one every so often.
type pacer struct {
	most  int
	every time.Duration
	now   func() time.Time

	mu   sync.Mutex
	left int
	last time.Time // when left was counted
}

// blocked tells how long nobody may try; 0: now.
func (p *pacer) blocked() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refill()
	if p.left > 0 {
		return 0
	}
	return p.every - p.now().Sub(p.last)
}

// take notes a wrong try.
func (p *pacer) take() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refill()
	p.left = max(0, p.left-1)
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
