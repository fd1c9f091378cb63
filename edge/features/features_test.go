package features

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// logs are two classes whose logs are maps; the second can be out of reach.
type logs struct {
	mu    sync.Mutex
	logs  map[Class]map[string]string
	down  bool
	facts []string
}

var (
	first  = Class{Session: event.MustID("0190a7c8-5e2b-7cc0-8000-0000000000c1")}
	second = Class{Session: event.MustID("0190a7c8-5e2b-7cc0-8000-0000000000c2")}
)

func newLogs() *logs {
	return &logs{logs: map[Class]map[string]string{first: {}, second: {"polls": "crashed"}}} // from before a restart
}

func (l *logs) InMemory() []Class { return []Class{first, second} }

func (l *logs) Features(_ context.Context, c Class) (map[string]string, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down && c == second {
		return nil, false, fault.New(fault.LogUnavailable, "down")
	}
	return maps.Clone(l.logs[c]), true, nil
}

func (l *logs) Degrade(_ context.Context, c Class, feature, reason string, _ event.Time, _ string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs[c][feature] = reason
	l.facts = append(l.facts, feature+" "+reason)
	return nil
}

func (l *logs) Restore(_ context.Context, c Class, feature, _ string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.logs[c], feature)
	l.facts = append(l.facts, feature+" restored")
	return nil
}

func (l *logs) of(c Class) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.logs[c])
}

// inBubble runs a Set on virtual time.
func inBubble(t *testing.T, test func(t *testing.T, s *Set, l *logs)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := newLogs()
		s, err := New(Options{Classes: l})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		test(t, s, l)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d); synctest.Wait() }

// use gives one command of a feature as the box does: through its boundary, then by its rule.
func (s *Set) use(ctx context.Context, feature string) (err error) {
	if err := s.Enter(ctx, feature); err != nil {
		return err
	}
	crashed := true
	defer func() {
		if recover() != nil {
			err = Degraded(feature, Crashed)
		}
		s.Note(feature, crashed)
	}()
	c := s.sample.commands[feature]
	c.Actor.UserID, c.Actor.Role, c.Actor.System, c.Key, c.Now = sampleTeacher, "teacher", feature == "captions", "k", 2
	_, err = s.Decide(s.sample.state, c)
	crashed = false
	if err != nil && fault.Of(err).Code != fault.FeatureDegraded {
		err = nil // its rule refused: it works
	}
	return err
}

// TestEachFeatureFailsAlone: every feature, every fault. Its callers are told, the classes' logs say so, all other features
// work on, and after the drill it comes back by itself.
func TestEachFeatureFailsAlone(t *testing.T) {
	for _, feature := range Names() {
		for kind, reason := range drills {
			t.Run(feature+" "+kind, func(t *testing.T) {
				inBubble(t, func(t *testing.T, s *Set, l *logs) {
					if err := s.use(t.Context(), feature); err != nil {
						t.Fatalf("before the drill: %v", err)
					}
					if err := s.Drill(feature, kind, 8*time.Second); err != nil {
						t.Fatal(err)
					}
					if err := s.use(t.Context(), feature); fault.Of(err).Code != fault.FeatureDegraded {
						t.Fatalf("during the drill its caller got %v", err)
					}
					pass(100 * time.Millisecond)
					for _, c := range l.InMemory() {
						if got := l.of(c); len(got) != 1 || got[feature] != reason {
							t.Errorf("a class's log says %v, want %s of %s alone", got, reason, feature)
						}
					}
					for _, other := range Names() {
						if other == feature {
							continue
						}
						if err := s.use(t.Context(), other); err != nil {
							t.Errorf("%s fails with it: %v", other, err)
						}
					}
					pass(4 * time.Second)
					if err := s.use(t.Context(), feature); fault.Of(err).Code != fault.FeatureDegraded {
						t.Errorf("it came back while it does not work: %v", err)
					}
					pass(6 * time.Second)
					if err := s.use(t.Context(), feature); err != nil {
						t.Errorf("after the drill: %v", err)
					}
					if got := l.of(first); len(got) != 0 {
						t.Errorf("after the drill a class's log says %v", got)
					}
				})
			})
		}
	}
}

