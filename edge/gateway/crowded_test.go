package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/limits"
)

// TestCrowdedClass: what pupils say in one class is bounded however many they are, after what each may send; staff, votes and
// other classes have nothing to do with it.
func TestCrowdedClass(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := open(t, func(o *gateway.Options) { o.Now, o.Pace.CommandsPer10 = func() time.Time { return now }, 1000 })
	class, other := s.live("sam", "sue"), s.live("sam")
	say := func(who, class string, n int) (said int, last reply) {
		for range n {
			if last = s.send(who, "POST", class+"/chat", hello); last.status == 201 {
				said++
			}
		}
		return said, last
	}
	sams, _ := say("sam", class, limits.ClassSaidPer1/2)
	sues, last := say("sue", class, limits.ClassSaidPer1)
	if said := sams + sues; said != limits.ClassSaidPer1 {
		t.Fatalf("%d were let through in one moment, want %d", said, limits.ClassSaidPer1)
	}
	last.want(429, "rate_limited")
	if !strings.Contains(string(last.raw), `"retryAfterMs":1000`) {
		t.Errorf("refused with %s", last.raw)
	}
	s.send("sam", "POST", class+"/hands", `{"action":"raise"}`).want(429, "rate_limited")
	s.send("tina", "POST", class+"/chat", hello).want(201)
	s.send("sam", "POST", other+"/chat", hello).want(201)
	for second := range 3 {
		now = now.Add(time.Second)
		if said, _ := say("sam", class, limits.ClassSaidPer1+20); said != limits.ClassSaidPer1 {
			t.Errorf("second %d: %d were let through, want %d", second, said, limits.ClassSaidPer1)
		}
	}
	s.shows(`edge_commands_total{result="rate_limited",type="chat.send"}`, fmt.Sprint(limits.ClassSaidPer1/2+3*20))
}
