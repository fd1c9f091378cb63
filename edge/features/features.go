// Package features holds the failure boundaries of a class's features: what one of them does wrong is felt by its callers
// alone, who get feature_degraded and never a false success; every class says so in its log, and takes it back by itself.
//
// A feature is watched at two places: on the way in (Enter), where it may refuse or hang, and where its rule decides
// (Decide), where it may crash. Drills put such faults there on purpose, for tests and for operators.
package features

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"multistream/shared/fault"
	"multistream/shared/session"
)

const (
	// patience is how long a feature may hang before its caller is told that it does not work.
	patience = 2 * time.Second
	// mostHanging bounds the callers that one hanging feature holds on to; further ones are refused at once.
	mostHanging = 64
	// inARow is how many failures, with no success between them, degrade a feature whose probe finds nothing wrong.
	inARow = 3
	// Pauses before a degraded feature is tried again: the first, and the most after it failed again and again.
	firstPause = time.Second
	mostPause  = 30 * time.Second
)

// Reasons for which a feature is degraded, as feature.degraded knows them.
const (
	Refused = "refused"
	Hanging = "hanging"
	Crashed = "crashed"
)

// Options configure a Set. Classes is required.
type Options struct {
	Classes Classes
	Logger  *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Set is the boundaries of all features of a box. It is safe for concurrent use.
type Set struct {
	classes Classes
	log     *slog.Logger
	now     func() time.Time
	sample  *sample
	wake    chan struct{}
	told    map[Class]int // by class, the version that its log holds; Run's own

	mu         sync.Mutex
	boundaries map[string]*boundary
	version    int // grows with each feature that degrades or is restored
}

// State tells about one feature.
type State struct {
	Feature  string    `json:"feature"`
	Reason   string    `json:"reason,omitzero"` // "" while it works
	Since    time.Time `json:"since,omitzero"`
	Failures uint64    `json:"failures"` // since the box started
	Drill    *Drill    `json:"drill,omitzero"`
}

// New makes the boundaries of all features that have commands; all of them work.
func New(o Options) (*Set, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	sample, err := newSample()
	if err != nil {
		return nil, err
	}
	s := &Set{classes: o.Classes, log: o.Logger, now: o.Now, sample: sample, wake: make(chan struct{}, 1),
		told: map[Class]int{}, boundaries: map[string]*boundary{}, version: 1}
	for _, name := range Names() {
		s.boundaries[name] = &boundary{name: name}
	}
	return s, nil
}

// Names lists the features that have a boundary.
func Names() []string {
	var names []string
	for _, t := range session.Commands() {
		if name := Of(t.Name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Enter lets a person's command into its feature. Returns fault.FeatureDegraded where the feature does not work, or does
// not let the command in within its patience.
func (s *Set) Enter(ctx context.Context, feature string) error {
	b, known := s.boundaries[feature]
	if !known {
		return nil
	}
	s.mu.Lock()
	reason, drill := b.reason, b.drillAt(s.now())
	hang := reason == "" && drill == Hanging
	if hang && b.hanging >= mostHanging {
		reason, hang = Hanging, false
	}
	if hang {
		b.hanging++
	}
	s.mu.Unlock()
	switch {
	case reason != "":
		return Degraded(feature, reason)
	case hang:
		return s.hang(ctx, b)
	case drill == Refused:
		s.failed(b, Refused)
		return Degraded(feature, Refused)
	}
	return nil
}

func (s *Set) hang(ctx context.Context, b *boundary) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-timer.C:
		s.failed(b, Hanging)
	case <-ctx.Done():
	}
	s.mu.Lock()
	b.hanging--
	s.mu.Unlock()
	return Degraded(b.name, Hanging)
}

// Note tells what became of a command that was let in: whether its rule crashed or answered, be it with a refusal.
func (s *Set) Note(feature string, crashed bool) {
	b, known := s.boundaries[feature]
	switch {
	case !known:
	case crashed:
		s.failed(b, Crashed)
	default:
		s.mu.Lock()
		b.failures = 0
		s.mu.Unlock()
	}
}

// Degraded is what callers of a feature get that does not work.
func Degraded(feature, reason string) *fault.Fault {
	return fault.New(fault.FeatureDegraded, "This part of the class (%s) does not work now (%s). Nothing was changed and the class goes on; please try again in a moment.",
		feature, reason).With("feature", feature)
}

// States lists all features by name.
func (s *Set) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]State, 0, len(s.boundaries))
	for _, b := range s.boundaries {
		st := State{Feature: b.name, Reason: b.reason, Since: b.since, Failures: b.total}
		if b.drillAt(s.now()) != "" {
			d := *b.drill
			st.Drill = &d
		}
		out = append(out, st)
	}
	slices.SortFunc(out, func(a, b State) int {
		if a.Feature < b.Feature {
			return -1
		}
		return 1
	})
	return out
}

func (s *Set) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
