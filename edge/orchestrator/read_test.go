package orchestrator

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"multistream/shared/fault"
	"multistream/shared/session"
)

// A caller who gave up reading is told so at once, and what they read into is theirs alone from then on.
func TestReadThatWasGivenUpDoesNotRun(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		running, release := make(chan struct{}), make(chan struct{})
		go func() {
			_ = b.Read(t.Context(), school, classID, func(*session.State) error { close(running); <-release; return nil })
		}()
		<-running
		ctx, cancel := context.WithCancel(t.Context())
		ran, result := false, make(chan error, 1)
		go func() { result <- b.Read(ctx, school, classID, func(*session.State) error { ran = true; return nil }) }()
		synctest.Wait()
		cancel()
		if err := <-result; fault.Of(err).Code != fault.TimedOut {
			t.Errorf("given up: %v", err)
		}
		close(release)
		if err := b.Read(t.Context(), school, classID, func(*session.State) error { return nil }); err != nil {
			t.Error(err)
		}
		if ran {
			t.Error("it ran after its caller had gone")
		}
	})
}

// A read that runs when its caller gives up is waited for: it may be writing into what is the caller's.
func TestReadThatRunsIsWaitedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		running, release := make(chan struct{}), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			result <- b.Read(ctx, school, classID, func(*session.State) error { close(running); <-release; return nil })
		}()
		<-running
		cancel()
		synctest.Wait()
		select {
		case err := <-result:
			t.Errorf("answered while it runs: %v", err)
		default:
		}
		close(release)
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// A read while the box stops sees what is durable and nothing that was decided and will never be written; afterwards there is
// nobody to read from.
func TestReadAtAStopSeesNothingTentative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.single = true
		b.restart()
		b.live()
		release := make(chan struct{})
		b.log.lost = func(int) (error, error) { <-release; return nil, nil }
		for i := range 2 { // the first is on its way, the second is decided
			go func() {
				_, _ = b.give(rivera, "scene.create", fmt.Sprint(i), &session.SceneCreate{Name: "Next", Layout: session.LayoutChoice{Name: "board"}})
			}()
			synctest.Wait()
		}
		look := func() (at int64, err error) {
			err = b.Read(t.Context(), school, classID, func(s *session.State) error { at = s.Sequence; return nil })
			return at, err
		}
		durable := int64(len(b.events()))
		if at, err := look(); err != nil || at != durable {
			t.Errorf("a read saw %d of a log that ends at %d: %v", at, durable, err)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- b.stop() }()
		synctest.Wait()
		close(release)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		if _, err := look(); fault.Of(err).Code != fault.Busy {
			t.Errorf("the read was told %v", err)
		}
	})
}
