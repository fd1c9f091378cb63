package orchestrator

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// Beyond lateEntries the durable state is brought up to date without anybody reading it.
func TestNobodyReads(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		for i := range 2 * lateEntries {
			b.must(rivera, "hand.raise", fmt.Sprint("up", i), &session.HandRaise{})
			b.must(rivera, "hand.lower", fmt.Sprint("down", i), &session.HandLower{UserID: rivera.UserID})
		}
		d := b.class(school, classID).tail.durable
		d.mu.Lock()
		late := len(d.late)
		d.mu.Unlock()
		if late >= lateEntries {
			t.Errorf("%d entries wait to be taken on", late)
		}
		b.checkLog()
	})
}

// Who comes to a large class is told to those who are there together with others, within a moment; anything else at once, and
// who came with it.
func TestManyWhoComeAreToldTogether(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		come := func(i int) {
			who := session.Actor{UserID: event.DeriveID(event.ID{}, event.ID{}, fmt.Sprint("pupil ", i), 0), Role: "student", DisplayName: fmt.Sprint("Pupil ", i)}
			b.must(who, "participant.join", fmt.Sprint("join", i), &session.ParticipantJoin{})
		}
		for i := range limits.NamedClass {
			come(i)
		}
		<-time.After(time.Second)
		st, err := b.Follow(t.Context(), school, classID, ada.UserID, event.Position{Epoch: 1, Sequence: int64(len(b.events()))})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		var entries []int
		var at []time.Time
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				u, err := st.Next(t.Context())
				if err != nil {
					return
				}
				entries, at = append(entries, len(u.Entries)), append(at, time.Now())
			}
		}()
		synctest.Wait()
		began := time.Now()
		for i := range 20 {
			come(limits.NamedClass + i)
			synctest.Wait()
		}
		<-time.After(time.Second)
		for i := range 5 {
			come(limits.NamedClass + 20 + i)
			synctest.Wait()
		}
		again := time.Now()
		b.say(ada, "k", "hello")
		<-time.After(time.Second)
		st.Close()
		<-done
		if !slices.Equal(entries, []int{20, 6}) {
			t.Fatalf("told of %v entries at a time, want 20 and 6", entries)
		}
		const appending = 5 * time.Millisecond
		if late := at[0].Sub(began); late < quietFor || late > quietFor+appending {
			t.Errorf("those who came were told of after %v", late)
		}
		if late := at[1].Sub(again); late > appending {
			t.Errorf("the message was told after %v", late)
		}
	})
}
