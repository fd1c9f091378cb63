// Command bench measures this project on the machine it runs on. Each figure stands beside its raw limit, measured in the same
// run on the same disk, because absolute numbers say more about the machine than about the code.
//
//	go run ./bench          all figures (BENCH=short: small sizes, for the test that proves that this works)
//	go run ./bench append   only figures whose name begins so
//
// BENCH_DIR is the folder to work in (on the disk to be measured); BENCH_LOG_MB the size of the log of the cold start;
// BENCH_PROFILE a file for a processor profile of the run.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, filepath.Join("bench", "out")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// sizes says how much is measured.
type sizes struct {
	rounds     int           // pairs of ours and raw, one after the other
	chunk      time.Duration // about how long one side of a pair takes
	foldEvents int
	logMB      int // of the log of the cold start
	starts     int
	idle       time.Duration // how long an edge without classes is left alone before its memory is read
}

var (
	full  = sizes{rounds: 41, chunk: 150 * time.Millisecond, foldEvents: 20_000, logMB: 2048, starts: 7, idle: 5 * time.Second}
	short = sizes{rounds: 2, chunk: 20 * time.Millisecond, foldEvents: 1_000, logMB: 4, starts: 1, idle: 200 * time.Millisecond}
)

// bench is one run.
type bench struct {
	sizes
	dir   string // scratch, removed at the end
	cache string // kept: the log of the cold start
	out   *report
}

// figures in the order of the table. Each function reports one or more of them.
var figures = []struct {
	name    string
	measure func(context.Context, *bench) error
}{
	{"append-one", oneWriter.measure},
	{"append-sessions", manyClasses.measure},
	{"append-senders", manySenders.measure},
	{"fold", measureFold},
	{"view", measureView},
	{"start", measureStart},
	{"idle", measureIdle},
}

func run(ctx context.Context, names []string, w io.Writer, out string) error {
	b := &bench{sizes: full}
	if os.Getenv("BENCH") == "short" {
		b.sizes = short
	}
	if text := os.Getenv("BENCH_LOG_MB"); text != "" {
		if _, err := fmt.Sscan(text, &b.logMB); err != nil || b.logMB < 1 {
			return fmt.Errorf("BENCH_LOG_MB %q: want a number of megabytes", text)
		}
	}
	base := os.Getenv("BENCH_DIR")
	if base == "" {
		base = ".cache/bench"
	}
	b.cache = base
	if err := os.MkdirAll(base, 0o700); err != nil {
		return err
	}
	var err error
	if b.dir, err = os.MkdirTemp(base, "run-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.out, err = newReport(w, out, b.dir); err != nil {
		return err
	}
	if file := os.Getenv("BENCH_PROFILE"); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	for _, f := range figures {
		if !chosen(f.name, names) {
			continue
		}
		if err := f.measure(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return b.out.close()
}

func chosen(name string, names []string) bool {
	for _, n := range names {
		if strings.HasPrefix(name, n) {
			return true
		}
	}
	return len(names) == 0
}
