package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/classclient"
	"multistream/shared/event"
	"multistream/shared/identity"
)

// server is a real edge on loopback with the demo school in it.
type server struct {
	t    testing.TB
	dir  string
	url  string
	box  *Box
	stop func() error
	demo identity.Demo
	at   seams

	listener net.Listener
	commands map[string]classclient.Address // learnt once
}

// newServer starts an edge that lives as long as the test.
func newServer(t testing.TB) *server {
	t.Helper()
	return newServerOn(t, t.TempDir(), seams{})
}

// newServerAt is newServer with another pace of connections.
func newServerAt(t testing.TB, pace gateway.Pace) *server {
	t.Helper()
	return newServerOn(t, t.TempDir(), seams{pace: pace})
}

// newServerOn starts it in a folder, with what the test holds it by.
func newServerOn(t testing.TB, dir string, at seams) *server {
	t.Helper()
	s := &server{t: t, dir: dir, at: at, demo: identity.DemoSchool()}
	if err := Seed(t.Context(), Config{DataDir: s.dir, Version: "test"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("the edge ended with %v", err)
		}
	})
	return s
}

func (s *server) start() {
	s.t.Helper()
	box, err := open(context.Background(), Config{DataDir: s.dir, Version: "test"}, slog.New(slog.DiscardHandler), s.at)
	if err != nil {
		s.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- box.Serve(ctx, listener, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		s.t.Fatal(err)
	}
	s.listener = listener
	s.box, s.url = box, "http://"+listener.Addr().String()
	s.stop = func() error {
		cancel()
		if err := <-ended; err != nil {
			return err
		}
		return box.Close()
	}
}

// person is somebody signed in.
type person struct {
	s     *server
	name  string
	token string
	keys  atomic.Int64
}

func (s *server) signIn(name string) *person {
	s.t.Helper()
	p := &person{s: s, name: name}
	a := p.call("POST", "/api/auth/login", map[string]any{"email": name + "@demo.school", "password": identity.DemoPassword})
	a.want(200)
	p.token = a.text("accessToken")
	return p
}

// answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	status int
	body   []byte
}

// call makes a request with a fresh key and holds the answer to the published document.
func (p *person) call(method, path string, body any) answer {
	return p.callWith(method, path, fmt.Sprintf("%s-%d", p.name, p.keys.Add(1)), body)
}

func (p *person) callWith(method, path, key string, body any) answer {
	p.s.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	case []byte:
		content = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			p.s.t.Fatal(err)
		}
		content = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(p.s.t.Context(), method, p.s.url+path, content)
	if err != nil {
		p.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if _, file := body.([]byte); file {
		r.Header.Set("Content-Type", "image/png")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	return p.s.do(r)
}

var client = &http.Client{Timeout: 30 * time.Second}

func (s *server) do(r *http.Request) answer {
	s.t.Helper()
	res, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := answer{t: s.t, what: r.Method + " " + r.URL.Path, status: res.StatusCode, body: got}
	if err := checkResponse(r.Method, r.URL.Path, a.status, a.body); err != nil {
		s.t.Errorf("%s: the answer is not as published: %v\n%s", a.what, err, a.body)
	}
	return a
}

func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answered %d %s, want %d", a.what, a.status, a.body, status)
	}
	return a
}

// refused checks the status and the code of an error, and that it tells a person something.
func (a answer) refused(status int, code string) answer {
	a.t.Helper()
	if a.status != status || a.text("code") != code || a.text("message") == "" || a.text("requestId") == "" {
		a.t.Errorf("%s answered %d %s, want %d %s", a.what, a.status, a.body, status, code)
	}
	return a
}

// at gives what lies at a path of names and indices, like "session.id" or "items.0".
func (a answer) at(path string) any {
	a.t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	for _, name := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string {
	a.t.Helper()
	s, _ := a.at(path).(string)
	return s
}

// schedule makes a class and gives its path.
func (s *server) schedule(teacher *person, more map[string]any) string {
	s.t.Helper()
	now := time.Now().UTC()
	plan := map[string]any{"title": "Lenses", "courseId": s.demo.Course.ID, "lessonId": s.demo.Lessons[1].ID,
		"scheduledStart": event.TimeOf(now), "scheduledEnd": event.TimeOf(now.Add(time.Hour)),
		"staff": []map[string]any{{"userId": s.demo.Teacher.ID, "role": "teacher"}, {"userId": s.demo.Assistant.ID, "role": "assistant"}}}
	for k, v := range more {
		plan[k] = v
	}
	return "/api/sessions/" + teacher.call("POST", "/api/sessions", plan).want(201).text("id")
}

// waitUntil asks until a fact holds, for a minute at most; waitSlowly asks as seldom as a person may ask.
func (s *server) waitUntil(what string, holds func() bool) {
	s.t.Helper()
	s.waitEvery(50*time.Millisecond, what, holds)
}

func (s *server) waitSlowly(what string, holds func() bool) {
	s.t.Helper()
	s.waitEvery(250*time.Millisecond, what, holds)
}

func (s *server) waitEvery(pause time.Duration, what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-tick.C {
		if holds() {
			return
		}
	}
	s.t.Fatalf("after a minute it does not hold that %s", what)
}
