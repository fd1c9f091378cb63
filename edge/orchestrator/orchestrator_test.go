package orchestrator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/run"
	"multistream/shared/session"
)

func TestRepeatGetsTheFirstAnswerAndOtherContentIsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		first := b.say(ada, "k1", "hello")
		b.say(rivera, "k1", "the same key of somebody else is another command")
		again := b.say(ada, "k1", "hello")
		if !again.Repeat || again.Position != first.Position || again.Facts[0].Payload.(*event.ChatMessage).MessageID != first.Facts[0].Payload.(*event.ChatMessage).MessageID {
			t.Errorf("repeat answered %+v, first %+v", again, first)
		}
		b.refused(fault.KeyConflict, ada, "chat.send", "k1", &session.ChatSend{Content: "other", To: session.ChatRecipient{Audience: "all"}})
		b.refused(fault.KeyConflict, ada, "hand.raise", "k1", &session.HandRaise{})
		b.restart()
		if again := b.say(ada, "k1", "hello"); !again.Repeat || again.Position != first.Position {
			t.Errorf("after a restart the repeat answered %+v", again)
		}
		b.keys.Destroy(school, ada.UserID)
		b.refused(fault.Erased, ada, "chat.send", "k1", &session.ChatSend{Content: "hello", To: session.ChatRecipient{Audience: "all"}})
		b.restart()
		b.checkLog()
	})
}

func TestSameCommandAtOnceHappensOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		var wg sync.WaitGroup
		positions, before := make([]event.Position, 40), b.log.appends.Load()
		for i := range positions {
			wg.Go(func() { positions[i] = b.say(ada, "click", "double click").Position })
		}
		wg.Wait()
		for _, p := range positions {
			if p != positions[0] {
				t.Fatalf("one command got positions %v and %v", positions[0], p)
			}
		}
		if n := b.log.appends.Load() - before; n != 1 {
			t.Errorf("one command was appended in %d tries", n)
		}
		b.checkLog()
	})
}

func TestEndCanBeUndoneForTenSecondsAndSurvivesACrash(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		b.must(rivera, "session.end", "end1", &session.SessionEnd{})
		<-time.After(9 * time.Second)
		b.must(rivera, "session.undo_end", "undo", &session.SessionUndoEnd{})
		<-time.After(20 * time.Second)
		if slices.Contains(b.types(), event.TypeSessionEnded) {
			t.Fatal("ended though it was undone")
		}
		b.must(rivera, "session.end", "end2", &session.SessionEnd{})
		<-time.After(5 * time.Second)
		b.restart()
		<-time.After(6 * time.Second)
		synctest.Wait()
		if types := b.types(); types[len(types)-1] != event.TypeSessionEnded {
			t.Fatalf("not ended after the restart: %v", types)
		}
		b.refused(fault.SessionEnded, rivera, "session.undo_end", "late", &session.SessionUndoEnd{})
		b.checkLog()
	})
}

func TestWhoIsAwayForAMinuteHasLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		stays, err := b.Follow(t.Context(), school, classID, rivera.UserID, event.Position{})
		if err != nil {
			t.Fatal(err)
		}
		defer stays.Close()
		phone, _ := b.Follow(t.Context(), school, classID, ada.UserID, event.Position{})
		laptop, _ := b.Follow(t.Context(), school, classID, ada.UserID, event.Position{})
		<-time.After(2 * time.Minute)
		phone.Close()
		<-time.After(2 * time.Minute)
		if n := len(b.leaves()); n != 1 || b.leaves()[0].UserID != sam.UserID {
			t.Fatalf("left: %+v; want Sam alone, who never had a connection", b.leaves())
		}
		lastSeen := event.TimeOf(time.Now())
		laptop.Close()
		<-time.After(59 * time.Second)
		synctest.Wait()
		if len(b.leaves()) != 1 {
			t.Fatal("a blip was logged as leaving")
		}
		<-time.After(3 * time.Second)
		synctest.Wait()
		if left := b.leaves(); len(left) != 2 || left[1].UserID != ada.UserID || left[1].Reason != "timeout" || left[1].LeftAt != lastSeen {
			t.Fatalf("left: %+v; want Ada at %v", left, lastSeen)
		}
		b.checkLog()
	})
}

