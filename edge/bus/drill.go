package bus

import "errors"

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

// SetDrill puts a fault in, or takes it out with None; the bus then comes back with its next start.
func (b *Bus) SetDrill(d Drill) { b.drill.Store(int32(d)) }

func (b *Bus) drilled() error {
	switch Drill(b.drill.Load()) {
	case Refuse:
		return errRefuse
	case Crash:
		panic("a drill makes the bus crash")
	}
	return nil
}
