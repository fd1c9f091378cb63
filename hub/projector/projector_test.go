package projector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

// lesson is the log of a golden class.
func lesson(t *testing.T) []event.Opened {
	t.Helper()
	return scripts(t)["lesson.txtar"].Log
}

func projectorOf(m *memory) *Projector {
	return New(Options{Store: m, Logger: slog.New(slog.DiscardHandler)})
}

// running lets a projector work until the test ends.
func running(t *testing.T, p *Projector) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestNudgesAreForSpeedAlone projects what it is nudged about at once, and what it is not with the next poll.
func TestNudgesAreForSpeedAlone(t *testing.T) {
	log := lesson(t)
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		p := projectorOf(m)
		running(t, p)
		synctest.Wait()
		nudged, silent := m.class(log), m.class(log)
		p.Nudge(nudged.TenantID, nudged.SessionID)
		synctest.Wait()
		if at, _ := m.at(nudged); at != int64(len(log)) {
			t.Errorf("nudged, and projected to %d", at)
		}
		if at, _ := m.at(silent); at != 0 {
			t.Errorf("nobody was told, and it is projected to %d", at)
		}
		<-time.After(p.o.Poll)
		synctest.Wait()
		if at, _ := m.at(silent); at != int64(len(log)) {
			t.Errorf("after a poll it is projected to %d", at)
		}
		if n := p.Stats(); n.Events != 2*int64(len(log)) || n.Failed != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// TestPanicParksItsSession has a rule fail once at one event of one class: what is before it stays, the other class goes on, and so does
// this one after a pause, from a state that the failure did not touch.
func TestPanicParksItsSession(t *testing.T) {
	log := lesson(t)
	bad := int64(len(log) / 2)
	kind := log[bad-1].Type
	mended := before[kind]
	defer func() { before[kind] = mended }()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		broken, sound := m.class(log), m.class(log)
		var slips atomic.Bool
		slips.Store(true)
		before[kind] = append([]rule{func(s *session.State, e *Event) []Change {
			if e.SessionID == broken.SessionID && e.Sequence == bad && slips.Swap(false) {
				s.Life.StartedAt = 1 // what a rule leaves behind is not used
				panic("a slip")
			}
			return nil
		}}, mended...)
		p := projectorOf(m)
		running(t, p)
		synctest.Wait()
		if at, why := m.at(broken); at != bad-1 || !strings.Contains(why, "a slip") || !strings.Contains(why, fmt.Sprint(bad)) {
			t.Errorf("parked at %d: %q", at, why)
		}
		if at, _ := m.at(sound); at != int64(len(log)) {
			t.Errorf("the other class waits at %d", at)
		}
		if p.Stats().Waiting != 1 {
			t.Errorf("%+v", p.Stats())
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if at, why := m.at(broken); at != int64(len(log)) || why != "" {
			t.Errorf("tried again, and it waits at %d: %q", at, why)
		}
		if p.Stats().Waiting != 0 {
			t.Errorf("%+v", p.Stats())
		}
		got, want := m.rows[broken][Sessions]["null"], m.rows[sound][Sessions]["null"]
		if got["started_at"] != want["started_at"] || got["status"] != want["status"] {
			t.Errorf("got\n%v\nwant\n%v", got, want)
		}
	})
}

// TestParkedSessionsAreTriedLessAndLess counts the tries of a class with an event of a newer program in an hour.
func TestParkedSessionsAreTriedLessAndLess(t *testing.T) {
	log := lesson(t)
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		r := m.class(log)
		m.add(r, &event.Opened{Type: "sky.fell", Version: 1, Epoch: 1, Sequence: int64(len(log)) + 1, CreatedAt: log[len(log)-1].CreatedAt, Payload: struct{}{}})
		running(t, projectorOf(m))
		<-time.After(time.Hour)
		synctest.Wait()
		if n := m.steps[r]; n < 12 || n > 30 {
			t.Errorf("%d tries", n)
		}
		if at, why := m.at(r); at != int64(len(log)) || !strings.Contains(why, "sky.fell") {
			t.Errorf("parked at %d: %q", at, why)
		}
	})
}