// TestWhoIsGoneWaitsNoMore: the waiting room empties itself of those who went away, and of them alone.
func TestWhoIsGoneWaitsNoMore(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		on := true
		b.must(rivera, "session.settings", "wait", &session.SessionSettings{WaitingRoom: &on})
		b.must(rivera, "participant.remove", "out", &session.ParticipantRemove{UserID: sam.UserID})
		b.must(rivera, "participant.remove", "out too", &session.ParticipantRemove{UserID: ada.UserID})
		b.must(sam, "participant.join", "back", &session.ParticipantJoin{})
		b.must(ada, "participant.join", "back", &session.ParticipantJoin{})
		follows, err := b.Follow(t.Context(), school, classID, ada.UserID, event.Position{})
		if err != nil {
			t.Fatal(err)
		}
		defer follows.Close()
		before := len(b.leaves())
		<-time.After(4 * time.Minute)
		synctest.Wait()
		if left := b.leaves()[before:]; len(left) != 2 || left[0].UserID != rivera.UserID && left[1].UserID != rivera.UserID ||
			left[0].UserID != sam.UserID && left[1].UserID != sam.UserID {
			t.Errorf("left: %+v; want the teacher, who was inside, and Sam, who waited, both without a connection", left)
		}
		b.checkLog()
	})
}

func (b *box) leaves() (out []event.ParticipantLeft) {
	for _, e := range b.events() {
		if o, err := event.OpenEvent(&e, b.keys); err == nil && o.Type == event.TypeParticipantLeft {
			out = append(out, *o.Payload.(*event.ParticipantLeft))
		}
	}
	return out
}

func TestLogThatCantBeWrittenHaltsAndResumesByItself(t *testing.T) {
	bothWays(t, func(t *testing.T, b *box) {
		b.live()
		st, err := b.Follow(t.Context(), school, classID, ada.UserID, event.Position{})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		if _, err := st.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := len(b.events())
		b.log.Fail(fmt.Errorf("disk full: %w", eventlog.ErrUnavailable))
		b.refused(fault.LogUnavailable, ada, "chat.send", "lost", &session.ChatSend{Content: "x", To: session.ChatRecipient{Audience: "all"}})
		u, err := st.Next(t.Context())
		if err != nil || u.Status == nil || u.Status.State != session.Halted || u.Status.Reason != string(fault.LogUnavailable) {
			t.Fatalf("followers were told %+v, %v", u, err)
		}
		<-time.After(30 * time.Second)
		if len(b.events()) != before {
			t.Fatal("something was written")
		}
		b.log.Fail(nil)
		<-time.After(2 * time.Second)
		synctest.Wait()
		if types := b.types()[before:]; !slices.Equal(types, []string{event.TypeSessionHalted, event.TypeSessionResumed}) {
			t.Fatalf("after the disk came back: %v", types)
		}
		if a := b.say(ada, "lost", "x"); a.Repeat {
			t.Error("a command that was refused was remembered")
		}
		b.checkLog()
	})
}

// An end that falls due while nothing can be written comes after the halt and its end, which everybody was told of.
func TestEndThatFallsDueWhileTheLogIsDown(t *testing.T) {
	bothWays(t, func(t *testing.T, b *box) {
		b.live()
		b.must(rivera, "session.end", "end", &session.SessionEnd{})
		before := len(b.events())
		b.log.Fail(fmt.Errorf("disk full: %w", eventlog.ErrUnavailable))
		b.refused(fault.LogUnavailable, ada, "chat.send", "lost", &session.ChatSend{Content: "x", To: session.ChatRecipient{Audience: "all"}})
		<-time.After(30 * time.Second)
		b.log.Fail(nil)
		<-time.After(3 * time.Second)
		synctest.Wait()
		want := []string{event.TypeSessionHalted, event.TypeSessionResumed, event.TypeSessionEnded}
		if types := b.types()[before:]; !slices.Equal(types, want) {
			t.Fatalf("after the disk came back: %v, want %v", types, want)
		}
		b.checkLog()
	})
}

func TestFencedLogEndsTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.live()
		b.log.Fail(fmt.Errorf("fsync: %w", eventlog.ErrFenced))
		b.refused(fault.LogUnavailable, ada, "chat.send", "k", &session.ChatSend{Content: "x", To: session.ChatRecipient{Audience: "all"}})
		if err := b.stop(); !errors.Is(err, run.ErrFatal) || !errors.Is(err, eventlog.ErrFenced) {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func TestOtherTenantsFindNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		other := event.NewID()
		_, err := b.Do(t.Context(), Request{TenantID: other, SessionID: classID, Digest: []byte("{}"),
			Command: session.Command{Type: "session.end", Key: "k", Actor: rivera, Payload: &session.SessionEnd{}}})
		if fault.Of(err).Code != fault.NotFound {
			t.Errorf("Do: %v", err)
		}
		if err := b.Read(t.Context(), other, classID, func(*session.State) error { return nil }); fault.Of(err).Code != fault.NotFound {
			t.Errorf("Read: %v", err)
		}
		if _, err := b.Follow(t.Context(), other, classID, rivera.UserID, event.Position{}); fault.Of(err).Code != fault.NotFound {
			t.Errorf("Follow: %v", err)
		}
		if len(b.Loaded()) != 1 {
			t.Errorf("%d classes in memory, want 1", len(b.Loaded()))
		}
		if c := b.class(other, classID); c != nil {
			t.Error("another tenant's class of the same id was loaded, and nobody would wait for it at a stop")
		}
	})
}

