// Command fanout measures how events reach the students of one class: the product, the centrifuge library with the same append
// to SQLite before each publish, the library from memory, and the floor, which writes the same bytes to the same sockets and
// does nothing else. The four take turns, each in a process of its own, under the same client (cmd/classload).
//
//	go run ./bench/fanout                 the table of docs/bench.md: five runs of 60 s each, paced; five of 10 s saturated; class sizes
//	RUNS=1 SECONDS=20 go run ./bench/fanout paced
//	BENCH=short go run ./bench/fanout     seconds, for the test that proves that this works
//
// Arguments choose parts: paced, tls, saturated, sizes. STUDENTS is the size of the class of the first two. Each line of classload goes
// to bench/out/fanout-<time>.jsonl. EDGE_BIN measures another edge than the one of this tree. BENCH_DIR is the folder to work in.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, filepath.Join("bench", "out")); err != nil {
		fmt.Fprintln(os.Stderr, "fanout:", err)
		os.Exit(1)
	}
}

// extent says how much is measured.
type extent struct {
	runs, students     int
	seconds, saturated int // of each run
	warm               int // seconds before each run
	sizes              []int
}

var (
	full  = extent{runs: 5, students: 1000, seconds: 60, saturated: 10, warm: 3, sizes: []int{30, 300, 1000, 5000}}
	short = extent{runs: 1, students: 20, seconds: 1, saturated: 1, sizes: []int{5}}
)

func extentOf(getenv func(string) string) (extent, error) {
	e := full
	if getenv("BENCH") == "short" {
		e = short
	}
	for name, to := range map[string]*int{"RUNS": &e.runs, "SECONDS": &e.seconds, "STUDENTS": &e.students} {
		text := getenv(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return e, fmt.Errorf("%s %q: want a number from 1", name, text)
		}
		*to = n
	}
	return e, nil
}

func run(ctx context.Context, parts []string, w io.Writer, out string) (err error) {
	e, err := extentOf(os.Getenv)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !slices.Contains([]string{"paced", "tls", "saturated", "sizes"}, p) {
			return fmt.Errorf("there is no part %q: want paced, tls, saturated, sizes", p)
		}
	}
	wanted := func(part string) bool { return len(parts) == 0 || slices.Contains(parts, part) }
	y, err := openYard(ctx, out, max(e.students, slices.Max(e.sizes)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, y.close()) }()
	paced := []string{"--students", fmt.Sprint(e.students), "--rate", "10", "--seconds", fmt.Sprint(e.seconds), "--warm", fmt.Sprint(e.warm)}
	if wanted("paced") {
		if err := y.turns(ctx, w, fmt.Sprintf("%d students, 10 events/s of 300 B, %d s", e.students, e.seconds), e.runs, contestants, paced); err != nil {
			return err
		}
	}
	if wanted("tls") {
		if err := y.turns(ctx, w, fmt.Sprintf("under TLS 1.3: %d students, 10 events/s of 300 B, %d s", e.students, e.seconds), 1, secured, paced); err != nil {
			return err
		}
	}
	if wanted("saturated") {
		load := []string{"--students", fmt.Sprint(e.students), "--rate", "0", "--seconds", fmt.Sprint(e.saturated), "--patience", "60", "--warm", fmt.Sprint(e.warm)}
		if err := y.turns(ctx, w, fmt.Sprintf("%d students, events of 300 B as fast as 50 senders can, %d s", e.students, e.saturated), e.runs, contestants, load); err != nil {
			return err
		}
	}
	if wanted("sizes") {
		for _, n := range e.sizes {
			load := []string{"--students", fmt.Sprint(n), "--rate", "10", "--seconds", fmt.Sprint(e.saturated), "--patience", "60", "--warm", fmt.Sprint(e.warm)}
			if err := y.turns(ctx, w, fmt.Sprintf("%d students, 10 events/s of 300 B, %d s", n, e.saturated), 1, contestants[:1], load); err != nil {
				return err
			}
		}
	}
	return nil
}
