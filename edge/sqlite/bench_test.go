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
	"time"

	"multistream/migrations"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/eventlogtest"
)

// BenchmarkAppend measures ours beside the limit, in turns of some rounds each, so that what else the machine does falls on
// both alike: "raw" is the same rows through the same schema and pragmas by database/sql alone, all rows of a round in one
// transaction; "ours" is as many writers as sessions, each waiting for its answer before the next event.
func BenchmarkAppend(b *testing.B) {
	for _, sessions := range []int{1, 64} {
		b.Run(fmt.Sprint(sessions), func(b *testing.B) {
			theirs, rawRounds := openRaw(b), precomputed(b, sessions)
			s, err := Open(context.Background(), Options{Dir: b.TempDir(), ReserveBytes: -1, ScrubPause: -1})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			ourRounds := precomputed(b, sessions)
			var raw, ours, rawCPU, ourCPU float64
			turn := max(1, 640/sessions)
			b.ResetTimer()
			for at := 0; at < len(ourRounds); at += turn {
				to := min(at+turn, len(ourRounds))
				began, cpuBegan := time.Now(), cpu(b)
				theirs.write(b, rawRounds[at:to])
				between, cpuBetween := time.Now(), cpu(b)
				write(b, s, sessions, ourRounds[at:to])
				raw, ours = raw+between.Sub(began).Seconds(), ours+time.Since(between).Seconds()
				rawCPU, ourCPU = rawCPU+cpuBetween-cpuBegan, ourCPU+cpu(b)-cpuBetween
			}
			b.StopTimer()
			rows := float64(len(ourRounds) * sessions)
			b.ReportMetric(rows/raw, "raw-rows/s")
			b.ReportMetric(rows/ours, "ours-rows/s")
			b.ReportMetric(raw/ours, "ratio")
			b.ReportMetric(rawCPU/rows, "raw-cpu-µs/row")
			b.ReportMetric(ourCPU/rows, "ours-cpu-µs/row")
			b.ReportMetric(rows/float64(s.Stats().Commits), "rows/commit")
		})
	}
}

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

// raw is database/sql on our schema with our pragmas, and SQLite's own checkpoints in place of ours.
type raw struct {
	begin, insert, commit *sql.Stmt
	place                 int64
}

func openRaw(b *testing.B) *raw {
	ctx, s := context.Background(), &Store{opts: withDefaults(Options{})}
	db, err := openDatabase(ctx, s.writeDSN(filepath.Join(b.TempDir(), "edge.db")), migrations.Edge, "edge")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.ExecContext(ctx, "PRAGMA wal_autocheckpoint=1000"); err != nil {
		b.Fatal(err)
	}
	r := &raw{place: 1 << 40}
	if err := prepareAll(ctx, conn, map[string]**sql.Stmt{"BEGIN IMMEDIATE": &r.begin, insertEvent: &r.insert, "COMMIT": &r.commit}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = closeAll(r.begin, r.insert, r.commit) })
	return r
}

func (r *raw) write(b *testing.B, rounds [][]event.Event) {
	exec := func(s *sql.Stmt, args ...any) {
		if _, err := s.ExecContext(context.Background(), args...); err != nil {
			b.Fatal(err)
		}
	}
	for _, round := range rounds {
		exec(r.begin)
		for i := range round {
			r.place++
			exec(r.insert, appendRow([]any{r.place}, &round[i])...)
		}
		exec(r.commit)
	}
}

func write(b *testing.B, s *Store, sessions int, rounds [][]event.Event) {
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
	if err := failed.Load(); err != nil {
		b.Fatal(err)
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
