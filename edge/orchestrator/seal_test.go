package orchestrator

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/fault"
	"multistream/shared/session"
)

func failsFor(who session.Actor, err error) func(event.ID) error {
	return func(person event.ID) error {
		if person == who.UserID {
			return err
		}
		return nil
	}
}

// A command whose facts can't be sealed is refused alone: what is on its way, what was decided beside it, and what
// followers see do not notice.
func TestCommandThatCantBeSealedIsRefusedAlone(t *testing.T) {
	for name, c := range map[string]struct {
		refusal fault.Code
		breaks  func(b *box)
	}{
		"author erased":           {fault.Erased, func(b *box) { b.keys.Destroy(school, ben.UserID) }},
		"keys can't be written":   {fault.LogUnavailable, func(b *box) { b.ring.current = failsFor(ben, eventlog.ErrUnavailable) }},
		"keys have too many asks": {fault.Busy, func(b *box) { b.ring.current = failsFor(ben, eventlog.ErrBusy) }},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, b *box) {
				b.live()
				b.must(ben, "participant.join", "b-join", &session.ParticipantJoin{})
				b.must(rivera, "chat.settings", "hold", &session.ChatConfigure{Enabled: true, Hold: true, Private: "staff"})
				held := b.say(ben, "held", "may I?").Facts[0].Payload.(*event.ChatHeld).MessageID
				follower := b.joinFrom(ada.UserID, b.fresh(ada.UserID))
				defer follower.st.Close()
				b.rule = func(s *session.State, c session.Command) ([]event.Fact, error) {
					facts, err := session.Decide(s, c)
					if c.Type == "chat.approve" { // a first fact that can be sealed, before the one that can't
						facts = append([]event.Fact{{Type: event.TypeHandRaised, Payload: &event.HandRaised{UserID: c.Actor.UserID}}}, facts...)
					}
					return facts, err
				}
				before := len(b.events())
				release := make(chan struct{})
				b.log.lost = func(int) (error, error) { <-release; return nil, nil }
				var wg sync.WaitGroup
				say := func(n int) {
					for i := range 12 {
						wg.Go(func() { b.say(rivera, fmt.Sprint("m", n+i), "hello") })
					}
					synctest.Wait()
				}
				say(0)
				c.breaks(b)
				wg.Go(func() { b.refused(c.refusal, rivera, "chat.approve", "approve", &session.ChatApprove{MessageID: held}) })
				synctest.Wait()
				say(100)
				close(release)
				wg.Wait()
				b.log.lost, b.rule = nil, nil
				synctest.Wait()
				if got := b.types()[before:]; len(got) != 24 || strings.Count(strings.Join(got, " "), event.TypeChatMessage) != 24 {
					t.Errorf("the log got %v, want the 24 messages alone", got)
				}
				last := b.say(rivera, "last", "and on").Position
				follower.catchUp(last.Sequence)
				b.ring.current = nil
				if c.refusal != fault.Erased { // an erasure shows in fresh views
					follower.agrees()
				}
				b.checkLog()
			})
		})
	}
}
