package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/session"
)

// watcher is a socket whose every message is held to the published schema.
type watcher struct {
	t    testing.TB
	conn *websocket.Conn
	ctx  context.Context
	upTo int64
}

type frame struct {
	From, UpTo int64
	Events     []event.Copy
	View       *session.State
	Error      *struct{ Code string }
}

func (p *person) watch(class string) *watcher {
	p.s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	p.s.t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, p.s.url+class+"/live", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + p.token}}})
	if err != nil {
		p.s.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	p.s.t.Cleanup(func() { _ = conn.CloseNow() })
	return &watcher{t: p.s.t, conn: conn, ctx: ctx, upTo: -1}
}

// until reads until a frame is what is waited for; no position may be missing before.
func (w *watcher) until(what string, is func(frame) bool) frame {
	w.t.Helper()
	for {
		_, b, err := w.conn.Read(w.ctx)
		if err != nil {
			w.t.Fatalf("waiting for %s: %v", what, err)
		}
		if err := checkFrame(b); err != nil {
			w.t.Errorf("not as published: %v\n%s", err, b)
		}
		var f frame
		if err := json.Unmarshal(b, &f); err != nil {
			w.t.Fatalf("%v in %s", err, b)
		}
		if f.UpTo > 0 {
			if w.upTo >= 0 && f.From != w.upTo {
				w.t.Errorf("from %d after %d", f.From, w.upTo)
			}
			w.upTo = f.UpTo
		}
		if is(f) {
			return f
		}
	}
}

func has(typ string) func(frame) bool {
	return func(f frame) bool {
		for _, e := range f.Events {
			if e.Type == typ {
				return true
			}
		}
		return false
	}
}

func viewOf(standing session.Standing) func(frame) bool {
	return func(f frame) bool { return f.View != nil && f.View.Viewer.Standing == standing }
}

// byCode comes in by a code as nobody who is signed in.
func (s *server) byCode(name, code, device string) (*person, answer) {
	s.t.Helper()
	p := &person{s: s, name: event.NewID().String()} // of which its keys are made
	body := map[string]any{"code": code, "displayName": name}
	if device != "" {
		body["device"] = device
	}
	a := p.call("POST", "/api/join", body)
	p.token = a.text("guest.accessToken")
	return p, a
}

