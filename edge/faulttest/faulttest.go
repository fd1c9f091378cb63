// Package faulttest proves that nothing acknowledged is ever lost: it opens every folder that a power cut may leave behind
// (TestFaultPowerCut…), and kills the edge at random points and starts it again (TestFaultKill…).
//
// An independent oracle (tools/oracle) judges each outcome from the acknowledgements that clients wrote down and the files
// alone. FAULT_RUNS=n sets how often the edge is killed (20) and, times ten, how many images are built (at least 1,000);
// FAULT_SEED=n repeats the images of a run. Decision 0010 says how images are made and why so.
package faulttest

import (
	"os"
	"strconv"
)

const (
	shortRuns   = 20    // of make test
	shortImages = 1_000 // of make test
)

// Runs is how often the edge is killed.
func Runs() int { return number("FAULT_RUNS", shortRuns) }

// Images is how many crash images are opened.
func Images() int { return max(shortImages, 10*Runs()) }

// Seed makes a run repeatable.
func Seed() uint64 { return uint64(number("FAULT_SEED", 1)) }

// number reads a positive number from the environment. A text that is none is a mistake worth stopping for.
func number(name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		panic(name + " must be a whole number from 1 on, not " + strconv.Quote(text))
	}
	return n
}
