// Package ingesttest is the suite that every store of ingest passes: what an edge sends through ingest, and what the store then holds.
package ingesttest

import (
	"context"
	"testing"

	"multistream/shared/event"
	"multistream/sync/ingest"
	"multistream/sync/wire"
)

// Subject is a store, with what the suite must see and do besides.
type Subject interface {
	ingest.Store
	AddEdge(ctx context.Context, e ingest.Edge) error                            // a second time: its schools are these from now on
	Events(ctx context.Context, r ingest.Ref) ([]event.Event, error)             // the log of a session, in order
	Aside(ctx context.Context, s ingest.Stream) ([]ingest.Aside, error)          // in order of position
	Cursor(ctx context.Context, s ingest.Stream) (ingest.Cursor, error)          // zero for a stream that is not there
	Alarms(ctx context.Context) ([]ingest.Alarm, error)                          // in the order in which they were raised
	Receipts(ctx context.Context, r ingest.Ref) ([]event.Receipt, error)         // lowest sequence first
	Heads(ctx context.Context, r ingest.Ref) ([]event.Head, error)               // signed by edges
	PersonKey(ctx context.Context, k wire.KeyRef) (event.PersonKey, bool, error) // false: not there
	Erase(ctx context.Context, tenant, person event.ID) error                    // destroys a person's keys, for ever
}

// Run tests a store; open gives an empty one each time.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, b *box)
	}{
		{"stores what it acknowledges", testStores},
		{"duplicates are harmless", testDuplicates},
		{"a gap is told", testGap},
		{"a damaged batch is asked for again", testCorrupt},
		{"another event at a position fences", testOtherAtPosition},
		{"another event at a sequence fences", testOtherAtSequence},
		{"another event before the batch fences", testOtherBefore},
		{"an edge behind its own cursor is fenced", testAhead},
		{"another school is refused", testTenant},
		{"a broken chain holds its session alone", testChain},
		{"content that is not its hash's holds its session", testContent},
		{"a key used twice holds its session", testClash},
		{"another edge's event holds its session", testForeign},
		{"who lost a session is kept aside", testSuperseded},
		{"person keys come before what they open", testKeys},
		{"destroyed keys never come back", testDestroyed},
		{"receipts are paced", testReceipts},
		{"signed heads are kept and checked", testHeads},
		{"strangers and other languages are refused", testStrangers},
		{"many at once", testMany},
		{"one stream, one transaction", testLocks},
		{"an error undoes everything", testUndone},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newBox(t, open)) })
	}
}
