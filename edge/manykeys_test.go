package edge

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"multistream/edge/orchestrator"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/session"
)

// TestManyKeysOfOnePersonInAClass: a hundred thousand keys of the teacher in one class, given faster than the gateway lets
// anybody, become a hundred thousand events of its log and nothing of the box's memory. The first key still gets its first
// answer, and another class is served meanwhile. Under the detector of races they are 10,000, which takes as long.
func TestManyKeysOfOnePersonInAClass(t *testing.T) {
	keys, atOnce := int64(100_000), 400
	if underRace {
		keys = 10_000
	}
	s := newServer(t)
	teacher := s.signIn("teacher")
	var classes [2]event.ID
	for i := range classes {
		path := s.schedule(teacher, nil)
		teacher.call("POST", path+"/start", map[string]any{}).want(200)
		id, err := event.ParseID(strings.TrimPrefix(path, "/api/sessions/"))
		if err != nil {
			t.Fatal(err)
		}
		classes[i] = id
	}
	give := func(class event.ID, key string) (orchestrator.Answer, error) {
		return s.box.Classes.Do(t.Context(), orchestrator.Request{TenantID: s.demo.Tenant.ID, SessionID: class, Digest: []byte(`{}`),
			Command: session.Command{Type: "chapter.mark", Key: key, Actor: session.Actor{UserID: s.demo.Teacher.ID, Role: "teacher", DisplayName: "Rivera"},
				Payload: &session.ChapterMark{}}})
	}
	first, err := give(classes[0], "first")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := give(classes[1], "first"); err != nil {
		t.Fatal(err)
	}
	before := heap()
	var given, failed, busy atomic.Int64
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for n := given.Add(1); n <= keys && failed.Load() == 0; n = given.Add(1) {
				_, err := give(classes[0], fmt.Sprintf("%0128d", n)) // as long as a key may be
				for ; err != nil && fault.Of(err).Code == fault.Busy; _, err = give(classes[0], fmt.Sprintf("%0128d", n)) {
					busy.Add(1)
				}
				if err != nil {
					failed.Add(1)
					t.Errorf("key %d: %v", n, err)
				}
			}
		})
	}
	flooded := make(chan struct{})
	go func() { all.Wait(); close(flooded) }()
	beside, worst := 0, time.Duration(0)
	for going := true; going; beside++ {
		began := time.Now()
		if _, err := give(classes[1], fmt.Sprint("beside ", beside)); err != nil {
			t.Fatalf("another class is refused: %v", err)
		}
		worst = max(worst, time.Since(began))
		select {
		case <-flooded:
			going = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	grown := heap() - before
	t.Logf("%d commands beside, the slowest took %s; %d times busy; memory %+d KB", beside, worst, busy.Load(), grown>>10)
	if worst > 2*time.Second {
		t.Errorf("a command of another class took %s", worst)
	}
	if grown > 8<<20 {
		t.Errorf("%d keys are %d MB of memory, want 8 at most", keys, grown>>20)
	}
	again, err := give(classes[0], "first")
	if err != nil || !again.Repeat || again.Position != first.Position || len(again.Facts) != 1 || again.Facts[0].Sequence != first.Facts[0].Sequence {
		t.Errorf("the first key again: %+v, %v; want %+v", again, err, first)
	}
	head, err := s.box.Store.Head(t.Context(), s.demo.Tenant.ID, classes[0])
	if err != nil || head.Sequence < keys {
		t.Errorf("the log ends at %d, %v", head.Sequence, err)
	}
}

// TestTooManyKeysOfOnePerson: the gateway lets one person give so many commands in 10 s and tells what comes after, and when it
// is let through again; another person is served as before.
func TestTooManyKeysOfOnePerson(t *testing.T) {
	s := newServer(t)
	teacher, assistant := s.signIn("teacher"), s.signIn("assistant")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/start", map[string]any{}).want(200)
	var last answer
	n := 0
	for ; n < 10*limits.UserCommandsPer10; n++ {
		if last = teacher.call("POST", class+"/marks", map[string]any{}); last.status != 201 {
			break
		}
	}
	last.refused(429, "rate_limited")
	if wait, _ := last.at("details.retryAfterMs").(float64); wait < 1 || wait > 10_000 || n < limits.UserCommandsPer10-2 {
		t.Errorf("after %d commands: %s", n, last.body)
	}
	assistant.call("POST", class+"/join", map[string]any{}).want(200)
}

// heap gives the bytes that are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
