package synctest

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// seeds are those of SEEDS (from) and RUNS (how many), as `make sim` sets them; else the first few.
func seeds(t *testing.T) (from, runs uint64) {
	t.Helper()
	number := func(name string, otherwise uint64) uint64 {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return n
	}
	return number("SIM_SEED", 1), number("SIM_RUNS", 3)
}

// plans are what is simulated, by name.
var plans = map[string]Plan{
	"fair":          {Edges: 3, Classes: 3, Live: time.Minute, Rate: 5, Change: time.Minute, Weather: Weathers["fair"]},
	"stormy":        {Edges: 3, Classes: 3, Live: 5 * time.Minute, Rate: 2, Change: 20 * time.Second, Weather: Weathers["stormy"], Crashes: 5 * time.Second},
	"one way":       {Edges: 3, Classes: 2, Live: 3 * time.Minute, Rate: 3, Change: 15 * time.Second, Weather: Weathers["one way"], Crashes: 20 * time.Second},
	"flapping":      {Edges: 3, Classes: 2, Live: 3 * time.Minute, Rate: 3, Change: 5 * time.Second, Weather: Weathers["flapping"]},
	"restored":      {Edges: 3, Classes: 2, Live: 5 * time.Minute, Rate: 2, Change: time.Minute, Weather: Weathers["fair"], Crashes: 4 * time.Second, Restore: true},
	"all of it":     {Edges: 4, Classes: 2, Live: 8 * time.Minute, Rate: 2, Change: 20 * time.Second, Weather: Weathers["stormy"], Crashes: 6 * time.Second, Restore: true},
	"a thin thread": {Edges: 1, Classes: 1, Live: 10 * time.Minute, Rate: 0.5, Change: time.Hour, Weather: Weathers["thin"]},
}

// TestSimulation: whatever the WAN, the hub's database and the edges' processes do, afterwards the hub has every event once, in order,
// and the edge says so.
func TestSimulation(t *testing.T) {
	from, runs := seeds(t)
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := from; seed < from+runs; seed++ {
				plan.Seed = seed
				s, err := New(plan)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.Run(); err != nil {
					t.Fatalf("%q, %v", name, err)
				}
				t.Logf("seed %d: %+v", seed, s.Stats)
			}
		})
	}
}
