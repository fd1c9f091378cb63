package classclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"multistream/shared/event"
)

// stub is an edge that lets no socket through, answers polls, and gives every command to its test.
type stub struct {
	*httptest.Server
	mu    sync.Mutex
	heard []string // keys of commands, in order
	polls []string // queries
}

func newStub(t *testing.T, command func(n int, key string) (status int, body string)) *stub {
	t.Helper()
	s := &stub{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/live"):
			http.Error(w, "<html>a proxy</html>", http.StatusBadGateway)
		case strings.HasSuffix(r.URL.Path, "/frames"):
			s.mu.Lock()
			s.polls = append(s.polls, r.URL.RawQuery)
			s.mu.Unlock()
			if r.URL.Query().Get("wait") != "0" {
				select {
				case <-time.After(20 * time.Millisecond):
				case <-r.Context().Done():
				}
			}
			fmt.Fprint(w, `{"frames":[`+frameText(4, 4)+`]}`)
		default:
			body, _ := io.ReadAll(r.Body)
			var m struct{ IdempotencyKey string }
			_ = json.Unmarshal(body, &m)
			s.mu.Lock()
			s.heard = append(s.heard, m.IdempotencyKey)
			n := len(s.heard)
			s.mu.Unlock()
			status, text := command(n, m.IdempotencyKey)
			if status == 0 {
				panic(http.ErrAbortHandler) // the answer is lost
			}
			w.WriteHeader(status)
			fmt.Fprint(w, text)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *stub) client(t *testing.T, change func(*Options)) *Client {
	t.Helper()
	o := Options{Edge: s.URL, Session: event.NewID(), Pause: 10 * time.Millisecond, Retry: time.Minute,
		Commands: map[string]Address{"hand.raise": {Method: "POST", Path: "/api/sessions/{sessionId}/hands", Action: "raise"}},
		Token:    func(_ context.Context, refused string) (string, error) { return refused + "t", nil }}
	if change != nil {
		change(&o)
	}
	c, err := Start(t.Context(), o, viewAt4(t), event.Position{Epoch: 1, Sequence: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestQueue: commands go one after the other, each with one key until it has its answer; what stands is told, and what comes
// after it goes on.
func TestQueue(t *testing.T) {
	s := newStub(t, func(n int, key string) (int, string) {
		switch n {
		case 1:
			return 0, "" // lost on the way back
		case 2:
			return 503, `{"code":"busy","message":"wait","details":{"retryAfterMs":1}}`
		case 3:
			return 504, `{"code":"timed_out","message":"perhaps","details":{}}`
		case 4:
			return 401, `{"code":"token_expired","message":"sign in","details":{}}`
		case 6:
			return 409, `{"code":"poll_closed","message":"too late","details":{}}`
		}
		return 200, `{"position":"1.5"}`
	})
	c := s.client(t, nil)
	var answers []func(context.Context) (json.RawMessage, error)
	for _, key := range []string{"a", "b", "c"} {
		answer, err := c.Queue("hand.raise", key, nil)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	if body, err := answers[0](t.Context()); err != nil || string(body) != `{"position":"1.5"}` {
		t.Errorf("first: %s %v", body, err)
	}
	var refusal *Refusal
	if _, err := answers[1](t.Context()); !errors.As(err, &refusal) || refusal.Code != "poll_closed" {
		t.Errorf("second: %v", err)
	}
	if _, err := answers[2](t.Context()); err != nil {
		t.Errorf("third: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if want := []string{"a", "a", "a", "a", "a", "b", "c"}; !slices.Equal(s.heard, want) {
		t.Errorf("heard %q, want %q", s.heard, want)
	}
	if n := c.Counts(); n.Again != 4 || n.Sockets != 0 {
		t.Errorf("%+v", n)
	}
}

// TestQueueHolds: without a network commands wait, as many as may; who ends the client is told.
func TestQueueHolds(t *testing.T) {
	s := newStub(t, nil)
	s.Close()
	c := s.client(t, func(o *Options) { o.Queue = 2 })
	first, err := c.Queue("hand.raise", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Queue("hand.raise", "", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Queue("hand.raise", "", nil); err == nil {
		t.Error("three of two were taken")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := first(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("who does not wait got %v", err)
	}
	c.Close()
	if _, err := first(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("at the end: %v", err)
	}
}

// TestPolls: where sockets are not let through, polls go on from the position; a fresh contact asks for no wait.
func TestPolls(t *testing.T) {
	s := newStub(t, nil)
	c := s.client(t, nil)
	if err := c.Until(t.Context(), func(*Screen, Mode) bool { return c.counts.Polls >= 3 && c.mode == Polling }); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polls[0] != "after=1.4&wait=0" || s.polls[2] != "after=1.4&wait=5" {
		t.Errorf("asked %q", s.polls)
	}
}

// TestOut: an edge that puts somebody out is not asked again, and its reason is kept.
func TestOut(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.WriteHeader(403)
		fmt.Fprint(w, `{"code":"banned","message":"Speak to the teacher.","details":{}}`)
	}))
	t.Cleanup(s.Close)
	c := (&stub{Server: s}).client(t, nil)
	if err := c.Until(t.Context(), func(_ *Screen, m Mode) bool { return m == Out }); err != nil || c.Why().Code != "banned" {
		t.Fatalf("%v %v", err, c.Why())
	}
	c.Close()
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}
