package features

import "time"

// boundary is the state of one feature; the Set's lock guards it.
type boundary struct {
	name     string
	drill    *Drill
	hanging  int    // callers held on to
	failures int    // in a row
	total    uint64 // since the box started
	suspect  string // why it failed since the last look; "" if it did not

	reason   string // why it is degraded; "" while it works
	since    time.Time
	restored time.Time     // when it last came back
	pause    time.Duration // before it is tried again
	retry    time.Time
}

// failed notes a failure; Run looks into it at once.
func (s *Set) failed(b *boundary, reason string) {
	s.mu.Lock()
	b.failures++
	b.total++
	b.suspect = reason
	s.mu.Unlock()
	s.ring()
}

// look decides about a boundary after its probe ended with failure ("" for well), and tells whether its state changed.
func (b *boundary) look(now time.Time, failure string) (changed bool) {
	suspect := b.suspect
	b.suspect = ""
	switch {
	case b.reason == "" && failure != "":
		b.degrade(now, failure)
		return true
	case b.reason == "" && suspect != "" && b.failures >= inARow:
		b.degrade(now, suspect)
		return true
	case b.reason != "" && failure == "":
		b.reason, b.since, b.restored, b.failures = "", time.Time{}, now, 0
		return true
	case b.reason != "" && failure != b.reason: // it fails in another way now
		b.reason, b.retry = failure, now.Add(b.pause)
		return true
	case b.reason != "":
		b.retry = now.Add(b.pause)
	}
	return false
}

// degrade grows the pause where the feature had come back only a short while ago, so that it does not flicker.
func (b *boundary) degrade(now time.Time, reason string) {
	b.pause = max(firstPause, min(2*b.pause, mostPause))
	if now.Sub(b.restored) > 2*mostPause {
		b.pause = firstPause
	}
	b.reason, b.since, b.retry = reason, now, now.Add(b.pause)
}

// due tells whether the feature must be probed.
func (b *boundary) due(now time.Time) bool {
	return b.suspect != "" && b.reason == "" || b.reason != "" && !now.Before(b.retry)
}
