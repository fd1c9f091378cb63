package faulttest

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// logs are the files whose write-ahead logs are cut.
var logs = []string{"edge.db-wal", "keys.db-wal"}

// walCuts sends n folders at most, and tells how many, whose write-ahead log was cut: of each log the longest generation of the recording, cut at its
// frame boundaries and, as often, at random bytes.
func walCuts(rec *recording, n int, send func(image)) (sent int) {
	for i, name := range logs {
		rng := rand.New(rand.NewPCG(Seed(), uint64(i)))
		at := longestLog(rec, name)
		d := rec.play()
		for d.Now() < at {
			d.Step()
		}
		cuts := d.Cuts(name, rng)
		rng.Shuffle(len(cuts), func(i, j int) { cuts[i], cuts[j] = cuts[j], cuts[i] })
		cuts = cuts[:min(len(cuts), n/len(logs))]
		slices.Sort(cuts)
		for _, length := range cuts {
			im, marks := d.Cut(name, length)
			send(image{im, rec.acks, lines(marks), fmt.Sprintf("%s cut to %d bytes after the %s", name, length, d.Last())})
			sent++
		}
	}
	return sent
}

// longestLog finds the point at which a log can be cut in most places.
func longestLog(rec *recording, name string) (at int) {
	most := 0
	d := rec.play()
	for d.Step() {
		if n := len(d.Cuts(name, nil)); n > most {
			at, most = d.Now(), n
		}
	}
	return at
}
