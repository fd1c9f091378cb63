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

// brokenKeys can't give a key of one person.
type brokenKeys struct {
	Keys
	of  event.ID
	err error
}

func (k *brokenKeys) Current(tenant, person event.ID) (event.PersonKey, error) {
	if k.err != nil && person == k.of {
		return event.PersonKey{}, k.err
	}
	return k.Keys.Current(tenant, person)
}

// A command whose facts can't be sealed is refused alone: what is on its way, what was decided beside it, and what
// followers see do not notice.
func TestCommandThatCantBeSealedIsRefusedAlone(t *testing.T) {
	for name, c := range map[string]struct {
		refusal fault.Code
		breaks  func(b *box, keys *brokenKeys)
	}{
		"author erased":           {fault.Erased, func(b *box, _ *brokenKeys) { b.keys.Destroy(school, ben.UserID) }},
		"keys can't be written":   {fault.LogUnavailable, func(_ *box, k *brokenKeys) { k.of, k.err = ben.UserID, eventlog.ErrUnavailable }},
		"keys have too many asks": {fault.Busy, func(_ *box, k *brokenKeys) { k.of, k.err = ben.UserID, eventlog.ErrBusy }},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, b *box) {
				keys := &brokenKeys{Keys: b.Orchestrator.o.Keys}
				b.Orchestrator.o.Keys = keys
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
				c.breaks(b, keys)
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
				keys.err = nil
				if c.refusal != fault.Erased { // an erasure shows in fresh views
					follower.agrees()
				}
				b.checkLog()
			})
		})
	}
}
