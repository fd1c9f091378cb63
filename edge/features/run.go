package features

import (
	"context"
	"fmt"
	"time"

	"multistream/shared/event"
)

// Class names one class.
type Class struct{ Tenant, Session event.ID }

// Classes is where classes keep, in their logs, which features do not work. Errors of one class are no reason to leave the
// others without the news: it is told again.
type Classes interface {
	// InMemory lists the classes that are open here.
	InMemory() []Class
	// Features gives what a class's log says: features that do not work, with the reason. ok is false for a class that
	// takes no news any more.
	Features(ctx context.Context, c Class) (reasons map[string]string, ok bool, err error)
	// Degrade appends feature.degraded, Restore feature.restored; the same key does it once.
	Degrade(ctx context.Context, c Class, feature, reason string, since event.Time, key string) error
	Restore(ctx context.Context, c Class, feature, key string) error
}

// lookEvery is how often Run looks for classes that came into memory and drills that ran out.
const lookEvery = time.Second

// Run probes what failed and tells the classes, until ctx is done.
func (s *Set) Run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		s.look()
		s.tell(ctx)
		select {
		case <-s.wake:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look probes the features that are due, and decides about them.
func (s *Set) look() {
	for _, name := range Names() {
		b := s.boundaries[name]
		s.mu.Lock()
		due := b.due(s.now())
		s.mu.Unlock()
		if !due {
			continue
		}
		failure := s.probe(b)
		s.mu.Lock()
		changed := b.look(s.now(), failure)
		if changed {
			s.version++
		}
		reason := b.reason
		s.mu.Unlock()
		switch {
		case changed && reason != "":
			s.log.Warn("feature degraded", "feature", name, "reason", reason)
		case changed:
			s.log.Info("feature restored", "feature", name)
		}
	}
}

// tell brings the log of each class in memory to what is so. A class that was loaded may hold what was so before a restart.
func (s *Set) tell(ctx context.Context) {
	now, version := s.degraded()
	present := map[Class]int{}
	for _, c := range s.classes.InMemory() {
		present[c] = s.told[c]
		if s.told[c] == version {
			continue
		}
		if err := s.tellOne(ctx, c, now); err != nil {
			s.log.Warn("features not told", "session", c.Session.String(), "error", err)
			continue
		}
		present[c] = version
	}
	s.told = present
}

func (s *Set) tellOne(ctx context.Context, c Class, now map[string]State) error {
	logged, ok, err := s.classes.Features(ctx, c)
	if err != nil || !ok {
		return err
	}
	for name := range s.boundaries {
		state, bad := now[name]
		was, known := logged[name]
		switch {
		case bad && was != state.Reason:
			since := event.TimeOf(state.Since)
			err = s.classes.Degrade(ctx, c, name, state.Reason, since, fmt.Sprintf("feature %s %s %d", name, state.Reason, since))
		case !bad && known:
			err = s.classes.Restore(ctx, c, name, fmt.Sprintf("feature %s restored %d", name, s.now().UnixMilli()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// degraded gives the features that do not work, and the version of that.
func (s *Set) degraded() (map[string]State, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]State{}
	for _, b := range s.boundaries {
		if b.reason != "" {
			out[b.name] = State{Feature: b.name, Reason: b.reason, Since: b.since}
		}
	}
	return out, s.version
}
