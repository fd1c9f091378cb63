package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	classes       = 4
	pupils        = 30 // of the demo school
	demoCourse    = "de300000-0003-7000-8000-000000000001"
	demoLesson    = "de300000-0004-7000-8000-000000000001"
	demoPassword  = "demo-only"
	setUpPatience = 30 * time.Second
)

// edgeTarget is the program that ships, over its HTTP API, with the demo school and some running classes.
type edgeTarget struct {
	program  string
	template map[string][]byte // a data folder with everything set up
	sessions []string
	polls    map[string]string // an anonymous one that stays open, by session

	mu      sync.Mutex
	signIns map[string]signIn // by pupil
}

// signIn is what a login answers.
type signIn struct {
	AccessToken string `json:"accessToken"`
	User        struct {
		ID       string `json:"id"`
		TenantID string `json:"tenantId"`
	} `json:"user"`
}

func newEdgeTarget(t *testing.T) *edgeTarget {
	return &edgeTarget{program: program(t, "edge"), signIns: map[string]signIn{}, polls: map[string]string{}}
}

func (e *edgeTarget) command(folder, address string) *exec.Cmd { return e.run(folder, address) }

func (e *edgeTarget) run(folder, address string, args ...string) *exec.Cmd {
	cmd := exec.Command(e.program, args...)
	cmd.Env = append(os.Environ(), "DATA_DIR="+folder, "EDGE_ADDR="+address, "LOG_LEVEL=error")
	return cmd
}

// prepare seeds a school and starts its classes, once; further folders are copies of the first.
func (e *edgeTarget) prepare(t *testing.T, folder, address string) {
	t.Helper()
	if e.template == nil {
		e.setUp(t, folder, address)
		e.template = readImage(t, folder)
	}
	writeImage(t, folder, e.template)
}

func (e *edgeTarget) setUp(t *testing.T, folder, address string) {
	t.Helper()
	if text, err := e.run(folder, address, "seed").CombinedOutput(); err != nil {
		t.Fatalf("seed: %v\n%s", err, text)
	}
	server := e.command(folder, address)
	server.Stderr = &tail{}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		if err := server.Wait(); err != nil {
			t.Errorf("a stop that was asked for: %v\n%s", err, server.Stderr)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), setUpPatience)
	defer cancel()
	teacher, err := e.signInUntil(ctx, "http://"+address, "teacher@demo.school")
	if err != nil {
		t.Fatalf("sign in: %v\n%s", err, server.Stderr)
	}
	for n := range classes {
		plan := map[string]any{
			"title": fmt.Sprintf("Class %d", n), "scheduledStart": time.Now().UTC(), "scheduledEnd": time.Now().Add(time.Hour).UTC(),
			"staff":    []any{map[string]string{"userId": teacher.User.ID, "role": "teacher"}},
			"lessonId": demoLesson, "courseId": demoCourse,
		}
		var made struct{ ID string }
		err := post(ctx, "http://"+address+"/api/sessions", teacher.AccessToken, fmt.Sprintf("plan-%d", n), plan, &made)
		if err == nil {
			err = post(ctx, "http://"+address+"/api/sessions/"+made.ID+"/start", teacher.AccessToken, "start", map[string]any{}, nil)
		}
		if err != nil {
			t.Fatalf("set up class %d: %v\n%s", n, err, server.Stderr)
		}
		var poll struct{ ID string }
		if err := post(ctx, "http://"+address+"/api/sessions/"+made.ID+"/polls", teacher.AccessToken, "poll", map[string]any{
			"prompt": "Real or virtual?", "options": []string{"real", "virtual"}, "multiple": false, "anonymous": true, "live": false}, &poll); err != nil {
			t.Fatalf("set up the poll of class %d: %v\n%s", n, err, server.Stderr)
		}
		e.sessions, e.polls[made.ID] = append(e.sessions, made.ID), poll.ID
	}
}

