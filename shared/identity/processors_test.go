package identity

import (
	"runtime"
	"sync"
	"testing"
)

// TestProcessorsWhileHashing: there are more while something is hashed, and as many as before when it is over.
func TestProcessorsWhileHashing(t *testing.T) {
	looks := func() {
		for range looksUntilFewer {
			fewerAgain()
		}
	}
	looks()
	before := runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			beside(2, func() {
				looks()
				if n := runtime.GOMAXPROCS(0); n != before+2 {
					t.Errorf("%d processors while hashing, want %d", n, before+2)
				}
			})
		})
	}
	all.Wait()
	fewerAgain()
	if n := runtime.GOMAXPROCS(0); n != before+2 {
		t.Errorf("%d processors right after a hash, want still %d", n, before+2)
	}
	looks()
	if n := runtime.GOMAXPROCS(0); n != before {
		t.Errorf("%d processors afterwards, want %d", n, before)
	}
}
