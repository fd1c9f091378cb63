package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// client is a follower that keeps a view of its own, as a web client does.
type client struct {
	t    *testing.T
	b    *box
	user event.ID
	st   *Stream
	view *session.State
}

// joinFrom follows from a view that was taken earlier.
func (b *box) joinFrom(user event.ID, view *session.State) *client {
	b.t.Helper()
	st, err := b.Follow(b.t.Context(), school, classID, user, event.Position{Epoch: view.Epoch, Sequence: view.Sequence})
	if err != nil {
		b.t.Fatal(err)
	}
	return &client{t: b.t, b: b, user: user, st: st, view: view}
}

// TestNudge: a nudge ends a wait, once, and never goes before what is new.
func TestNudge(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		st := b.joinFrom(sam.UserID, b.fresh(sam.UserID)).st
		defer st.Close()
		got := make(chan int)
		go func() {
			for {
				u, err := st.Next(t.Context())
				if err != nil {
					close(got)
					return
				}
				got <- len(u.Entries)
			}
		}()
		synctest.Wait()
		st.Nudge()
		if n := <-got; n != 0 {
			t.Errorf("a nudge gave %d entries", n)
		}
		synctest.Wait()
		select {
		case n := <-got:
			t.Errorf("one nudge ended two waits; the second with %d entries", n)
		default:
		}
		b.say(sam, "k", "hello")
		synctest.Wait() // Next has the message and waits to hand it over
		st.Nudge()
		if n := <-got; n != 1 {
			t.Errorf("a message beside a nudge: %d entries", n)
		}
		if n := <-got; n != 0 {
			t.Errorf("the nudge after it gave %d entries", n)
		}
		st.Close()
		if n, open := <-got; open {
			t.Errorf("%d entries after the close", n)
		}
	})
}

// fresh gives a person's view, as bytes would bring it.
func (b *box) fresh(user event.ID) *session.State {
	b.t.Helper()
	var out *session.State
	if err := b.Read(b.t.Context(), school, classID, func(s *session.State) (err error) {
		out, err = session.CopyState(session.View(s, user))
		return err
	}); err != nil {
		b.t.Fatal(err)
	}
	return out
}

// catchUp takes what there is until the view stands at a sequence; events must come in order, none missing.
func (c *client) catchUp(to int64) {
	c.t.Helper()
	for c.view.Sequence < to {
		u, err := c.st.Next(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		for _, e := range u.Entries {
			if e.Sequence <= c.view.Sequence {
				continue // covered by a fresh view
			}
			if e.Sequence != c.view.Sequence+1 {
				c.t.Fatalf("got %d after %d", e.Sequence, c.view.Sequence)
			}
			if e.Refresh(c.user) {
				c.view = c.b.fresh(c.user)
				c.st.Skip(c.view.Sequence)
				continue
			}
			if raw := e.Copy(c.user, c.view.Viewer.Standing); raw != nil {
				var copied event.Copy
				if err := json.Unmarshal(raw, &copied); err != nil {
					c.t.Fatal(err)
				}
				session.Apply(c.view, copied.Opened())
			}
			session.Advance(c.view, e.Epoch, e.Sequence)
		}
	}
}

// agrees checks that the client's own view is the one the class would give it now.
func (c *client) agrees() {
	c.t.Helper()
	got, err := event.CanonicalJSON(c.view)
	if err != nil {
		c.t.Fatal(err)
	}
	want, err := event.CanonicalJSON(c.b.fresh(c.user))
	if err != nil {
		c.t.Fatal(err)
	}
	if string(got) != string(want) {
		c.t.Errorf("view of %s grew apart\ngrown: %s\nfresh: %s", c.user, got, want)
	}
}

func TestFollowersCatchUpFromTailAndFromLog(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		b.must(ben, "participant.join", "b-join", &session.ParticipantJoin{})
		early := map[event.ID]*session.State{}
		for _, who := range []session.Actor{rivera, ada, ben} {
			early[who.UserID] = b.fresh(who.UserID)
		}
		late := b.fresh(ben.UserID)
		var last event.Position
		for i := range 3 * ringSize {
			switch i % 4 {
			case 0:
				last = b.say(ada, fmt.Sprint("all", i), "for all").Position
			case 1:
				last = b.must(ada, "chat.send", fmt.Sprint("staff", i), &session.ChatSend{Content: "for staff", To: session.ChatRecipient{Audience: "staff"}}).Position
			case 2:
				last = b.must(ada, "hand.raise", fmt.Sprint("up", i), &session.HandRaise{}).Position
			case 3:
				last = b.must(ada, "hand.lower", fmt.Sprint("down", i), &session.HandLower{}).Position
			}
			if i == 2*ringSize+ringSize/2 {
				late = b.fresh(ben.UserID)
			}
		}
		synctest.Wait()
		for _, restarted := range []bool{false, true} {
			if restarted {
				b.restart()
			}
			for user, view := range early {
				copied, err := session.CopyState(view)
				if err != nil {
					t.Fatal(err)
				}
				c := b.joinFrom(user, copied)
				c.catchUp(last.Sequence)
				c.agrees()
				c.st.Close()
			}
			copied, _ := session.CopyState(late)
			c := b.joinFrom(ben.UserID, copied)
			c.catchUp(last.Sequence)
			c.agrees()
			c.st.Close()
		}
		b.checkLog()
	})
}

