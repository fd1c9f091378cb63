package identity

import (
	"runtime"
	"sync"
)

// Hashing passwords keeps a processor of Go's busy for tens of milliseconds, and Go takes it away only every ten; a command
// of a class passes from goroutine to goroutine and may wait that long at each. While passwords are hashed there is
// therefore one of Go's processors more for each that hashes: the system then shares the real ones out, in far shorter
// turns. Otherwise there are as many as before, as more of them cost what they give where nothing computes for long.
var processors struct {
	sync.Mutex
	before  int // how many there were; 0 while there are that many
	hashing int
	rests   int // looks since the last hash
}

// looksUntilFewer is after how many looks (see Run) without a hash the further processors go: setting their number stops the
// whole program for some microseconds.
const looksUntilFewer = 3

// beside runs work that computes for long, for one of so many workers.
func beside(workers int, work func()) {
	p := &processors
	p.Lock()
	p.hashing++
	p.rests = 0
	if p.before == 0 {
		p.before = runtime.GOMAXPROCS(0)
		runtime.GOMAXPROCS(p.before + workers)
	}
	p.Unlock()
	defer func() {
		p.Lock()
		p.hashing--
		p.Unlock()
	}()
	work()
}

// fewerAgain is called now and then; it gives the further processors back when nothing was hashed for a while.
func fewerAgain() {
	p := &processors
	p.Lock()
	defer p.Unlock()
	if p.hashing > 0 || p.before == 0 {
		return
	}
	if p.rests++; p.rests >= looksUntilFewer {
		runtime.GOMAXPROCS(p.before)
		p.before = 0
	}
}
