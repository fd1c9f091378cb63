package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/shared/classclient"
	"multistream/shared/classscript"
	"multistream/shared/event"
)

// document is what an edge's OpenAPI document says of three commands.
const document = `{"paths": {
	"/api/sessions/{sessionId}/lock": {"post": {"x-commands": ["session.lock", "session.unlock"], "requestBody": {"content": {"application/json": {"schema":
		{"oneOf": [{"properties": {"action": {"const": "lock"}}}, {"properties": {"action": {"const": "unlock"}}}]}}}}}},
	"/api/sessions/{sessionId}/polls/{pollId}/votes": {"post": {"x-commands": ["poll.vote"], "requestBody": {"content": {"application/json": {"schema": {}}}}}},
	"/api/sessions/{sessionId}/assets": {"post": {"x-commands": ["asset.add"], "requestBody": {"content": {"image/png": {}}}}}}}`

// asked is a request as a stub of an edge got it.
type asked struct{ method, path, query, key, kind, body string }

// stub serves the document, and gives every other request to answer.
func stub(t *testing.T, answer func(n int, r asked) (status int, body string)) (*api, *[]asked) {
	t.Helper()
	var requests []asked
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/api/openapi.json" {
			fmt.Fprint(w, document)
			return
		}
		requests = append(requests, asked{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Idempotency-Key"), r.Header.Get("Content-Type"), string(body)})
		status, text := answer(len(requests), requests[len(requests)-1])
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	a := &api{REST: classclient.REST{Edge: server.URL, HTTP: server.Client()}, patience: time.Minute}
	if err := a.Learn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a, &requests
}

// TestAddressesOfCommands: path, action and body are those of the document.
func TestAddressesOfCommands(t *testing.T) {
	a, requests := stub(t, func(int, asked) (int, string) { return 200, `{"position":"1.2"}` })
	class, poll := event.NewID(), event.NewID()
	for _, c := range []struct {
		command string
		payload map[string]any
		want    asked
	}{
		{"session.unlock", nil, asked{"POST", "/lock", "", "", "application/json", `{"action":"unlock","idempotencyKey":"k"}`}},
		{"poll.vote", map[string]any{"pollId": poll.String(), "choices": []any{int64(1)}},
			asked{"POST", "/polls/" + poll.String() + "/votes", "", "", "application/json", `{"choices":[1],"idempotencyKey":"k"}`}},
		{"asset.add", map[string]any{"kind": "media", "name": "map.png", "contentType": "image/png", "size": int64(20), "pages": int64(1), "digest": "d"},
			asked{"POST", "/assets", "kind=media&name=map.png&pages=1", "k", "image/png", "\x89PNG\r\n\x1a\n\nmade up for a class script: d\n"}},
	} {
		if _, err := a.command(t.Context(), "token", class, c.command, "k", c.payload); err != nil {
			t.Fatal(err)
		}
		c.want.path = "/api/sessions/" + class.String() + c.want.path
		if got := (*requests)[len(*requests)-1]; got != c.want {
			t.Errorf("%s: asked %+v\nwant %+v", c.command, got, c.want)
		}
	}
	if _, err := a.command(t.Context(), "token", class, "chat.send", "k", nil); err == nil {
		t.Error("a command that the document does not have is given")
	}
}

// TestSlowDown: an edge that asks to wait is asked again with the same key, and a refusal that stands is told.
func TestSlowDown(t *testing.T) {
	a, requests := stub(t, func(n int, _ asked) (int, string) {
		switch n {
		case 1:
			return 429, `{"code":"rate_limited","message":"wait","details":{"retryAfterMs":1}}`
		case 2:
			return 503, `{"code":"busy","message":"wait","details":{}}`
		case 3:
			return 200, `{"position":"1.2"}`
		}
		return 409, `{"code":"wrong_state","message":"no","details":{}}`
	})
	body, err := a.command(t.Context(), "token", event.NewID(), "session.lock", "k", nil)
	if err != nil || string(body) != `{"position":"1.2"}` || len(*requests) != 3 || a.waited != 2 {
		t.Fatalf("%s %v after %d requests", body, err, len(*requests))
	}
	for _, r := range *requests {
		if !strings.Contains(r.body, `"idempotencyKey":"k"`) {
			t.Errorf("another key: %s", r.body)
		}
	}
	var refusal *Refusal
	if _, err := a.command(t.Context(), "token", event.NewID(), "session.lock", "k", nil); !errors.As(err, &refusal) || refusal.Code != "wrong_state" || len(*requests) != 4 {
		t.Errorf("%v after %d requests", err, len(*requests))
	}
}

// TestSocketThatClosesBeforeItsAnswer: the command is given again, over REST and with the same key.
func TestSocketThatClosesBeforeItsAnswer(t *testing.T) {
	a, requests := stub(t, func(int, asked) (int, string) { return 200, `{"position":"1.5"}` })
	heard := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"ms1"}})
		if err != nil {
			return
		}
		_, message, _ := conn.Read(context.Background())
		heard <- string(message)
		_ = conn.Close(4403, "removed")
	}))
	t.Cleanup(server.Close)
	f := newFollower("Ada", time.Minute)
	if err := f.begin(startedView(t), event.Position{Epoch: 1, Sequence: 4}); err != nil {
		t.Fatal(err)
	}
	if err := f.follow(t.Context(), server.URL, event.NewID(), "token"); err != nil {
		t.Fatal(err)
	}
	d := &driver{ctx: t.Context(), api: a, session: event.NewID()}
	body, err := d.send(&person{follower: f}, classscript.Command{Type: "session.lock", Key: "k"}, map[string]any{})
	if err != nil || string(body) != `{"position":"1.5"}` {
		t.Fatalf("%s %v", body, err)
	}
	var m struct {
		Command struct{ Type, Key string }
	}
	if err := json.Unmarshal([]byte(<-heard), &m); err != nil || m.Command.Type != "session.lock" || m.Command.Key != "k" {
		t.Errorf("over the socket: %+v %v", m, err)
	}
	if len(*requests) != 1 || !strings.Contains((*requests)[0].body, `"idempotencyKey":"k"`) {
		t.Errorf("over REST: %+v", *requests)
	}
	if f.open() || f.report().Ended != "4403 removed" {
		t.Errorf("%+v", f.report())
	}
}
