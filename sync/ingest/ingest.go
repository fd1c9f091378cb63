// Package ingest is the hub's side of replication: it takes the batches of edges, checks them, and has the events, the person keys and
// the edge's cursor committed in one transaction before it answers what is durable.
//
// What it decides is a step from (batch, what is stored, time) to (what to store, answer) without a clock, chance or a database
// (decide.go); around it is a thin shell that reads and writes. Nothing that an edge sends makes another edge wait, but for rows of
// sessions that both write to.
package ingest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"multistream/shared/event"
	"multistream/sync/wire"
)

// Bounds of a batch that edges are told.
const (
	batchEvents = 2000
	batchBytes  = 2 << 20
	// laterMillis is how long an edge waits when nothing can be stored.
	laterMillis = 1000
)

// Options say what ingest works with. All but Log are required.
type Options struct {
	Store   Store
	Key     ed25519.PrivateKey // signs receipts
	Sealing *wire.SealingKey   // person keys are sealed to it
	Lineage event.ID           // of the hub's database: a new one after a restore
	Log     *slog.Logger
}

// Ingest answers edges. It is safe for concurrent use and keeps nothing but counts.
type Ingest struct {
	o     Options
	seal  []byte // public
	proof []byte // by Key, of seal
	stats counters
}

// New makes an Ingest. It returns an error naming the option that is missing.
func New(o Options) (*Ingest, error) {
	switch {
	case o.Store == nil, len(o.Key) != ed25519.PrivateKeySize, o.Sealing == nil, o.Lineage.IsZero():
		return nil, errors.New("ingest: store, receipt key, sealing key and lineage must be given")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	in := &Ingest{o: o, seal: o.Sealing.Public()}
	in.proof = ed25519.Sign(o.Key, wire.SealStatement(o.Lineage, in.seal))
	return in, nil
}

// Answer gives the answer to one frame of the edge that the connection was proved to be of. There always is one: what fails here is
// told as "later", and nothing of the frame is stored then, or all of it, which the edge learns when it sends it again.
func (in *Ingest) Answer(ctx context.Context, from event.ID, frame []byte, now event.Time) []byte {
	f, err := wire.ReadFrame(frame)
	if err != nil {
		return in.refuse(f, from, &wire.Refusal{Code: wire.Corrupt, Why: err.Error()})
	}
	a, err := in.answer(ctx, from, f, now)
	if err != nil {
		in.o.Log.Error("what an edge sent could not be stored; it sends it again", "edge", from, "error", err)
		a = &wire.Refusal{Code: wire.Later, Wait: laterMillis, Why: "the hub can't store anything now"}
	}
	switch a := a.(type) {
	case *wire.Refusal:
		return in.refuse(f, from, a)
	case *wire.Welcome:
		return in.frame(wire.Frame{Kind: wire.KindWelcome, Level: a.Level, Number: f.Number, Body: a.Append(nil)})
	case *wire.Ack:
		in.stats.acks.Add(1)
		return in.frame(wire.Frame{Kind: wire.KindAck, Level: f.Level, Number: f.Number, Body: a.Append(nil)})
	}
	panic(fmt.Sprintf("ingest: an answer of type %T", a))
}

// answer gives a *wire.Welcome, *wire.Ack or *wire.Refusal.
func (in *Ingest) answer(ctx context.Context, from event.ID, f wire.Frame, now event.Time) (any, error) {
	edge, known, err := in.o.Store.Edge(ctx, from)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look up the edge: %w", err)
	case !known:
		return &wire.Refusal{Code: wire.Stranger, Why: "the hub does not know this edge: enrol it first"}, nil
	case f.Kind == wire.KindHello:
		return in.hello(ctx, edge, f.Body, now)
	case f.Level < wire.OldestLevel || f.Level > wire.Level:
		return refuseLevel(), nil
	case f.Kind == wire.KindBatch:
		return in.batch(ctx, edge, f.Body, now)
	}
	return &wire.Refusal{Code: wire.Malformed, Why: fmt.Sprintf("a message of kind %d is not one that an edge sends", f.Kind)}, nil
}

func refuseLevel() *wire.Refusal {
	return &wire.Refusal{Code: wire.NoLevel, Oldest: wire.OldestLevel, Newest: wire.Level,
		Why: fmt.Sprintf("the hub speaks levels %d to %d: update the side that is older", wire.OldestLevel, wire.Level)}
}

// refuse frames a refusal, at the oldest level: it can always be read.
func (in *Ingest) refuse(f wire.Frame, from event.ID, r *wire.Refusal) []byte {
	in.stats.refusals.Add(1)
	in.o.Log.Debug("refused what an edge sent", "edge", from, "code", r.Code, "reason", r.Why)
	return in.frame(wire.Frame{Kind: wire.KindRefusal, Level: wire.OldestLevel, Number: f.Number, Body: r.Append(nil)})
}

func (in *Ingest) frame(f wire.Frame) []byte {
	b, err := f.Append(nil)
	if err != nil {
		panic("ingest: an answer is larger than any can be: " + err.Error())
	}
	return b
}

// Stats are counts since the process began.
type Stats struct {
	Acks, Refusals            int64
	Events, Duplicates, Aside int64
	Alarms                    int64 // those that were raised again are counted again
}

type counters struct{ acks, refusals, events, duplicates, aside, alarms atomic.Int64 }

// Stats gives the counts of now.
func (in *Ingest) Stats() Stats {
	c := &in.stats
	return Stats{c.acks.Load(), c.refusals.Load(), c.events.Load(), c.duplicates.Load(), c.aside.Load(), c.alarms.Load()}
}
