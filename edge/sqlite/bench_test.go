package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"multistream/migrations"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// precomputed makes rounds of rows: one of each of n sessions a round.
func precomputed(b *testing.B, sessions int) [][]event.Event {
	b.Helper()
	tenant, chains := event.NewID(), make([]*eventlogtest.Chain, sessions)
	for i := range chains {
		chains[i] = eventlogtest.NewChain(tenant)
	}
	payload := make([]byte, 300)
	_, _ = rand.Read(payload)
	rounds := make([][]event.Event, (b.N+sessions-1)/sessions)
	for r := range rounds {
		for _, c := range chains {
			rounds[r] = append(rounds[r], c.NextWith(func(e *event.Event) { e.Payload = payload }))
		}
	}
	return rounds
}

// BenchmarkRaw is the limit: the same rows through the same schema and pragmas by database/sql alone, all rows of a round
// in one transaction.
func BenchmarkRaw(b *testing.B) {
	for _, sessions := range []int{1, 64} {
		b.Run(fmt.Sprint(sessions), func(b *testing.B) {
			rounds, ctx := precomputed(b, sessions), context.Background()
			file := filepath.Join(b.TempDir(), "edge.db")
			s := &Store{opts: withDefaults(Options{})}
			db, err := openDatabase(ctx, s.writeDSN(file), migrations.Edge, "edge")
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			conn, err := db.Conn(ctx)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.ExecContext(ctx, "PRAGMA wal_autocheckpoint=1000"); err != nil { // SQLite's own, in place of ours
				b.Fatal(err)
			}
			var st writeStatements
			if err := st.prepare(ctx, conn); err != nil {
				b.Fatal(err)
			}
			defer st.close()
			args := make([][][]any, len(rounds))
			place := int64(1 << 40)
			for r := range rounds {
				for i := range rounds[r] {
					place++
					args[r] = append(args[r], appendRow([]any{place}, &rounds[r][i]))
				}
			}
			began := cpu(b)
			b.ResetTimer()
			for _, round := range args {
				exec(b, st.begin)
				for _, row := range round {
					exec(b, st.insert, row...)
				}
				exec(b, st.commit)
			}
			b.ReportMetric((cpu(b)-began)/float64(b.N), "cpu-µs/row")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// cpu gives the processor time of this process in µs: unlike the clock it does not depend on what else the machine does.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec)*1e6 + float64(u.Utime.Usec+u.Stime.Usec)
}

func exec(b *testing.B, s *sql.Stmt, args ...any) {
	if _, err := s.ExecContext(context.Background(), args...); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAppend is ours: as many writers as sessions, each waiting for its answer before the next event.
func BenchmarkAppend(b *testing.B) {
	for _, sessions := range []int{1, 64} {
		b.Run(fmt.Sprint(sessions), func(b *testing.B) {
			rounds := precomputed(b, sessions)
			s, err := Open(context.Background(), Options{Dir: b.TempDir(), ReserveBytes: -1, ScrubPause: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			began := cpu(b)
			b.ResetTimer()
			var wg sync.WaitGroup
			var failed atomic.Value
			for i := range sessions {
				wg.Go(func() {
					for _, round := range rounds {
						e := round[i]
						err := s.Append(context.Background(), eventlog.Batch{TenantID: e.TenantID, SessionID: e.SessionID, Events: []event.Event{e}})
						if err != nil {
							failed.Store(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			if err := failed.Load(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric((cpu(b)-began)/float64(b.N), "cpu-µs/row")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(s.Stats().Events)/float64(s.Stats().Commits), "rows/commit")
		})
	}
}

// BenchmarkFsync is what the disk gives: append and sync of a small record.
func BenchmarkFsync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	record := make([]byte, 600)
	for b.Loop() {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "fsync/s")
}
