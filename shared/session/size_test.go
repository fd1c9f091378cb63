package session_test

import (
	"bytes"
	"compress/flate"
	"sync"
	"testing"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// viewBytes is what a view may take, compressed: somebody who joins waits for all of it.
const viewBytes = 64 << 10

// threeHours is a class of 30 students with 20,000 events. It is made once; nobody changes it.
var threeHours = sync.OnceValue(func() *classscript.Rules { return classscript.Realistic(1, 30, 20_000) })

// TestViewSize holds every view of a class of three hours, and of one with as many people as a view lists, to its size. It
// looks again and again on the way: the largest moment counts.
func TestViewSize(t *testing.T) {
	for name, class := range map[string]*classscript.Rules{"three hours": threeHours(), "a crowd": classscript.Realistic(2, 400, 3_000)} {
		s, largest := session.New(class.State.SessionID), 0
		for i, e := range class.Log {
			session.Apply(s, e)
			if i%401 == 0 {
				if err := invariants(s); err != nil {
					t.Fatalf("%s: %d %s: %v", name, e.Sequence, e.Type, err)
				}
			}
			if i%1201 == 0 || i == len(class.Log)-1 {
				for _, user := range []string{"Rivera", "Tom", "Student-1", "Student-7"} {
					largest = max(largest, compressed(t, encoded(t, session.View(s, classscript.NameID(user)))))
				}
			}
		}
		t.Logf("%s: %d events, largest view %d bytes compressed, full state %d bytes", name, len(class.Log), largest, len(encoded(t, s)))
		if largest > viewBytes {
			t.Errorf("%s: a view has %d bytes compressed, want at most %d", name, largest, viewBytes)
		}
		if got, want := encoded(t, s), encoded(t, class.State); !bytes.Equal(got, want) {
			t.Errorf("%s: folded anew it is another class", name)
		}
	}
}

// TestLongClass holds the last events of a class that has outgrown every window to the law and to the invariants.
func TestLongClass(t *testing.T) {
	class := threeHours()
	tail := len(class.Log) - 150
	s := session.Fold(session.New(class.State.SessionID), class.Log[:tail])
	followers, err := classscript.Follow(s, classscript.NameID("Tom"), classscript.NameID("Student-1"))
	if err != nil {
		t.Fatal(err)
	}
	closed := 0
	for _, e := range class.Log[tail:] {
		session.Apply(s, e)
		if err := invariants(s); err != nil {
			t.Fatalf("%d %s: %v", e.Sequence, e.Type, err)
		}
		if _, err := followers.Take(s, &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == event.TypeQuestionResolved || e.Type == event.TypeQuestionAnswered || e.Type == event.TypePollEnded {
			closed++
		}
	}
	full := map[string]bool{"chat": len(s.Chat.Windows["all"]) == limits.ChatWindow, "captions": len(s.Captions) == limits.CaptionWindow,
		"timeline": len(s.Timeline) == limits.MarkWindow, "questions": len(s.Questions) >= limits.ClosedQuestions, "polls": len(s.Polls) >= limits.ClosedPolls}
	for window, isFull := range full {
		if !isFull || closed == 0 {
			t.Errorf("window of %s full: %v; %d questions and polls were closed", window, isFull, closed)
		}
	}
}

// TestRealistic: the class that figures are measured on has what a class has, and is the same each time.
func TestRealistic(t *testing.T) {
	first, again, other := classscript.Realistic(5, 8, 900), classscript.Realistic(5, 8, 900), classscript.Realistic(6, 8, 900)
	if !bytes.Equal(encoded(t, first.State), encoded(t, again.State)) || bytes.Equal(encoded(t, first.State), encoded(t, other.State)) {
		t.Error("a seed does not make one class, the same each time")
	}
	had := map[string]int{}
	for _, e := range threeHours().Log {
		had[e.Type]++
	}
	for typ, least := range map[string]int{event.TypeCaptionSegment: 2000, event.TypeWhiteboardUpdated: 2000, event.TypeChatMessage: 2000, event.TypeQuestionAsked: 50,
		event.TypePollVoted: 300, event.TypeHandRaised: 100, event.TypeSlideChanged: 100, event.TypeParticipantLeft: 20, event.TypeBoardUndone: 50, event.TypeSceneChanged: 50} {
		if had[typ] < least {
			t.Errorf("%d times %s, want %d at least", had[typ], typ, least)
		}
	}
}

func compressed(t testing.TB, b []byte) int {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// BenchmarkFold folds a class of three hours from its first event.
func BenchmarkFold(b *testing.B) {
	class := threeHours()
	for b.Loop() {
		session.Fold(session.New(class.State.SessionID), class.Log)
	}
	b.ReportMetric(float64(len(class.Log)), "events/op")
}

// BenchmarkView takes a student's view of a class of three hours, as it is sent to who joins.
func BenchmarkView(b *testing.B) {
	class := threeHours()
	for b.Loop() {
		encoded(b, session.View(class.State, classscript.NameID("Student-1")))
	}
}
