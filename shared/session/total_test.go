package session

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"multistream/shared/event"
)

// TestApplyIsTotal gives every type of fact with random content, in no sensible order, to a full state and to views: an
// event happened, so it is never refused, whatever it says.
func TestApplyIsTotal(t *testing.T) {
	types := event.Types()
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		c := liveClass(t, student("Sam"), assistant("Ann"))
		known := []event.ID{{}, who("Sam"), who("Ann"), who("Tess"), who("nobody"), who("thing"), who("other thing")}
		full, sam, ann := c.s, fresh(t, c.s, who("Sam")), fresh(t, c.s, who("Ann"))
		for range 400 {
			typ := types[rnd.IntN(len(types))]
			p := typ.New()
			scramble(rnd, reflect.ValueOf(p).Elem(), known)
			e := event.Opened{Type: typ.Name, Version: int64(typ.Version), Epoch: 1, Sequence: full.Sequence + 1,
				ActorID: known[rnd.IntN(len(known))], CreatedAt: c.now, Payload: p}
			for _, s := range []*State{full, sam, ann} {
				Apply(s, e)
				if s.Sequence != e.Sequence {
					t.Fatalf("seed %d: %s did not move the position", seed, typ.Name)
				}
			}
			Deliver(full, &e)
			for _, id := range known {
				View(full, id)
			}
		}
		asJSON(t, full)
	}
}

// scramble fills a payload: ids from a few known ones so that facts meet, small numbers, words that mean something, and
// every optional part now and then absent.
func scramble(rnd *rand.Rand, v reflect.Value, known []event.ID) {
	if rnd.IntN(8) == 0 {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *event.ID:
		*x = known[rnd.IntN(len(known))]
		return
	case *event.Text:
		*x = event.Text{V: "text", Erased: rnd.IntN(3) == 0}
		return
	case *event.Personal[[]int]:
		scramble(rnd, v.Field(0), known)
		return
	}
	words := []string{"all", "staff", "user", "draw", "erase", "student", "teacher", "message", "question", "slide", "open", "recording", "chat"}
	switch v.Kind() {
	case reflect.String:
		v.SetString(words[rnd.IntN(len(words))])
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(rnd.IntN(9) - 2))
	case reflect.Bool:
		v.SetBool(rnd.IntN(2) == 0)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		scramble(rnd, v.Elem(), known)
	case reflect.Struct:
		for i := range v.NumField() {
			scramble(rnd, v.Field(i), known)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rnd.IntN(4), 4))
		for i := range v.Len() {
			scramble(rnd, v.Index(i), known)
		}
	}
}
