package gateway_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/directory"
	"multistream/shared/event"
)

// crowd opens sockets of as many students, and says something until all of them are seated.
func (s *school) crowd(n int) (class string, all []*client) {
	s.t.Helper()
	var names []string
	for i := range n {
		names = append(names, fmt.Sprint("student", i))
		s.people.roles[names[i]] = directory.Student
	}
	class = s.live(names...)
	for _, name := range names {
		all = append(all, s.socket(name, class, ""))
	}
	s.until("all are seated", func() bool {
		s.send("tina", "POST", class+"/chat", hello).want(201)
		return s.metric("edge_sockets_seated") == strconv.Itoa(n)
	})
	last := s.head(class)
	for _, c := range all {
		for c.upTo < last {
			c.next()
		}
	}
	return class, all
}

// TestHall: who has all there is gets what is new from the hall, once and in order, while their own streams give nothing; who
// gets something personal gets that by their own stream and is seated again.
func TestHall(t *testing.T) {
	s := open(t, nil)
	const n = 130 // more than one goroutine is for
	class, all := s.crowd(n)
	own := func() int {
		s.classes.mu.Lock()
		defer s.classes.mu.Unlock()
		return s.classes.own
	}
	before := own()
	for range 20 {
		s.send("tina", "POST", class+"/chat", hello).want(201)
		for _, c := range all {
			c.until(event.TypeChatMessage)
		}
	}
	if got := own() - before; got != 0 {
		t.Errorf("own streams gave %d of %d", got, 20*n)
	}
	s.send("tina", "POST", class+"/chat", `{"content":"psst","to":{"audience":"user","userId":"`+userID("student7").String()+`"}}`).want(201)
	s.send("tina", "POST", class+"/chat", hello).want(201)
	last := s.head(class)
	for i, c := range all {
		private := 0
		for c.upTo < last {
			for _, e := range c.next().Events {
				if e.Sequence == last-1 {
					private++
				}
			}
		}
		if want := map[bool]int{true: 1}[i == 7]; private != want {
			t.Errorf("student %d was told the private message %d times", i, private)
		}
	}
	s.shows("edge_sockets_seated", strconv.Itoa(n))
	for _, c := range all {
		_ = c.conn.CloseNow()
	}
	s.classes.nobodyFollows(classID(class))
	s.shows("edge_sockets_seated", "0")
	s.until("nobody follows for the hall", func() bool {
		s.classes.mu.Lock()
		defer s.classes.mu.Unlock()
		return s.classes.nobodys == 0
	})
}

// TestHallDisturbed: writers that beat, ping, tell signals and statuses all the time leave their seats and come back; each client
// gets each event once, in order, and the last status.
func TestHallDisturbed(t *testing.T) {
	f := newSignals()
	s := open(t, func(o *gateway.Options) {
		quick(f)(o)
		o.Pace.Beat, o.Pace.Ping, o.Pace.Presence = time.Millisecond, 3*time.Millisecond, time.Millisecond
	})
	const events, statuses = 300, 30
	class, all := s.crowd(20)
	scene := s.scene(class)
	at := s.head(class)
	var done sync.WaitGroup
	for i, c := range all {
		done.Go(func() {
			for told := event.Time(0); c.upTo < at+events || told < statuses; {
				m := c.next()
				if m.Status != nil && m.Status.Since > told {
					told = m.Status.Since
				}
				if m.View == nil && m.UpTo > 0 && int64(len(m.Events)) != m.UpTo-m.From {
					t.Errorf("%d events in (%d, %d]", len(m.Events), m.From, m.UpTo)
				}
				if i == 0 && m.UpTo%10 == 0 {
					c.write(point(scene, 1))
				}
			}
		})
	}
	for n := range events {
		s.send("tina", "POST", class+"/chat", hello).want(201)
		if n%(events/statuses) == 0 {
			s.classes.tell(classID(class), gateway.Status{State: "live", Since: event.Time(n/(events/statuses) + 1)})
		}
	}
	done.Wait()
}

// TestNewsBeforeTheSeat: what the hall gives between a writer's look and its sitting down is not missed.
func TestNewsBeforeTheSeat(t *testing.T) {
	s := open(t, nil)
	class, _ := s.crowd(2)
	id := classID(class)
	for what, happens := range map[string]func(){
		"an event": func() { s.send("tina", "POST", class+"/chat", hello).want(201) },
		"a status": func() { s.classes.tell(id, gateway.Status{State: "live", Since: 7}) },
	} {
		var once sync.Once
		s.classes.mu.Lock()
		s.classes.looked = func() {
			once.Do(func() {
				happens()
				s.until("the hall has given it", func() bool {
					s.classes.mu.Lock()
					defer s.classes.mu.Unlock()
					return s.classes.resting == s.classes.classes[id].version
				})
			})
		}
		s.classes.mu.Unlock()
		late := s.socket("student0", class, "")
		late.next() // its view
		for told := false; !told; {
			m := late.next()
			told = len(m.Events) > 0 && what == "an event" || m.Status != nil
		}
		t.Logf("%s was told", what)
		_ = late.conn.CloseNow()
	}
}
