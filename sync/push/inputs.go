package push

import (
	"time"

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
	// Log: these are the lives of the log now, oldest first. Their cursors are of no interest.
	Log struct{ Lives []Life }
	// Reply is the answer to the request of that number.
	Reply struct {
		Number uint64
		Frame  []byte
	}
	// NoAnswer: nobody is there to take the request of that number.
	NoAnswer struct{ Number uint64 }
	// Saved: what was to be saved is durable, or Err.
	Saved struct{ Err error }
	Tick  struct{}
)

// Composed is the batch that was asked for. If Err is not nil the log could not be read now.
type Composed struct {
	After int64
	Body  []byte // of the batch; none if there is nothing to send
	UpTo  int64
	Hash  event.Hash // of the event at UpTo
	Time  event.Time // of that event
	Count int        // events
	Full  bool       // there is more, or may be
	Left  []int64    // positions whose rows can't be read
	Keys  []wire.KeyRef
	Ends  []event.Head // unsigned: the last event of each session in it
	Heads []event.Head // signed ones in it
	Busy  bool         // the log's writer has work waiting
	Err   error
}

func (LinkUp) input()   {}
func (LinkDown) input() {}
func (Log) input()      {}
func (Reply) input()    {}
func (NoAnswer) input() {}
func (Saved) input()    {}
func (Tick) input()     {}
func (Composed) input() {}

// Effect is what is to be done. Each Compose is answered by a Composed, each Save by a Saved; a Send by a Reply or a NoAnswer, or not at
// all.
type Effect interface{ effect() }

// The effects.
type (
	// Send asks the hub.
	Send struct {
		Number uint64
		Frame  []byte
	}
	// Compose makes a batch of what follows After.
	Compose struct {
		Incarnation   event.ID
		After         int64
		AfterHash     event.Hash // what the hub said it has there; the log's own word goes first
		Events, Bytes int        // at most; one event goes in every case
		SealKey       []byte
		Known         func(wire.KeyRef) bool // keys that the hub has
		Heads         []Touched
	}
	// Save keeps receipts and how far a life is confirmed. Receipts have been verified.
	Save struct {
		Incarnation event.ID
		Cursor      Cursor
		At          time.Time
		Receipts    []event.Receipt
	}
)

func (Send) effect()    {}
func (Compose) effect() {}
func (Save) effect()    {}
