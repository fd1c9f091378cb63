package identity

import (
	"fmt"
	"testing"
	"time"

	"multistream/shared/event"
)

// TestGuardIsBounded: a hundred thousand names do not fill the memory, and the most recent are the ones kept.
func TestGuardIsBounded(t *testing.T) {
	g := newGuard(GuardLimits{Remembered: 100}, time.Now)
	for n := range 100_000 {
		try, err := g.begin(event.ID{}, fmt.Sprint(n), fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		try.wrong()
	}
	for what, sizes := range map[string][2]int{
		"accounts":  {len(g.accounts.byKey), g.accounts.order.Len()},
		"addresses": {len(g.addresses.byKey), g.addresses.order.Len()},
	} {
		if sizes != [2]int{100, 100} {
			t.Errorf("%s: %v are kept, want 100", what, sizes)
		}
	}
	if _, ok := g.accounts.get(accountKey{event.ID{}, "99999", "99999"}); !ok {
		t.Error("the last one was forgotten")
	}
}

// TestForgottenWhilePending: an attempt that ends after its account was forgotten harms nothing.
func TestForgottenWhilePending(t *testing.T) {
	g := newGuard(GuardLimits{Remembered: 1, FreeTries: 1}, time.Now)
	first, err := g.begin(event.ID{}, "a", "x")
	if err != nil {
		t.Fatal(err)
	}
	second, err := g.begin(event.ID{}, "b", "y")
	if err != nil {
		t.Fatal(err)
	}
	first.wrong()
	second.right()
	if try, err := g.begin(event.ID{}, "b", "y"); err != nil {
		t.Error(err)
	} else {
		try.void()
	}
}

func TestRecent(t *testing.T) {
	r := newRecent[string, int](2)
	r.put("a", 1)
	r.put("b", 2)
	r.get("a")
	r.put("c", 3)
	r.put("a", 4)
	for key, want := range map[string]int{"a": 4, "b": 0, "c": 3} {
		if got, ok := r.get(key); got != want || ok != (want != 0) {
			t.Errorf("%s: got %d, %v", key, got, ok)
		}
	}
	r.drop("b")
	r.drop("a")
	if len(r.byKey) != 1 || r.order.Len() != 1 {
		t.Errorf("%d, %d left", len(r.byKey), r.order.Len())
	}
}
