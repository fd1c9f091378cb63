package postgres_test

import (
	"fmt"
	"log/slog"
	"testing"

	"multistream/hub/postgres/postgrestest"
	"multistream/hub/projector"
	"multistream/shared/classscript"
	"multistream/shared/event"
)

// BenchmarkRebuild drops what is projected of eight classes of 30 students and 3,000 events each, and projects them from nothing, with
// workers at once: read, verify, open, fold, write and snapshot.
func BenchmarkRebuild(b *testing.B) {
	const classes, events = 8, 3000
	h := openHub(b, postgrestest.URL(b))
	var tenants []event.ID
	for i := range classes {
		c := sealed(b, event.NewID(), classscript.Realistic(uint64(i), 30, events).Log)
		h.know(c)
		for from := 0; from < len(c.events); from += 1000 {
			h.send(c, from, min(from+1000, len(c.events)))
		}
		tenants = append(tenants, c.tenant)
	}
	for _, workers := range []int{1, 4} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			var done int64
			for b.Loop() {
				b.StopTimer()
				for _, t := range tenants {
					h.drop(t)
				}
				p := projector.New(projector.Options{Store: h.store, Logger: slog.New(slog.DiscardHandler), Workers: workers})
				b.StartTimer()
				h.catchUp(p)
				done += p.Stats().Events
			}
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
