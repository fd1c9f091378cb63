package identity

import "time"

// Clock is what identity knows of time. Tests give their own.
type Clock interface {
	// Wall is the date as the machine believes it to be. It is read once, when a Service is made.
	Wall() time.Time
	// Elapsed is the time since some fixed moment, from a source that nobody can set.
	Elapsed() time.Duration
}

// SystemClock reads the machine's clock and its monotonic counter.
func SystemClock() Clock { return systemClock{start: time.Now()} }

type systemClock struct{ start time.Time }

func (systemClock) Wall() time.Time          { return time.Now() }
func (c systemClock) Elapsed() time.Duration { return time.Since(c.start) } // monotonic: start carries the reading

// steadyClock is the time that tokens, lock-outs and sign-ins are judged by: the wall time at start plus the monotonic
// time since then. The wall clock is never read again, so an operator, NTP or a bad battery that moves it by a day, either
// way, changes nothing: what had ten minutes left still has ten minutes left.
//
// What follows from that: while the process lives, its idea of the date keeps the error that the wall clock had at start
// (a restart takes the corrected date), and time in which the machine was suspended does not count. Tokens from before a
// restart with another date may be outside their time; they are answered token_expired, and the refresh token, which is
// good for weeks and has no earliest time, gets a new pair.
type steadyClock struct {
	source Clock
	base   time.Time
	from   time.Duration
}

func newSteadyClock(source Clock) *steadyClock {
	// Round(0) drops the monotonic reading, so that no comparison mixes the two.
	return &steadyClock{source: source, base: source.Wall().Round(0).UTC(), from: source.Elapsed()}
}

// Now gives the corrected time, in UTC.
func (c *steadyClock) Now() time.Time { return c.base.Add(c.source.Elapsed() - c.from) }