// TestDatabaseThatDoesNotAnswer fails all writes for a while: nothing is parked for it, and all is there soon after.
func TestDatabaseThatDoesNotAnswer(t *testing.T) {
	log := lesson(t)
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(t)
		away := errors.New("connection refused")
		m.wrong = func(Ref, []Change) error { return away }
		r := m.class(log)
		p := projectorOf(m)
		running(t, p)
		<-time.After(time.Hour)
		synctest.Wait()
		if at, why := m.at(r); at != 0 || why != "" || p.Stats().Failed < 100 {
			t.Errorf("at %d, %q, %+v", at, why, p.Stats())
		}
		m.mu.Lock()
		m.wrong = nil
		m.mu.Unlock()
		<-time.After(pauseOfFailed + p.o.Poll)
		synctest.Wait()
		if at, _ := m.at(r); at != int64(len(log)) {
			t.Errorf("at %d", at)
		}
	})
}

// TestRefusedRowIsFound has the database refuse one row among many: the class is parked right before its event.
func TestRefusedRowIsFound(t *testing.T) {
	log := lesson(t)
	m := newMemory(t)
	r := m.class(log)
	var bad int64
	m.wrong = func(_ Ref, changes []Change) error {
		for i := range changes {
			if c := &changes[i]; c.Table == Messages && c.Set["status"] == "shown" {
				bad = int64(c.Set["sequence"].(int))
				return fmt.Errorf("%w: no chat here", ErrRefused)
			}
		}
		return nil
	}
	if err := projectorOf(m).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at, why := m.at(r); bad == 0 || at != bad-1 || !strings.Contains(why, "no chat here") {
		t.Errorf("parked at %d of %d: %q", at, bad, why)
	}
}

// TestOtherHistoryIsProjectedAnew changes the log behind a projection, as a higher epoch may: the rows are those of the log that is there.
func TestOtherHistoryIsProjectedAnew(t *testing.T) {
	log := lesson(t)
	for _, cut := range []int{1, len(log) / 2, len(log) - 1} {
		for _, more := range []int{0, 1, len(log) - cut, len(log) - cut + 1} { // the new end is before, at or behind the old one
			m := newMemory(t)
			r := m.class(log)
			p := projectorOf(m)
			if err := p.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			m.logs[r] = m.logs[r][:cut:cut]
			for i := range more {
				m.add(r, &event.Opened{Type: event.TypeFeatureRestored, Version: 1, Epoch: 2, Sequence: int64(cut + i + 1),
					Payload: &event.FeatureRestored{Feature: "chat"}, CreatedAt: log[len(log)-1].CreatedAt})
			}
			if err := p.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if at, _ := m.at(r); at != int64(cut+more) {
				t.Errorf("cut at %d, %d more: at %d", cut, more, at)
			}
			got := jsonOf(m.rows[r])
			delete(m.rows, r)
			if err := projectorOf(m).CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := jsonOf(m.rows[r]); got != want {
				t.Errorf("cut at %d, %d more: got\n%s\nwant\n%s", cut, more, got, want)
			}
		}
	}
}

// TestNewerRulesAreLeftAlone does not touch rows that a newer program made, and makes those of an older one anew.
func TestNewerRulesAreLeftAlone(t *testing.T) {
	log := lesson(t)
	for rules, wanted := range map[int]int64{Rules + 1: 3, Rules - 1: int64(len(log))} {
		m := newMemory(t)
		r := m.class(log[:3])
		p := projectorOf(m)
		if err := p.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.rows[r][Sessions]["null"]["rules"] = rules
		for i := 3; i < len(log); i++ {
			m.add(r, &log[i])
		}
		if err := p.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.Project(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if at, _ := m.at(r); at != wanted {
			t.Errorf("rules %d: at %d", rules, at)
		}
	}
}