// TestHangingHoldsFewCallers: a feature that hangs holds on to a bounded number of callers, and to none for long.
func TestHangingHoldsFewCallers(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, _ *logs) {
		if err := s.Drill("chat", "hang", time.Minute); err != nil {
			t.Fatal(err)
		}
		began, took := time.Now(), make(chan time.Duration, 200)
		for range 200 {
			go func() {
				_ = s.Enter(t.Context(), "chat")
				took <- time.Since(began)
			}()
		}
		var held int
		for range 200 {
			if d := <-took; d > 0 {
				held++
				if d > patience {
					t.Errorf("a caller waited for %s", d)
				}
			}
		}
		if held != mostHanging {
			t.Errorf("%d callers were held, want %d", held, mostHanging)
		}
		if err := s.Enter(t.Context(), "chat"); err == nil || time.Since(began) > patience {
			t.Errorf("once it is known, the next caller got %v after %s", err, time.Since(began))
		}
	})
}

// TestClassOutOfReachIsToldLater, and what a log holds from before a restart is taken back.
func TestClassOutOfReachIsToldLater(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, l *logs) {
		pass(time.Second)
		if got := l.of(second); len(got) != 0 {
			t.Errorf("what was so before the restart is still in the log: %v", got)
		}
		l.mu.Lock()
		l.down = true
		l.mu.Unlock()
		if err := s.Drill("hands", "refuse", time.Minute); err != nil {
			t.Fatal(err)
		}
		_ = s.use(t.Context(), "hands")
		pass(3 * time.Second)
		if l.of(first)["hands"] != Refused || len(l.of(second)) != 0 {
			t.Errorf("logs: %v and %v", l.of(first), l.of(second))
		}
		l.mu.Lock()
		l.down = false
		l.mu.Unlock()
		pass(2 * time.Second)
		if l.of(second)["hands"] != Refused {
			t.Errorf("the class that was out of reach says %v", l.of(second))
		}
	})
}

// TestFailuresOfOneState: a feature whose probe is well, but whose rule crashes again and again, is degraded too; its
// pauses grow, so that it does not flicker.
func TestFailuresOfOneState(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, l *logs) {
		s.Note("chat", true)
		s.Note("chat", false) // an answer between failures
		s.Note("chat", true)
		s.Note("chat", true)
		pass(time.Millisecond)
		if len(l.of(first)) != 0 {
			t.Fatalf("degraded after two failures in a row: %v", l.of(first))
		}
		var away []time.Duration
		for range 4 {
			for range inARow {
				s.Note("chat", true)
			}
			pass(time.Millisecond)
			if l.of(first)["chat"] != Crashed {
				t.Fatalf("not degraded after %d failures in a row", inARow)
			}
			began := time.Now()
			for l.of(first)["chat"] != "" {
				pass(100 * time.Millisecond)
			}
			away = append(away, time.Since(began))
		}
		if !slices.IsSorted(away) || away[3] < 4*away[0] {
			t.Errorf("times away: %v", away)
		}
	})
}

func TestBadDrills(t *testing.T) {
	s, err := New(Options{Classes: newLogs()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		feature, kind string
		span          time.Duration
		field         string
	}{
		{"session", "refuse", time.Second, "feature"}, {"", "refuse", time.Second, "feature"},
		{"chat", "explode", time.Second, "fault"}, {"chat", "refuse", 0, "seconds"}, {"chat", "refuse", 2 * LongestDrill, "seconds"},
	} {
		if err := s.Drill(c.feature, c.kind, c.span); err == nil || fault.Of(err).Field != c.field {
			t.Errorf("drill %q %q %s: %v, want field %s named", c.feature, c.kind, c.span, err, c.field)
		}
	}
	if err := s.EndDrill("nothing"); err == nil {
		t.Error("a drill of a feature that there is not was ended")
	}
	for _, st := range s.States() {
		if st.Drill != nil || st.Reason != "" {
			t.Errorf("after refused drills: %+v", st)
		}
	}
}
