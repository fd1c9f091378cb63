package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// fakeEdge speaks as much of the API as a load needs, and makes a mistake on purpose: mischief changes what the first student
// is sent instead of the frame with a number.
type fakeEdge struct {
	mu       sync.Mutex
	upTo     int
	sockets  []*fakeSocket
	mischief func(n int, frame []byte) [][]byte
}

type fakeSocket struct {
	conn    *websocket.Conn
	student bool
}

func newFakeEdge(t *testing.T, mischief func(int, []byte) [][]byte) (address, accounts string) {
	t.Helper()
	e := &fakeEdge{upTo: 1, mischief: mischief}
	mux := http.NewServeMux()
	id := "00000000-0000-7000-8000-000000000001"
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, "{}") })
	mux.HandleFunc("POST /api/auth/login", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Username string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		answerJSON(w, fmt.Sprintf(`{"accessToken":%q,"user":{"id":%q}}`, body.Username, id))
	})
	mux.HandleFunc("POST /api/sessions", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, fmt.Sprintf(`{"id":%q}`, id)) })
	for _, path := range []string{"start", "join", "end"} {
		mux.HandleFunc("POST /api/sessions/{id}/"+path, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, "{}") })
	}
	mux.HandleFunc("POST /api/sessions/{id}/scenes", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, fmt.Sprintf(`{"id":%q}`, id)) })
	mux.HandleFunc("GET /api/sessions/{id}/live", e.live)
	server := httptest.NewUnstartedServer(mux)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	accounts = filepath.Join(t.TempDir(), "accounts.json")
	text := `{"courseId":"` + id + `","lessonId":"` + id + `","password":"p","teachers":["t1"],"assistants":["a1","a2"],"students":["s1","s2","s3","s4"]}`
	if err := os.WriteFile(accounts, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), accounts
}

func answerJSON(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(text))
}

func (e *fakeEdge) live(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	s := &fakeSocket{conn: conn, student: r.Header.Get("Authorization") == "Bearer s1"}
	e.mu.Lock()
	_ = conn.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, `{"epoch":1,"from":0,"upTo":%d,"view":{}}`, e.upTo))
	e.sockets = append(e.sockets, s)
	e.mu.Unlock()
	for {
		_, message, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		var m struct {
			Command struct {
				Key     string
				Payload json.RawMessage
			}
		}
		if json.Unmarshal(message, &m) != nil {
			return
		}
		e.publish(r.Context(), m.Command.Payload)
		_ = conn.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, `{"reply":{"key":%q,"status":201,"body":{}}}`, m.Command.Key))
	}
}

func (e *fakeEdge) publish(ctx context.Context, payload []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.upTo++
	frame := fmt.Appendf(nil, `{"epoch":1,"from":%d,"upTo":%d,"events":[{"type":"note.added","version":1,"epoch":1,"sequence":%d,"createdAt":"","payload":%s}]}`,
		e.upTo-1, e.upTo, e.upTo, payload)
	for _, s := range e.sockets {
		frames := [][]byte{frame}
		if s.student {
			frames = e.mischief(e.upTo, frame)
		}
		for _, f := range frames {
			_ = s.conn.Write(ctx, websocket.MessageText, f)
		}
	}
}
