package faulttest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"multistream/edge/faulttest/disk"
)

// An image is one folder to open, with how many lines of the last acknowledgement file had been written by then.
type image struct {
	disk.Image
	acks  []string
	count int
	where string
}

// checkRequest and checkAnswer are what the child is asked about an image: open it with the real store, look for every
// acknowledged event and its key, go on writing, close it.
type checkRequest struct {
	Data  string   `json:"data"`
	Acks  []string `json:"acks"`
	Count int      `json:"count"`
	Cut   bool     `json:"cut"` // its files are not of one instant: what belongs together across them may not be there
}

type checkAnswer struct {
	Error  string   `json:"error"`  // the store did not open, or did not accept an event
	Lost   []string `json:"lost"`   // acknowledged, but not served or not readable
	Opened int64    `json:"opened"` // µs from opening the folder to the first event served
	Kept   int64    `json:"kept"`   // where the store says that the log of the last run ends
	Torn   int64    `json:"torn"`   // and how many bytes behind that it dropped
}

// results gathers what became of many images.
type results struct {
	mu      sync.Mutex
	tally   tally
	images  int
	modes   map[string]int
	opened  []time.Duration
	torn    int   // images whose log file has bytes behind the end of the log: unfinished, or of the generation before
	dropped int64 // how many such bytes at most
}

// examine opens images from a channel with a child and an oracle of its own, until it is closed.
func examine(base string, images <-chan image, r *results) {
	var child, oracle *peer
	defer func() {
		child.stop()
		oracle.stop()
	}()
	n := 0
	for im := range images {
		n++
		folder := filepath.Join(base, fmt.Sprint(n))
		answer, verdict := checkAnswer{}, oracleVerdict{}
		err := putImage(folder, im.Files)
		if err == nil && child == nil { // the first, or the one before it died
			child, err = startPeer("child", "check")
		}
		if err == nil && oracle == nil {
			oracle, err = startPeer("oracle", "-serve")
		}
		if err == nil {
			err = child.ask(checkRequest{folder, im.acks, im.count, im.Mode == "cut"}, &answer)
		}
		if err == nil && answer.Error == "" {
			err = oracle.ask(oracleRequest{Data: folder, Acks: im.acks, Count: im.count}, &verdict)
		}
		if err != nil {
			child.stop()
			oracle.stop()
			child, oracle = nil, nil
		}
		r.add(im, answer, verdict, err)
		_ = os.RemoveAll(folder)
	}
}

func (r *results) add(im image, answer checkAnswer, v oracleVerdict, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.images++
	r.modes[im.Mode]++
	where := fmt.Sprintf("%s (%s)", im.where, im.Image)
	if im.Mode == "cut" { // one file was cut and the other was not: what nobody was told may miss its key
		v.KeyOrphan = nil
	}
	switch {
	case err != nil:
		v.Error = err.Error()
	case answer.Error != "":
		v.Error = answer.Error
	case answer.Kept+answer.Torn != int64(len(im.Files["edge.db-wal"])):
		v.Error = fmt.Sprintf("the store says that the log ends at byte %d and that it dropped %d behind that, of %d",
			answer.Kept, answer.Torn, len(im.Files["edge.db-wal"]))
	case len(answer.Lost) > len(v.Lost)+len(v.KeysLost):
		v.Lost = answer.Lost
	}
	if answer.Torn > 0 {
		r.torn, r.dropped = r.torn+1, max(r.dropped, answer.Torn)
	}
	r.opened = append(r.opened, time.Duration(answer.Opened)*time.Microsecond)
	r.tally.add(v, where)
}

func (r *results) String() string {
	var modes string
	for _, name := range slices.Sorted(keysOf(r.modes)) {
		modes += fmt.Sprintf(" %s %d", name, r.modes[name])
	}
	return fmt.Sprintf("crash images opened %d (%s ), %s; the store named bytes behind the end of its log in %d, at most %d; open p50 %v p99 %v, seed %d",
		r.images, modes, &r.tally, r.torn, r.dropped,
		percentile(r.opened, 50), percentile(r.opened, 99), Seed())
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// percentile gives the p-th percentile, rounded to 10 µs.
func percentile(of []time.Duration, p int) time.Duration {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(of), cmp.Compare)
	return sorted[min(len(sorted)-1, len(sorted)*p/100)].Round(10 * time.Microsecond)
}

// openAll opens every image that make sends, with two examiners at a time.
func openAll(t *testing.T, make func(send func(image))) *results {
	t.Helper()
	r, images, base := &results{modes: map[string]int{}}, newQueue(), scratch(t)
	var examiners sync.WaitGroup
	for i := range 2 {
		examiners.Go(func() { examine(filepath.Join(base, fmt.Sprint(i)), images, r) })
	}
	make(func(im image) { images <- im })
	close(images)
	examiners.Wait()
	return r
}

func newQueue() chan image { return make(chan image, 2) }

// odds is how often each mode is drawn, out of their sum.
var odds = map[disk.Mode]int{
	disk.Synced: 1, disk.Written: 1, disk.Prefix: 3, disk.Subset: 3, disk.Pages: 2, disk.Sectors: 3, disk.Holes: 2,
}

func draw(rng *rand.Rand) disk.Mode {
	var all []disk.Mode
	for m := range disk.Modes {
		for range odds[disk.Mode(m)] {
			all = append(all, disk.Mode(m))
		}
	}
	return all[rng.IntN(len(all))]
}

// powerCuts sends n images of a recording: points in time drawn evenly over it, more often where something is unsynced.
func powerCuts(rec *recording, n int, spoil func(*disk.Disk), send func(image)) {
	points := moments(rec, n, rand.New(rand.NewPCG(Seed(), uint64(n))))
	d := rec.play()
	if spoil != nil {
		spoil(d)
	}
	for i, p := range points {
		for d.Now() < p.at {
			d.Step()
		}
		rng := rand.New(rand.NewPCG(Seed(), uint64(i)))
		mode := draw(rng)
		if p.naming {
			mode = disk.Subset // the others often keep or lose all names
		}
		send(image{d.Image(mode, rng), rec.acks, lines(d.Marks()), fmt.Sprintf("image %d of %d, power cut after the %s", i, n, d.Last())})
	}
}

// point is a point in time of a recording; naming if it was drawn for a name that has just changed.
type point struct {
	at     int
	naming bool
}

// moments draws n points in ascending order: three of five where something is unsynced, one where a name has just changed,
// which is seldom, and one anywhere.
func moments(rec *recording, n int, rng *rand.Rand) []point {
	var dirty, naming []int
	d := rec.play()
	for d.Step() {
		if d.Dirty() {
			dirty = append(dirty, d.Now())
		}
		if d.Naming() {
			naming = append(naming, d.Now())
		}
	}
	points := make([]point, n)
	for i := range points {
		switch {
		case i%5 == 0 || len(dirty) == 0:
			points[i].at = rng.IntN(d.Moments() + 1)
		case i%5 == 1 && len(naming) > 0:
			points[i] = point{spread(naming, i, n, rng), true}
		default:
			points[i].at = spread(dirty, i, n, rng)
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	return points
}

// spread draws from the i-th of n equal parts of a list.
func spread(list []int, i, n int, rng *rand.Rand) int {
	from := i * len(list) / n
	to := max(from+1, (i+1)*len(list)/n)
	return list[from+rng.IntN(to-from)]
}
