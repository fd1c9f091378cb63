package bus

import (
	"errors"
	"time"
)

// Drill is a fault put in on purpose, to see that nothing else notices.
type Drill int32

// The drills.
const (
	None   Drill = iota
	Refuse       // the server stops within a second and does not start
	Hang         // NATS takes everything and answers nothing
	Crash        // the part panics within a second, and each time that it is started
)

var errRefuse = errors.New("a drill keeps the bus from running")

// drilling is a drill until a time.
type drilling struct {
	kind  Drill
	until time.Time
}

// SetDrill puts a fault in until a time, or takes it out with None; the bus then comes back with its next start.
func (b *Bus) SetDrill(d Drill, until time.Time) { b.drill.Store(&drilling{d, until}) }

// Drill gives the drill that goes on, and its end.
func (b *Bus) Drill() (d Drill, until time.Time) {
	now := b.drill.Load()
	if now == nil || !time.Now().Before(now.until) {
		return None, time.Time{}
	}
	return now.kind, now.until
}

func (b *Bus) drilled() error {
	switch kind, _ := b.Drill(); kind {
	case Refuse:
		return errRefuse
	case Crash:
		panic("a drill makes the bus crash")
	}
	return nil
}
