// Package feed is the hub's side of the road down to edges: it says which schools an edge serves and where their directories are, answers
// what changed since a version page by page, gives edges what is to be done, and takes what became of it.
//
// It keeps nothing between two questions: a page's token says where the next one begins. Rows of several pages are as of several
// moments; the edge evens that out (sync/pull).
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/sync/wire"
)

// Bounds of a page.
const (
	pageRows  = 2000
	pageBytes = 512 << 10
	pageKeys  = 2000
	// laterMillis is how long an edge waits when nothing can be read.
	laterMillis = 1000
)

// Source is what feed wants of the hub's database. Every source passes the suite feedtest. It gives nothing of a school to an edge that
// does not serve it.
type Source interface {
	// Schools lists the schools that an edge serves; known is false if there is no such edge.
	Schools(ctx context.Context, edge event.ID) (schools []wire.School, known bool, err error)
	// Read gives rows of one school in the order of their places, as they are at one moment. It returns ErrNotServed.
	Read(ctx context.Context, q Query) (Part, error)
	// Commands gives those of schools that the edge serves that have no outcome yet, oldest first; more tells that there are more than limit.
	Commands(ctx context.Context, edge event.ID, limit int) (commands []wire.Command, more bool, err error)
	// Done stores outcomes of an edge, all or none. The first outcome of a command, and of a plan's revision, stays. One of what the edge was
	// never asked is left out.
	Done(ctx context.Context, edge event.ID, outcomes []directory.Outcome) error
}

// ErrNotServed says that a school is none of the edge's.
var ErrNotServed = errors.New("the edge does not serve this school")

// Query asks for rows.
type Query struct {
	Edge, Tenant event.ID
	Lineage      event.ID // rows of another one are all given, from the first; absent with Since 0 and without After
	Since        int64    // rows that changed after this version, and, above 0, those that are gone since
	After        Place    // the last one that is here already; zero: begin with the first
	Rows, Keys   int      // at most
	Bytes        int      // about, of rows
}

// Place is where a row stands. Person keys stand after all rows, under a kind of their own.
type Place struct {
	Kind directory.RowKind // PlaceKeys for a person key
	Key  string
	Gone bool // rows that are gone stand after all others of their kind
}

// PlaceKeys is the kind of the places of person keys.
const PlaceKeys directory.RowKind = 255

// Part is what a Source has read, all of it as of one moment.
type Part struct {
	Lineage event.ID
	Version int64 // of the school at that moment
	// Again says that the lineage is not the one that was asked, so that Rows begin with the first of all there is.
	Again bool
	Rows  []directory.Row
	Keys  []event.PersonKey
	More  bool  // there is more after Last
	Last  Place // of the last row or key
}

// Feed answers edges. It is safe for concurrent use.
type Feed struct {
	source Source
	log    *slog.Logger
	stats  counters
}

// New makes a Feed over a source; log may be nil.
func New(source Source, log *slog.Logger) *Feed {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Feed{source: source, log: log}
}

// Answer gives the answer to one frame of the edge that the connection was proved to be of. There always is one.
func (f *Feed) Answer(ctx context.Context, from event.ID, frame []byte) []byte {
	in, err := wire.ReadFrame(frame)
	if err != nil {
		return f.refuse(in, from, &wire.Refusal{Code: wire.Corrupt, Why: err.Error()})
	}
	a, err := f.answer(ctx, from, in)
	switch {
	case errors.Is(err, ErrNotServed):
		a = &wire.Refusal{Code: wire.Tenant, Why: "this edge does not serve the school"}
	case err != nil:
		f.log.Error("an edge's question could not be answered; it asks again", "edge", from, "error", err)
		a = &wire.Refusal{Code: wire.Later, Wait: laterMillis, Why: "the hub can't read its directory now"}
	}
	switch a := a.(type) {
	case *wire.Refusal:
		return f.refuse(in, from, a)
	case *wire.Schools:
		f.stats.looks.Add(1)
		return f.frame(wire.Frame{Kind: wire.KindSchools, Level: a.Level, Number: in.Number, Body: a.Append(nil)})
	case *wire.Page:
		f.stats.pages.Add(1)
		f.stats.rows.Add(int64(len(a.Rows)))
		return f.frame(wire.Frame{Kind: wire.KindPage, Level: in.Level, Number: in.Number, Body: a.Append(nil)})
	}
	panic(fmt.Sprintf("feed: an answer of type %T", a))
}

// Nudge gives the frame that makes an edge look again. It says nothing, so it may be lost, doubled and read by anybody.
func Nudge() []byte {
	b, err := wire.Frame{Kind: wire.KindNudge, Level: wire.OldestLevel}.Append(nil)
	if err != nil {
		panic("feed: a frame of nothing is too large: " + err.Error())
	}
	return b
}

// answer gives a *wire.Schools, *wire.Page or *wire.Refusal.
func (f *Feed) answer(ctx context.Context, from event.ID, in wire.Frame) (any, error) {
	switch {
	case in.Kind == wire.KindLook:
		return f.look(ctx, from, in.Body)
	case in.Level < wire.OldestLevel || in.Level > wire.Level:
		return refuseLevel(), nil
	case in.Kind == wire.KindAsk:
		return f.ask(ctx, from, in.Body)
	}
	return &wire.Refusal{Code: wire.Malformed, Why: fmt.Sprintf("a message of kind %d is not one that is answered here", in.Kind)}, nil
}

func refuseLevel() *wire.Refusal {
	return &wire.Refusal{Code: wire.NoLevel, Oldest: wire.OldestLevel, Newest: wire.Level,
		Why: fmt.Sprintf("the hub speaks levels %d to %d: update the side that is older", wire.OldestLevel, wire.Level)}
}

func (f *Feed) refuse(in wire.Frame, from event.ID, r *wire.Refusal) []byte {
	f.stats.refusals.Add(1)
	f.log.Debug("refused what an edge asked", "edge", from, "code", r.Code, "reason", r.Why)
	return f.frame(wire.Frame{Kind: wire.KindRefusal, Level: wire.OldestLevel, Number: in.Number, Body: r.Append(nil)})
}

func (f *Feed) frame(fr wire.Frame) []byte {
	b, err := fr.Append(nil)
	if err != nil {
		panic("feed: an answer is larger than any can be: " + err.Error())
	}
	return b
}

// Stats are counts since the process began.
type Stats struct{ Looks, Pages, Rows, Refusals int64 }

type counters struct{ looks, pages, rows, refusals atomic.Int64 }

// Stats gives the counts of now.
func (f *Feed) Stats() Stats {
	c := &f.stats
	return Stats{c.looks.Load(), c.pages.Load(), c.rows.Load(), c.refusals.Load()}
}