// TestGuestOfAClass: from the code to the end of the class over the real API: waiting, let in on the same socket, taking part,
// a page loaded anew, a restart of the box, put out with the device, and erased.
func TestGuestOfAClass(t *testing.T) {
	type m = map[string]any
	s := newServer(t)
	teacher := s.signIn("teacher")
	class, elsewhere := s.schedule(teacher, m{"joinCode": "k7p2-qx3m"}), s.schedule(teacher, m{"title": "Elsewhere"})
	code := teacher.call("GET", class+"/join-code", nil).want(200).text("code")
	if code != "K7P2QX3M" {
		t.Errorf("the planned code is shown as %q", code)
	}
	users, err := s.box.Store.Users(t.Context(), s.demo.Tenant.ID, directory.UserFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	gil, joined := s.byCode("Gil Gustafsson", "k7p2 qx3m", "")
	joined.want(200)
	id, device := joined.text("guest.user.id"), joined.text("guest.device")
	socket := gil.watch(class)
	socket.until("the waiting room", viewOf(session.StandingWaiting))
	teacher.call("POST", class+"/start", m{}).want(200)
	socket.until("the start", has(event.TypeSessionStarted))
	gil.call("POST", class+"/join", m{}).want(200) // guests wait on: nobody knows them
	teacher.call("POST", class+"/admissions", m{"action": "admit", "userId": id}).want(200)
	socket.until("being let in", has(event.TypeParticipantAdmitted))
	teacher.call("POST", class+"/lock", m{"action": "lock"}).want(200)
	socket.until("the lock, told at the door", has(event.TypeSessionLocked))
	teacher.call("POST", class+"/lock", m{"action": "unlock"}).want(200)
	if err := socket.conn.Write(socket.ctx, websocket.MessageText, []byte(`{"command":{"type":"participant.join","key":"in","payload":{}}}`)); err != nil {
		t.Fatal(err)
	}
	socket.until("the class", viewOf(session.StandingMember))
	gil.call("POST", class+"/chat", m{"content": "Hello from outside", "to": m{"audience": "all"}}).want(201)
	socket.until("the own message", has(event.TypeChatMessage))
	if chat := teacher.call("GET", class+"/chat", nil).want(200); chat.text("messages.0.displayName") != "Gil Gustafsson" {
		t.Errorf("chat: %s", chat.body)
	}
	if roster := teacher.call("GET", class+"/state", nil).want(200); !strings.Contains(string(roster.body), `"displayName":"Gil Gustafsson","guest":true`) {
		t.Errorf("the roster marks no guest: %s", roster.body)
	}
	if me := gil.call("GET", "/api/me", nil).want(200); me.at("guest") != true || me.text("displayName") != "Gil Gustafsson" {
		t.Errorf("me: %s", me.body)
	}
	gil.call("GET", elsewhere, nil).refused(404, "not_found")
	gil.call("GET", "/api/sessions", nil).refused(403, "forbidden")

	refreshed := (&person{s: s, name: "page"}).call("POST", "/api/auth/refresh", m{"refreshToken": joined.text("guest.refreshToken")}).want(200)
	if refreshed.text("user.id") != id || refreshed.text("user.displayName") != "Gil Gustafsson" || refreshed.text("refreshToken") == joined.text("guest.refreshToken") {
		t.Errorf("refreshed: %s", refreshed.body)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.start()
	gil.call("GET", class+"/state", nil).want(200)
	again, rejoined := s.byCode("The Head", code, device)
	if rejoined.want(200); rejoined.text("guest.user.id") != id || rejoined.text("guest.user.displayName") != "Gil Gustafsson" || rejoined.text("view.viewer.standing") != "member" {
		t.Errorf("the page loaded anew: %s", rejoined.body)
	}
	if now, err := s.box.Store.Users(t.Context(), s.demo.Tenant.ID, directory.UserFilter{Limit: 1000}); err != nil || len(now) != len(users) {
		t.Errorf("there were %d people in the directory, now %d, %v", len(users), len(now), err)
	}
	s.holdsNo("Gil Gustafsson")

	teacher.call("POST", class+"/participants/"+id, m{"action": "ban", "banned": true}).want(200)
	_, banned := s.byCode("Gil", code, device)
	banned.refused(403, "banned")
	guest := event.MustID(id)
	if err := s.box.Store.Keys().Destroy(t.Context(), s.demo.Tenant.ID, guest); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.start()
	state := teacher.call("GET", class+"/state", nil).want(200)
	if strings.Contains(string(state.body), "Gustafsson") || !strings.Contains(string(state.body), `"displayName":{"erased":true},"guest":true`) {
		t.Errorf("after the guest was erased: %s", state.body)
	}
	if me := again.call("GET", "/api/me", nil).want(200); me.text("displayName") != "" {
		t.Errorf("who was erased is told the name %s", me.body)
	}
}

// holdsNo looks for a text in every file of the data folder.
func (s *server) holdsNo(text string) {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			s.t.Errorf("%s holds %q", filepath.Base(path), text)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestGuestsAreTurnedAway: before they leave any trace, by lock, by denial, by an end and by a code that is no more.
func TestGuestsAreTurnedAway(t *testing.T) {
	type m = map[string]any
	s := newServer(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	code := teacher.call("POST", class+"/join-code", m{}).want(200).text("code")
	teacher.call("POST", class+"/start", m{}).want(200)
	device := fmt.Sprintf("device-%030d", 1)
	gil, joined := s.byCode("Gil", code, device)
	joined.want(200)
	socket := gil.watch(class)
	socket.until("the waiting room", viewOf(session.StandingWaiting))
	teacher.call("POST", class+"/admissions", m{"action": "deny", "all": true}).want(200)
	socket.until("the denial", has(event.TypeParticipantDenied))
	if _, _, err := socket.conn.Read(socket.ctx); err != nil {
		t.Errorf("the reason came not: %v", err)
	}
	if _, _, err := socket.conn.Read(socket.ctx); websocket.CloseStatus(err) != 4403 {
		t.Errorf("closed with %v", err)
	}
	_, denied := s.byCode("Gil", code, device)
	denied.refused(403, "denied")
	teacher.call("POST", class+"/lock", m{"action": "lock"}).want(200)
	_, locked := s.byCode("Lou", code, "")
	locked.refused(409, "session_locked")
	teacher.call("POST", class+"/end", m{}).want(200)
	s.waitUntil("the class has ended", func() bool { return teacher.call("GET", class, nil).text("status") == "ended" })
	_, over := s.byCode("Lou", code, "")
	over.refused(404, "join_code_wrong")
	if shown := teacher.call("GET", class+"/join-code", nil).want(200); shown.at("code") != nil {
		t.Errorf("an ended class shows the code %s", shown.body)
	}
	if _, again := s.byCode("Lou", "WRONG234", ""); again.text("message") != over.text("message") {
		t.Errorf("a code that was right is told %q, one that never was %q", over.text("message"), again.text("message"))
	}
}
