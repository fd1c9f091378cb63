package orchestrator

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"multistream/shared/event"
	"multistream/shared/session"
)

func TestStudioGoesBeforeChat(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		release := make(chan struct{})
		var wg sync.WaitGroup
		b.busy(release)
		synctest.Wait()
		for i := range 20 {
			wg.Go(func() {
				_, _ = b.give(ada, "chat.send", fmt.Sprint("m", i), &session.ChatSend{Content: "x", To: session.ChatRecipient{Audience: "all"}})
			})
		}
		synctest.Wait()
		wg.Go(func() {
			b.must(rivera, "chat.settings", "close", &session.ChatConfigure{Enabled: false, Private: "staff"})
		})
		synctest.Wait()
		close(release)
		wg.Wait()
		if n := strings.Count(strings.Join(b.types(), " "), event.TypeChatMessage); n != 0 {
			t.Errorf("%d messages that waited were sent after the chat was closed", n)
		}
	})
}

// busy keeps the class at something in its turn until release is closed.
func (b *box) busy(release <-chan struct{}) {
	b.class(school, classID).mail.read(func() { <-release })
}

// queued lets commands pile up behind a class that is busy, in the order in which they are given, and gives the types of the
// events that they made.
func (b *box) queued(commands ...func()) []string {
	b.t.Helper()
	before := len(b.events())
	release := make(chan struct{})
	var wg sync.WaitGroup
	b.busy(release)
	synctest.Wait()
	for _, give := range commands {
		wg.Go(give)
		synctest.Wait()
	}
	close(release)
	wg.Wait()
	return b.types()[before:]
}

// Whatever staff do to conduct a class is done before messages that were sent long before it.
func TestModerationIsNotDelayedByChat(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		poll := b.must(rivera, "poll.start", "p", &session.PollStart{Prompt: "Real?", Options: []string{"yes", "no"}}).Facts[0].Payload.(*event.PollStarted).PollID
		ask := func(n string) event.ID {
			return b.must(ada, "question.ask", n, &session.QuestionAsk{Content: "Why?"}).Facts[0].Payload.(*event.QuestionAsked).QuestionID
		}
		answered, resolved, dismissed := ask("1"), ask("2"), ask("3")
		message := b.say(ada, "m", "rude").Facts[0].Payload.(*event.ChatMessage).MessageID
		b.must(ada, "hand.raise", "h", &session.HandRaise{})
		var commands []func()
		for i := range 60 {
			commands = append(commands, func() { b.say(ada, fmt.Sprint("flood", i), "x") })
		}
		for typ, payload := range map[string]any{
			"poll.start": &session.PollStart{Prompt: "Sure?", Options: []string{"yes", "no"}}, "poll.end": &session.PollEnd{PollID: poll},
			"question.answer": &session.QuestionAnswer{QuestionID: answered, Content: "So."}, "question.resolve": &session.QuestionResolve{QuestionID: resolved},
			"question.dismiss": &session.QuestionDismiss{QuestionID: dismissed}, "hand.lower": &session.HandLower{UserID: ada.UserID},
			"chat.delete": &session.ChatDelete{MessageID: message}, "participant.mute": &session.ParticipantMute{UserID: ada.UserID, Muted: true},
		} {
			commands = append(commands, func() { b.must(sam, typ, typ, payload) })
		}
		types := b.queued(commands...)
		if first := slices.Index(types, event.TypeChatMessage); first != 8 || len(types) != 68 {
			t.Errorf("the first message was sent after %d of 8 acts of staff: %v", first, types)
		}
		b.checkLog()
	})
}

// A pupil who draws without end neither holds up what others say nor what staff do.
func TestDrawingDoesNotStarveOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, b *box) {
		b.live()
		b.must(ben, "participant.join", "b-join", &session.ParticipantJoin{})
		scene := b.must(rivera, "scene.create", "s", &session.SceneCreate{Name: "Board", Layout: session.LayoutChoice{Name: "board"}}).Facts[0].Payload.(*event.SceneCreated).SceneID
		b.must(rivera, "scene.switch", "sw", &session.SceneSwitch{SceneID: scene})
		page := b.must(rivera, "board.add_page", "pg", &session.BoardAddPage{SceneID: scene}).Facts[0].Payload.(*event.BoardPageAdded).AssetID
		b.must(rivera, "permission.change", "draw", &session.PermissionChange{UserID: ada.UserID, Grants: &[]string{"draw"}})
		draw := &session.BoardDraw{SceneID: scene, AssetID: page, Operations: []session.BoardOperation{
			{Op: "draw", Stroke: &session.NewStroke{Kind: "pen", Color: "#0a0b0c", Width: 40, Points: []int{1, 2, 3, 4}}}}}
		var commands []func()
		for i := range 120 {
			commands = append(commands, func() { b.must(ada, "board.draw", fmt.Sprint("d", i), draw) })
		}
		for i := range 5 {
			commands = append(commands, func() { b.say(ben, fmt.Sprint("m", i), "x") })
		}
		commands = append(commands, func() { b.must(rivera, "board.draw", "teacher", draw) })
		types := b.queued(commands...)
		last := len(types) - 1 - slices.Index(reversed(types), event.TypeChatMessage)
		if last > 12 || strings.Count(strings.Join(types, " "), event.TypeWhiteboardUpdated) != 121 {
			t.Errorf("the last of five messages came behind %d events of a flood of strokes: %v", last, types)
		}
		events := b.events()
		if first := events[len(events)-len(types)]; first.ActorID != rivera.UserID {
			t.Error("the teacher's stroke waited behind a pupil's")
		}
		b.checkLog()
	})
}

func reversed(s []string) []string {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}
