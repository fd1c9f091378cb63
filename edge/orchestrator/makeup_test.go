package orchestrator

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

// vote holds an anonymous poll with one vote.
func (b *box) vote(name string) event.ID {
	b.t.Helper()
	poll := b.must(rivera, "poll.start", name, &session.PollStart{Prompt: "Real or virtual?", Options: []string{"real", "virtual"}, Anonymous: true}).
		Facts[0].Payload.(*event.PollStarted).PollID
	b.must(ada, "poll.vote", name, &session.PollVote{PollID: poll, Choices: []int{0}})
	return poll
}

func (b *box) secrets() int {
	b.t.Helper()
	polls, err := b.keys.PollSecrets(b.t.Context(), school, classID)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(polls)
}

// TestCrashRightAfterTheEnd: what belongs behind the end of a class is made up for at the next start, whether or not somebody
// asks for the class.
func TestCrashRightAfterTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.ring.stuck.Store(true)
		b.log.noSnapshots = true
		b.live()
		b.vote("p")
		b.must(rivera, "session.end", "end", &session.SessionEnd{})
		<-time.After(11 * time.Second)
		synctest.Wait()
		if types := b.types(); types[len(types)-1] != event.TypeSessionEnded || b.secrets() != 1 {
			t.Fatalf("the class stands at %v with %d secrets", types, b.secrets())
		}
		b.log.noSnapshots = false
		b.ring.stuck.Store(false)
		b.restart()
		synctest.Wait()
		if n := b.secrets(); n != 0 {
			t.Errorf("%d secrets of ended polls outlive a crash: who voted can be told for ever", n)
		}
		snap, ok, err := b.log.LatestSnapshot(t.Context(), school, classID, 1<<40, session.Format)
		if err != nil || !ok || snap.Sequence != int64(len(b.events())) || snap.Signed.Verify(b.head.Public().(edPublic)) != nil {
			t.Errorf("the end has no signed head: %v, %v, at %d of %d", ok, err, snap.Sequence, len(b.events()))
		}
		if ends, err := b.log.UnsignedEnds(t.Context()); err != nil || len(ends) != 0 {
			t.Errorf("%d ends without a signed head, %v", len(ends), err)
		}
		b.checkLog()
	})
}

// TestSecretsThatCouldNotBeDestroyed: the key table knows them when the state has forgotten the poll, and they are tried again.
func TestSecretsThatCouldNotBeDestroyed(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		inBubble(t, func(t *testing.T, b *box) {
			b.ring.stuck.Store(true)
			b.live()
			for i := range 12 {
				b.must(rivera, "poll.end", fmt.Sprint("end", i), &session.PollEnd{PollID: b.vote(fmt.Sprint(i))})
			}
			open := b.vote("open")
			if n := b.secrets(); n != 13 {
				t.Fatalf("%d secrets, want 13", n)
			}
			b.ring.stuck.Store(false)
			if restarted {
				b.restart()
			}
			<-time.After(2 * time.Second)
			synctest.Wait()
			if n := b.secrets(); n != 1 {
				t.Errorf("restarted %v: %d secrets are left, want that of the open poll", restarted, n)
			}
			if _, err := b.keys.PollSecret(t.Context(), school, classID, open); err != nil {
				t.Errorf("restarted %v: the open poll lost its secret: %v", restarted, err)
			}
		})
	}
}

// TestStopWaitsForTheSnapshotOfTheEnd: a stop does not leave the log to be closed under a snapshot.
func TestStopWaitsForTheSnapshotOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t)
		b.live()
		saving, release := make(chan struct{}), make(chan struct{})
		b.log.saves = func() { close(saving); <-release }
		b.must(rivera, "session.end", "end", &session.SessionEnd{})
		<-saving
		stopped := make(chan error, 1)
		go func() { stopped <- b.stop() }()
		synctest.Wait()
		select {
		case <-stopped:
			t.Error("stopped while a snapshot was on its way")
		default:
		}
		close(release)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}
