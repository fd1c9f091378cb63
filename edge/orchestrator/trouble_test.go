package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// told gives the latest status that a stream has waiting.
func (b *box) told(st *Stream) Status {
	b.t.Helper()
	synctest.Wait()
	st.c.tail.mu.Lock()
	defer st.c.tail.mu.Unlock()
	if st.c.tail.status == nil {
		return Status{}
	}
	return *st.c.tail.status
}

// watch follows a class, which need not be that of the box.
func (b *box) watch(id event.ID) *Stream {
	b.t.Helper()
	st, err := b.Follow(b.t.Context(), school, id, rivera.UserID, event.Position{})
	if err != nil {
		b.t.Fatal(err)
	}
	return st
}

// plan schedules another class and gives its id.
func (b *box) plan(n int) event.ID {
	b.t.Helper()
	id, now := event.DeriveID(school, school, "class", n), event.TimeOf(time.Now())
	payload := &session.SessionSchedule{Title: "Fractions", ScheduledStart: now, ScheduledEnd: now + 3_600_000,
		Staff: []session.PlannedStaff{{UserID: rivera.UserID, Role: "teacher"}}}
	if err := b.giveIn(id, "session.schedule", "plan", payload); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// The log is one for all classes: when one can't write, those in which nothing happens are told at once too, and told again
// when it works. A class that was not live logs no halt.
func TestLogThatCantBeWrittenIsToldToEveryClass(t *testing.T) {
	for name, byWatch := range map[string]bool{"found by a command": false, "found by the box's watch": true} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, b *box) {
				b.live()
				planned := b.plan(1)
				busy, quiet := b.watch(classID), b.watch(planned)
				defer busy.Close()
				defer quiet.Close()
				before := len(b.events())
				down := fmt.Errorf("disk full: %w", eventlog.ErrUnavailable)
				b.log.Fail(down)
				if byWatch {
					b.LogFailed(down)
				} else {
					b.refused(fault.LogUnavailable, ada, "chat.send", "lost", &session.ChatSend{Content: "x", To: session.ChatRecipient{Audience: "all"}})
				}
				for _, st := range []*Stream{busy, quiet} {
					if s := b.told(st); s.State != session.Halted || s.Reason != string(fault.LogUnavailable) || s.Since == 0 {
						t.Errorf("a class was told %+v", s)
					}
				}
				<-time.After(30 * time.Second)
				if s := b.told(quiet); s.State != session.Halted {
					t.Errorf("the planned class was told %+v while the log is still down", s)
				}
				b.log.Fail(nil)
				<-time.After(2 * time.Second)
				if s, p := b.told(busy), b.told(quiet); s != (Status{State: session.Live}) || p != (Status{State: session.Scheduled}) {
					t.Errorf("after the disk came back the classes were told %+v and %+v", s, p)
				}
				if types := b.types()[before:]; !slices.Equal(types, []string{event.TypeSessionHalted, event.TypeSessionResumed}) {
					t.Errorf("the live class logged %v", types)
				}
				if head, err := b.log.Head(t.Context(), school, planned); err != nil || head.Sequence != 1 {
					t.Errorf("the planned class stands at %d, %v", head.Sequence, err)
				}
			})
		})
	}
}

// One class that can't write halts no other.
func TestClassThatAloneCantWriteHaltsNoOther(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		quiet := b.watch(b.plan(1))
		defer quiet.Close()
		b.log.lost = func(int) (error, error) { return eventlog.ErrUnavailable, nil }
		b.refused(fault.LogUnavailable, ada, "chat.send", "lost", &session.ChatSend{Content: "x", To: session.ChatRecipient{Audience: "all"}})
		if s := b.told(quiet); s != (Status{}) {
			t.Errorf("another class was told %+v", s)
		}
	})
}

// A notice is told to every class and to those that are loaded later; nobody is halted, nothing is logged.
func TestNotice(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		planned, before := b.plan(1), len(b.events())
		live := b.watch(classID)
		defer live.Close()
		since := event.TimeOf(time.Now())
		b.Notice(fault.IdentityDown)
		<-time.After(time.Second)
		b.Notice(fault.IdentityDown)
		if s := b.told(live); s != (Status{State: session.Live, Reason: string(fault.IdentityDown), Since: since}) {
			t.Errorf("told %+v", s)
		}
		b.say(ada, "k", "the class goes on")
		b.restart()
		b.Notice(fault.IdentityDown)
		later := b.watch(planned)
		defer later.Close()
		if s := b.told(later); s.State != session.Scheduled || s.Reason != string(fault.IdentityDown) {
			t.Errorf("a class that was loaded later was told %+v", s)
		}
		b.Notice("")
		if s := b.told(later); s != (Status{State: session.Scheduled}) {
			t.Errorf("after it was taken back: %+v", s)
		}
		if len(b.events()) != before+1 {
			t.Errorf("logged: %v", b.types()[before:])
		}
	})
}

// Live classes stand still while the orchestrator itself is down; when it is back they log their halt and its end.
func TestOrchestratorThatFailedAndIsBack(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		planned, before := b.plan(1), len(b.events())
		broken := errors.New("a mistake in the code")
		since := event.TimeOf(time.Now())
		b.fatal <- broken
		if err := b.runAgain(time.Second); !errors.Is(err, broken) {
			t.Fatalf("Run ended with %v", err)
		}
		<-time.After(2 * time.Second)
		b.say(ada, "k", "and on")
		types := b.types()[before:]
		if !slices.Equal(types, []string{event.TypeSessionHalted, event.TypeSessionResumed, event.TypeChatMessage}) {
			t.Fatalf("logged: %v", types)
		}
		e := b.events()[before]
		opened, err := event.OpenEvent(&e, b.keys)
		if err != nil || opened.Payload.(*event.SessionHalted).Since != since {
			t.Errorf("halted since %+v, %v, want %v", opened.Payload, err, since)
		}
		if head, err := b.log.Head(t.Context(), school, planned); err != nil || head.Sequence != 1 {
			t.Errorf("the planned class stands at %d, %v", head.Sequence, err)
		}
		b.checkLog()
	})
}
