// Package wire is the language between an edge and the hub: frames with a digest of their own, and what is said in them. It knows
// no side of it, no clock and no connection. What a peer sent is bounded before it is taken apart, and taken apart strictly: every
// message has exactly one form.
package wire

import (
	"errors"
	"fmt"
)

// Level is the newest form of the language that this program speaks, OldestLevel the oldest. A number is never used again; what one
// level says is what both sides send and read.
const (
	Level       = 1
	OldestLevel = 1
)

// History says what each level brought, one dated line a level, oldest first.
var History = []struct {
	Level uint16
	Since string
	What  string
}{
	{1, "2026-11-28", "hello, welcome, batch, ack, refusal: events, person keys and signed heads from an edge to the hub; " +
		"look, schools, ask, page, nudge: the directory, plans, person keys and commands from the hub to an edge"},
}

// Agree gives the level that a peer who speaks from oldest to newest and this program speak, the highest of both. ok is false if they
// have none in common.
func Agree(oldest, newest uint16) (level uint16, ok bool) {
	level = min(newest, Level)
	return level, level >= max(oldest, OldestLevel) && oldest <= newest
}

// Bounds of what a peer may send. A decoder refuses more before it makes room for it.
const (
	MaxBody      = 4 << 20         // bytes of a message before compression; an event has 1 MiB at most
	MaxFrame     = MaxBody + 1<<14 // bytes of a frame: what can't be compressed grows a little
	MaxEvents    = 5000            // of a batch
	MaxKeys      = 5000            // person keys of a batch, or asked for by a refusal
	MaxHeads     = 5000            // signed heads of a batch; heads, receipts and held sessions of an ack
	maxKeysBlob  = 1 << 20
	maxSignKeys  = 64
	maxName      = 255 // bytes of a type and of an idempotency key
	maxSentence  = 1000
	maxSignature = 64
)

// Errors of decoding. Any other error is none of the peer's.
var (
	// ErrCorrupt: the bytes are not those that were sent; ask again.
	ErrCorrupt = errors.New("damaged on the way")
	// ErrMalformed: the bytes are those that were sent, and are no message of this kind and level; asking again does not help.
	ErrMalformed = errors.New("not a message of this language")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