func TestViewsFollowAChangeOfRole(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		c := b.joinFrom(ada.UserID, b.fresh(ada.UserID))
		defer c.st.Close()
		role := "assistant"
		b.must(rivera, "permission.change", "promote", &session.PermissionChange{UserID: ada.UserID, Role: &role})
		last := b.must(sam, "chat.send", "s", &session.ChatSend{Content: "staff only", To: session.ChatRecipient{Audience: "staff"}}).Position
		c.catchUp(last.Sequence)
		c.agrees()
		if c.view.Viewer.Standing != session.StandingStaff || len(c.view.Chat.Entries) != 1 {
			t.Errorf("after the promotion: %+v, %d messages", c.view.Viewer, len(c.view.Chat.Entries))
		}
	})
}

func TestFollowRefusesPositionsThatNeverWere(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		head := int64(len(b.events()))
		for _, p := range []event.Position{{Epoch: 1, Sequence: head + 1}, {Epoch: 2, Sequence: 1}, {Epoch: 1, Sequence: -1}} {
			_, err := b.Follow(t.Context(), school, classID, ada.UserID, p)
			var rewind *RewindError
			if !errors.As(err, &rewind) || rewind.To != (event.Position{Epoch: 1, Sequence: head}) {
				t.Errorf("after %v: %v", p, err)
			}
		}
	})
}

func TestStreamEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		head := event.Position{Epoch: 1, Sequence: int64(len(b.events()))}
		st, err := b.Follow(t.Context(), school, classID, ada.UserID, head)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { _, err := st.Next(context.WithoutCancel(t.Context())); ended <- err }()
		synctest.Wait()
		st.Close()
		st.Close()
		if err := <-ended; err != io.EOF {
			t.Errorf("Next after Close: %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		st, _ = b.Follow(t.Context(), school, classID, ada.UserID, head)
		defer st.Close()
		cancel()
		if _, err := st.Next(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("Next of a caller that went: %v", err)
		}
	})
}

func TestSnapshotsAreACache(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		for i := range snapshotEvery + ringSize + 200 {
			b.say(ada, fmt.Sprint(i), "hello")
		}
		synctest.Wait()
		snap, ok, err := b.log.LatestSnapshot(t.Context(), school, classID, 1<<40, session.Format)
		if err != nil || !ok {
			t.Fatalf("no snapshot: %v", err)
		}
		if err := snap.Signed.Verify(b.head.Public().(edPublic)); err != nil {
			t.Error(err)
		}
		b.restart()
		b.checkLog()
		first := b.say(ada, "5", "hello") // from before the snapshot: known by the log, not by memory
		if !first.Repeat {
			t.Error("a repeat from before the snapshot was decided again")
		}
		b.keys.Destroy(school, ada.UserID)
		b.restart()
		b.checkLog()
	})
}

func TestIdleClassesLeaveMemoryAndComeBack(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		b.must(rivera, "session.end", "end", &session.SessionEnd{})
		waitFor(t, b, 0)
		b.refused(fault.SessionEnded, ada, "hand.raise", "k", &session.HandRaise{})
		if len(b.Loaded()) != 1 {
			t.Errorf("%d classes in memory", len(b.Loaded()))
		}
		b.checkLog()
	})
}

func TestGatesRefuseAStartButNotItsRepeat(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		b.restart(shut{})
		if a := b.must(rivera, "session.start", "start", &session.SessionStart{}); !a.Repeat {
			t.Error("not a repeat")
		}
		b.log.full = eventlog.ErrUnavailable
		b.refused(fault.StartGate, rivera, "session.start", "again", &session.SessionStart{})
		b.log.full = nil
		b.log.Fail(fmt.Errorf("SQLITE_IOERR_WRITE: %w", eventlog.ErrUnavailable))
		b.refused(fault.StartGate, rivera, "session.start", "again", &session.SessionStart{})
		if _, err := b.give(rivera, "session.start", "again", &session.SessionStart{}); strings.Contains(fault.Of(err).Message, "SQLITE") {
			t.Errorf("the teacher was told %q", fault.Of(err).Message)
		}
		b.log.Fail(nil)
		b.refused(fault.RecorderNotArmed, rivera, "session.start", "again", &session.SessionStart{})
	})
}

type shut struct{}

func (shut) Name() string { return "recorder" }
func (shut) Check(context.Context, event.ID, event.Plan) error {
	return fault.New(fault.RecorderNotArmed, "no recorder")
}

// hangs is a gate that does not answer until it is released.
type hangs struct{ release chan struct{} }

func (hangs) Name() string { return "recorder" }
func (h hangs) Check(context.Context, event.ID, event.Plan) error {
	<-h.release
	return nil
}

func TestGateThatHangsHoldsUpItsStartAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		gate := hangs{make(chan struct{})}
		b.restart(gate)
		started := make(chan struct{})
		go func() { b.must(rivera, "session.start", "start", &session.SessionStart{}); close(started) }()
		synctest.Wait()
		b.say(ada, "meanwhile", "the class goes on")
		_ = b.fresh(ada.UserID)
		close(gate.release)
		<-started
	})
}
