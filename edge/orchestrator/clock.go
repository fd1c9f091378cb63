package orchestrator

import (
	"time"

	"multistream/shared/event"
)

// clock is the time of one class. It is anchored to the wall clock when the class is loaded and then goes on by the
// monotonic clock, so that a wall clock that jumps moves neither timestamps nor timers of a running class.
type clock struct {
	wall   time.Time
	anchor time.Time // carries the monotonic reading
}

// newClock anchors at now, or at the class's last event if that is later: time never goes backwards in a class.
func newClock(now time.Time, last event.Time) clock {
	if last.Std().After(now) {
		now = last.Std()
	}
	return clock{wall: now.Round(0), anchor: time.Now()}
}

func (k clock) now() event.Time { return event.TimeOf(k.wall.Add(time.Since(k.anchor))) }

// until is how long to wait for t.
func (k clock) until(t event.Time) time.Duration {
	return time.Duration(t-k.now()) * time.Millisecond
}