func TestAppendsThatFailOrWhoseAnswerIsLost(t *testing.T) {
	odd := errors.New("connection lost")
	for name, lost := range map[string]func(n int) (before, after error){
		"answer lost":        func(n int) (error, error) { return nil, every(3, n, odd) },
		"not written":        func(n int) (error, error) { return every(3, n, odd), nil },
		"not at the head":    func(n int) (error, error) { return every(4, n, eventlog.ErrConflict), nil },
		"both, now and then": func(n int) (error, error) { return every(5, n, odd), every(2, n, odd) },
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, b *box) {
				b.live()
				b.log.lost = lost
				var wg sync.WaitGroup
				for i := range 40 {
					wg.Go(func() {
						for range 20 { // a client asks again with the same key
							if _, err := b.give(ada, "chat.send", fmt.Sprint(i), &session.ChatSend{Content: "x", To: session.ChatRecipient{Audience: "all"}}); err == nil {
								return
							}
						}
						t.Errorf("message %d never went through", i)
					})
				}
				wg.Wait()
				b.log.lost = nil
				if n := strings.Count(strings.Join(b.types(), " "), event.TypeChatMessage); n != 40 {
					t.Errorf("%d messages in the log, want each of 40 once", n)
				}
				b.checkLog()
			})
		})
	}
}

func every(n, i int, err error) error {
	if i%n == 0 {
		return err
	}
	return nil
}

func TestWallClockThatJumpsADay(t *testing.T) {
	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour, -56 * 365 * 24 * time.Hour} {
		inBubble(t, func(t *testing.T, b *box) {
			b.live()
			b.skew = jump
			<-time.After(time.Second)
			b.say(ada, "running", "a running class does not notice")
			at := b.events()
			if d := at[len(at)-1].CreatedAt - at[len(at)-2].CreatedAt; d < 900 || d > 1100 {
				t.Errorf("jump %v: a second took %d ms in a running class", jump, d)
			}
			b.restart()
			b.say(ada, "restarted", "after a restart time goes on, never back")
			b.must(rivera, "session.end", "end", &session.SessionEnd{})
			<-time.After(11 * time.Second)
			synctest.Wait()
			if types := b.types(); types[len(types)-1] != event.TypeSessionEnded {
				t.Errorf("jump %v: the class did not end", jump)
			}
			b.checkLog()
		})
	}
}

func TestWhoDoesNotComeBackAfterARestartWasLastSeenBeforeIt(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		at := b.events()[len(b.events())-1].CreatedAt
		if err := b.stop(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Hour)
		b.start()
		<-time.After(2 * time.Minute)
		synctest.Wait()
		left := b.leaves()
		if len(left) != 3 || left[0].LeftAt != at {
			t.Errorf("left: %+v; want three people at %v", left, at)
		}
	})
}

func TestReadsSeeOnlyWhatIsDurable(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		release := make(chan struct{})
		b.log.lost = func(int) (error, error) { <-release; return nil, nil }
		var wg sync.WaitGroup
		wg.Go(func() { b.say(ada, "k", "not durable yet") })
		synctest.Wait()
		seen := make(chan int, 1)
		wg.Go(func() {
			_ = b.Read(t.Context(), school, classID, func(s *session.State) error { seen <- len(s.Chat.Windows["all"]); return nil })
		})
		synctest.Wait()
		select {
		case n := <-seen:
			if n != 0 {
				t.Errorf("a read saw %d messages while their append was on its way", n)
			}
		default:
			t.Error("a read waited for an append")
		}
		close(release)
		wg.Wait()
		if err := b.Read(t.Context(), school, classID, func(s *session.State) error { seen <- len(s.Chat.Windows["all"]); return nil }); err != nil {
			t.Fatal(err)
		}
		if n := <-seen; n != 1 {
			t.Errorf("a read saw %d messages once they were durable", n)
		}
		b.log.lost = nil
	})
}

func TestFollowersGetWhatBecameDurableWithoutAnAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		c := b.joinFrom(ben.UserID, b.fresh(ben.UserID))
		b.must(ben, "participant.join", "b-join", &session.ParticipantJoin{})
		b.log.lost = func(int) (error, error) { return nil, errors.New("connection lost") }
		last := b.say(ada, "k", "durable, its answer lost").Position
		b.log.lost = nil
		c.catchUp(last.Sequence)
		c.agrees()
		c.st.Close()
	})
}
