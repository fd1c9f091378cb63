package linktest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"testing"
	"time"

	"multistream/edge"
	"multistream/edge/sqlite"
	"multistream/hub/bus"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
	"multistream/shared/run"
	"multistream/sync/ingest"
	"multistream/sync/ingest/memstore"
	"multistream/sync/push"
	"multistream/sync/synctest"
	"multistream/sync/wire"
)

// site is one edge, a hub, and the WAN between them.
type site struct {
	t     *testing.T
	log   *sqlite.Store
	way   *edge.Replication
	store *memstore.Store
	wan   *proxy
	class *eventlogtest.Chain
	wrote []event.Event
}

func newSite(t *testing.T) *site {
	t.Helper()
	ctx := context.Background()
	s := &site{t: t, store: memstore.New(), class: eventlogtest.NewChain(event.NewID())}
	var err error
	if s.log, err = sqlite.Open(ctx, sqlite.Options{Dir: t.TempDir(), ReserveBytes: -1, EdgeID: s.class.Edge}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.log.Close() })
	hubKey := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	sealing, err := wire.NewSealingKey(bytes.Repeat([]byte{4}, 32))
	if err != nil {
		t.Fatal(err)
	}
	hub, err := ingest.New(ingest.Options{Store: s.store, Key: hubKey, Sealing: sealing, Lineage: event.NewID()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.AddEdge(ctx, ingest.Edge{ID: s.log.EdgeID(), Tenants: []event.ID{s.class.Tenant}}); err != nil {
		t.Fatal(err)
	}
	// The hub must know the edge's key, and the edge the hub's address: the proxy's is known first.
	if s.wan, err = newProxy(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.wan.close)
	quiet := slog.New(slog.DiscardHandler)
	if os.Getenv("LINK_LOG") != "" {
		quiet = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if s.way, err = edge.NewReplication(s.log, s.wan.addr(), hubKey.Public().(ed25519.PublicKey), quiet); err != nil {
		t.Fatal(err)
	}
	b, err := bus.New(bus.Options{Addr: "127.0.0.1:0", Edges: []bus.Edge{{ID: s.log.EdgeID(), Key: s.way.Key()}}, Log: quiet,
		Answer: func(ctx context.Context, from event.ID, frame []byte) []byte {
			return hub.Answer(ctx, from, frame, event.TimeOf(time.Now()))
		}})
	if err != nil {
		t.Fatal(err)
	}
	s.run(run.Service{Name: "bus", Run: b.Run})
	at, err := b.Addr(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.wan.to.Store(&at)
	s.run(s.way.Services()...)
	return s
}

func (s *site) run(services ...run.Service) {
	g := run.Async(slog.New(slog.DiscardHandler), services...)
	g.Start(context.Background())
	s.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := g.Stop(ctx); err != nil {
			s.t.Error(err)
		}
	})
}

// write commits events of the class.
func (s *site) write(n int) {
	s.t.Helper()
	for n > 0 {
		events := []event.Event{}
		if len(s.wrote) == 0 {
			events = append(events, s.class.NextWith(func(e *event.Event) { e.Type = event.TypeSessionScheduled }))
		}
		events = append(events, s.class.Several(min(n, 100)-len(events))...)
		n -= len(events)
		if err := s.log.Append(context.Background(), eventlog.Batch{TenantID: s.class.Tenant, SessionID: s.class.Session, Events: events}); err != nil {
			s.t.Fatal(err)
		}
		s.wrote = append(s.wrote, events...)
	}
}

// until waits for a fact that the status tells.
func (s *site) until(what string, holds func(push.Status) bool) push.Status {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for patience := time.After(time.Minute); ; {
		st := s.way.Status()
		if holds(st) {
			return st
		}
		select {
		case <-tick.C:
		case <-patience:
			s.t.Fatalf("after a minute not %s: %+v", what, st)
		}
	}
}

func (s *site) safe() push.Status {
	s.t.Helper()
	return s.until("safe", func(st push.Status) bool {
		return st.State == push.Streaming && st.Safe == int64(len(s.wrote)) && st.Lag == 0
	})
}

func (s *site) same() {
	s.t.Helper()
	has, err := s.store.Events(context.Background(), ingest.Ref{TenantID: s.class.Tenant, SessionID: s.class.Session})
	if err == nil {
		err = synctest.Judge(s.wrote, has)
	}
	if err != nil {
		s.t.Error(err)
	}
}

func TestLink(t *testing.T) {
	s := newSite(t)
	s.write(10)
	s.safe()
	s.write(500)
	st := s.safe()
	s.same()
	if st.Missing != 0 || st.Aside != 0 || !st.LagSince.IsZero() {
		t.Errorf("the edge shows %+v", st)
	}
	receipts, err := s.log.Receipts(context.Background(), s.class.Tenant, s.class.Session)
	if err != nil || len(receipts) == 0 {
		t.Errorf("receipts at the edge: %+v, %v", receipts, err)
	}
}

// TestHole: packets vanish without a word, and come back. Soon after, what was committed meanwhile is at the hub.
func TestHole(t *testing.T) {
	for name, c := range map[string]struct {
		forget bool
		long   time.Duration
	}{
		"short, TCP goes on":         {false, 2 * time.Second},
		"long, the way is forgotten": {true, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.wan.forget = c.forget
			s.write(10)
			s.safe()
			s.wan.swallow()
			s.write(100)
			began := time.Now()
			s.until("down", func(st push.Status) bool { return st.State != push.Streaming && time.Since(began) > c.long })
			if st := s.way.Status(); st.Safe > 10 || st.Lag < 100 || st.LagSince.IsZero() {
				t.Errorf("in the hole the edge shows %+v", st)
			}
			s.wan.pass()
			back := time.Now()
			s.until("moving", func(st push.Status) bool { return st.Safe > 10 })
			first := time.Since(back)
			s.safe()
			s.same()
			t.Logf("first good batch %s after the link was back, all after %s", first.Round(time.Millisecond), time.Since(back).Round(time.Millisecond))
			if first > 5*time.Second { // on a quiet machine below 2 s: neighbours make this one slower
				t.Errorf("first good batch %s after the link was back", first)
			}
		})
	}
}

// TestCatchUp tells how many events a second go from SQLite over NATS to a store in memory. CATCHUP is how many (2,000).
func TestCatchUp(t *testing.T) {
	count := 2000
	if text := os.Getenv("CATCHUP"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(fmt.Errorf("CATCHUP: %w", err))
		}
		count = n
	}
	s := newSite(t)
	s.write(1)
	s.safe()
	s.wan.swallow()
	s.write(count)
	s.wan.pass()
	began := time.Now()
	s.safe()
	t.Logf("%d events in %s: %.0f a second", count, time.Since(began).Round(time.Millisecond), float64(count)/time.Since(began).Seconds())
	s.same()
}
