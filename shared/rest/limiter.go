package rest

import (
	"sync"
	"time"
)

// maxBuckets bounds the memory of a limiter. Beyond it whoever is not known yet shares one bucket, which is generous.
const maxBuckets = 20_000

// Limiter is a token bucket for each key.
type Limiter struct {
	burst float64
	per   time.Duration // time in which burst tokens come back
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	rest    bucket // of all who find no place
	swept   time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

// NewLimiter makes one that gives each key burst tokens in a time.
func NewLimiter(burst int, per time.Duration, now func() time.Time) *Limiter {
	return &Limiter{burst: float64(burst), per: per, now: now, buckets: map[string]*bucket{}, rest: bucket{tokens: float64(burst) * 100}}
}

// Take takes one token. If there is none it tells when there will be one.
func (l *Limiter) Take(key string) (wait time.Duration, ok bool) { return l.spend(key, 1) }

// Has tells whether there is a token, and takes none.
func (l *Limiter) Has(key string) (wait time.Duration, ok bool) { return l.spend(key, 0) }

func (l *Limiter) spend(key string, tokens float64) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, known := l.buckets[key]
	burst := l.burst
	switch {
	case known:
	case len(l.buckets) < maxBuckets || l.sweep(now):
		b = &bucket{tokens: burst, at: now}
		l.buckets[key] = b
	default:
		b, burst = &l.rest, l.burst*100
	}
	if elapsed := now.Sub(b.at); elapsed > 0 { // a clock that jumped back gives nothing and takes nothing
		b.tokens = min(burst, b.tokens+burst*elapsed.Seconds()/l.per.Seconds())
	}
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / burst * float64(l.per)), false
	}
	b.tokens -= tokens
	return 0, true
}

// Wait tells how long there will be no token, 0 if there is one, and takes none.
func (l *Limiter) Wait(key string) time.Duration {
	wait, ok := l.Take(key)
	if ok {
		l.Back(key)
	}
	return wait
}

// Back gives a token back that was taken for nothing.
func (l *Limiter) Back(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, known := l.buckets[key]; known {
		b.tokens = min(l.burst, b.tokens+1)
		return
	}
	l.rest.tokens++
}

// sweep forgets full buckets, at most once a second, and tells whether there is room again.
func (l *Limiter) sweep(now time.Time) bool {
	if since := now.Sub(l.swept); 0 <= since && since < time.Second {
		return false
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.at) >= l.per {
			delete(l.buckets, key)
		}
	}
	return len(l.buckets) < maxBuckets
}