func (e *edgeTarget) signInUntil(ctx context.Context, base, email string) (signIn, error) {
	for {
		s, err := e.signIn(ctx, base, email)
		if err == nil {
			return s, nil
		}
		select {
		case <-time.After(retryPause):
		case <-ctx.Done():
			return s, err
		}
	}
}

// signIn signs somebody in, once for all clients.
func (e *edgeTarget) signIn(ctx context.Context, base, email string) (signIn, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s, ok := e.signIns[email]; ok {
		return s, nil
	}
	var s signIn
	err := post(ctx, base+"/api/auth/login", "", "", map[string]string{"email": email, "password": demoPassword}, &s)
	if err == nil {
		e.signIns[email] = s
	}
	return s, err
}

// forget makes the next sign-in ask again, if the token is still the one that was refused.
func (e *edgeTarget) forget(email, token string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.signIns[email].AccessToken == token {
		delete(e.signIns, email)
	}
}

func (e *edgeTarget) client(n int, address string) client {
	return &edgeClient{
		target: e, base: "http://" + address, session: e.sessions[n%classes], email: fmt.Sprintf("student%02d@demo.school", n/classes%pupils+1),
	}
}

// edgeClient is one pupil in one class.
type edgeClient struct {
	target               *edgeTarget
	base, session, email string
}

// asks gives the command that has a key: mostly a message; among ten a reaction, a hand that goes up and down, and an anonymous
// vote for the other option than the last time, of which the log does not tell whose it is.
func (c *edgeClient) asks(key string) (path string, body any, anonymous bool) {
	switch last := key[len(key)-1]; last {
	case '0':
		return "/reactions", map[string]string{"reaction": "clap"}, false
	case '3', '7':
		return "/hands", map[string]string{"action": map[byte]string{'3': "raise", '7': "lower"}[last]}, false
	case '5':
		tens := 0 // of command-5 there are none
		if c := key[len(key)-2]; c != '-' {
			tens = int(c - '0')
		}
		return "/polls/" + c.target.polls[c.session] + "/votes", map[string]any{"choices": []int{tens % 2}}, true
	}
	return "/chat", map[string]any{"content": "This is " + key, "to": map[string]string{"audience": "all"}}, false
}

// send sends a command. Who is not signed in, or not in the class, does that first.
func (c *edgeClient) send(ctx context.Context, key string) (acknowledged, error) {
	s, err := c.target.signIn(ctx, c.base, c.email)
	if err != nil {
		return acknowledged{}, err
	}
	what, body, anonymous := c.asks(key)
	var answer struct{ Position string }
	err = post(ctx, c.base+"/api/sessions/"+c.session+what, s.AccessToken, key, body, &answer)
	var refused *refusal
	if errors.As(err, &refused) {
		switch refused.Code {
		case "unauthenticated", "token_expired":
			c.target.forget(c.email, s.AccessToken)
		case "not_joined":
			join := post(ctx, c.base+"/api/sessions/"+c.session+"/join", s.AccessToken, "join for "+key, map[string]any{}, nil)
			err = errors.Join(err, join)
		}
	}
	if err != nil {
		return acknowledged{}, err
	}
	var epoch int
	a := acknowledged{Tenant: s.User.TenantID, Session: c.session, Actor: s.User.ID, Key: key}
	if anonymous {
		a.Actor = ""
	}
	if _, err := fmt.Sscanf(answer.Position, "%d.%d", &epoch, &a.Sequence); err != nil {
		return a, fmt.Errorf("position %q: %w", answer.Position, err)
	}
	return a, nil
}

// refusal is the edge's shape of errors.
type refusal struct {
	Status  int
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Message) }

func post(ctx context.Context, url, token, key string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := edgeHTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		r := &refusal{Status: response.StatusCode}
		return errors.Join(json.NewDecoder(response.Body).Decode(r), r)
	}
	if answer == nil {
		_, err := io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

var edgeHTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
