package pull

import (
	"time"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// Input is what happened.
type Input interface{ input() }

// The inputs. Tick says only that time has passed.
type (
	// LinkUp: there may be somebody to talk to.
	LinkUp struct{}
	// LinkDown: there is nobody for certain.
	LinkDown struct{}
	// Nudged: the hub has something new.
	Nudged struct{}
	// Reply is the answer to the request of that number.
	Reply struct {
		Number uint64
		Frame  []byte
	}
	// NoAnswer: nobody is there to take the request of that number.
	NoAnswer struct{ Number uint64 }
	// Applied: a change is durable, or Err says why nothing of it is.
	Applied struct {
		Plans int // that wait to be settled
		Err   error
	}
	// Settled: what became of plans and commands, durable; Left of them could not be settled now.
	Settled struct {
		Outcomes []directory.Outcome
		Left     int
		Err      error
	}
	// Saved: what was told or confirmed is kept, or Err.
	Saved struct{ Err error }
	Tick  struct{}
)

func (LinkUp) input()   {}
func (LinkDown) input() {}
func (Nudged) input()   {}
func (Reply) input()    {}
func (NoAnswer) input() {}
func (Applied) input()  {}
func (Settled) input()  {}
func (Saved) input()    {}
func (Tick) input()     {}

// Effect is what is to be done. Each Apply is answered by an Applied, each Settle by a Settled, each Save by a Saved; a Send by a Reply or a
// NoAnswer, or not at all.
type Effect interface{ effect() }

// The effects.
type (
	// Send asks the hub.
	Send struct {
		Number uint64
		Frame  []byte
	}
	// Apply writes a whole version of a school, or nothing.
	Apply struct{ Change directory.Change }
	// Settle adopts what is planned, and does what the hub asks.
	Settle struct{ Commands []wire.Command }
	// Save keeps which outcomes the hub has, and which schools it said to be current.
	Save struct {
		Told      []directory.Outcome
		Confirmed []event.ID
		At        time.Time
	}
)

func (Send) effect()   {}
func (Apply) effect()  {}
func (Settle) effect() {}
func (Save) effect()   {}
