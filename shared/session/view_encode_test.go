package session

import (
	"fmt"
	"strings"
	"testing"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// TestAppendViewKeeps: what members see alike is encoded once, however many come whom nobody is told by name.
func TestAppendViewKeeps(t *testing.T) {
	c := liveClass(t)
	c.crowd("s", limits.NamedClass)
	c.do(student("s1"), "chat.send", &ChatSend{Content: "hello <all> & \u2028", To: ChatRecipient{Audience: "all"}})
	must := func(name string) {
		t.Helper()
		if err := appended(c.s, who(name)); err != nil {
			t.Fatal(err)
		}
	}
	must("s1")
	parts, people := &c.s.alike.parts[0], c.s.alike.people
	for i := range 10 {
		c.join(student(fmt.Sprint("quiet", i)))
		must(fmt.Sprint("quiet", i))
	}
	c.do(student("quiet3"), "participant.leave", nil)
	must("s1")
	if &c.s.alike.parts[0] != parts || c.s.alike.people != people {
		t.Error("encoded anew for people who are a number")
	}
	c.do(student("s2"), "participant.leave", nil)
	must("s1")
	if &c.s.alike.parts[0] != parts || c.s.alike.people == people {
		t.Error("after somebody left whom all see, the list of people is the same, or more than it was encoded anew")
	}
	c.do(student("s1"), "chat.send", &ChatSend{Content: "again", To: ChatRecipient{Audience: "all"}})
	must("quiet1")
	if &c.s.alike.parts[0] == parts {
		t.Error("not encoded anew after a message")
	}
}

// TestAppendViewByRole: who comes back with another role is seen by others than before.
func TestAppendViewByRole(t *testing.T) {
	c := liveClass(t, student("Sam"), assistant("Kim"))
	c.do(teacher(), "session.settings", &SessionSettings{Visibility: ptr("staff")})
	check := func() {
		t.Helper()
		for _, name := range []string{"Tess", "Sam", "Kim", "an outsider"} {
			if err := appended(c.s, who(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	check()
	for _, kim := range []Actor{student("Kim"), assistant("Kim")} {
		c.do(assistant("Kim"), "participant.leave", nil)
		check()
		c.join(kim)
		check()
	}
}

// TestAppendViewOfACopy: a copied struct does not take what is remembered of another state for its own.
func TestAppendViewOfACopy(t *testing.T) {
	c := liveClass(t, student("Sam"))
	if err := appended(c.s, who("Sam")); err != nil {
		t.Fatal(err)
	}
	other := *c.s
	other.Exam = true
	b, err := AppendView(nil, &other, who("Sam"))
	if err != nil || !strings.Contains(string(b), `"exam":true`) {
		t.Errorf("%s, %v", b, err)
	}
}

// BenchmarkAppendView is the view of one more in a class of a thousand.
func BenchmarkAppendView(b *testing.B) {
	s := New(who("class"))
	s.Life.Status = Live
	for i := range 1000 {
		Apply(s, event.Opened{Type: event.TypeParticipantJoined, Epoch: 1, Sequence: s.Sequence + 1, Payload: &event.ParticipantJoined{UserID: who(fmt.Sprint(i)), Role: "student", DisplayName: event.Plain("Sam")}})
	}
	for range limits.ChatWindow {
		Apply(s, event.Opened{Type: event.TypeChatMessage, Epoch: 1, Sequence: s.Sequence + 1, Payload: &event.ChatMessage{MessageID: event.NewID(), UserID: who("1"), Content: event.Plain("hello"), To: event.Recipient{Audience: "all"}}})
	}
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = AppendView(buf[:0], s, who("999")); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(buf)), "B/view")
}
