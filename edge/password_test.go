package edge

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/shared/event"
)

type m = map[string]any

// tokens signs in and gives the whole pair.
func (s *server) tokens(name, password string) (p *person, refresh string) {
	s.t.Helper()
	p = &person{s: s, name: name}
	a := p.call("POST", "/api/auth/login", m{"username": name, "password": password}).want(200)
	p.token = a.text("accessToken")
	return p, a.text("refreshToken")
}

// socket opens the live socket of a class and gives a function that waits for its end and tells the close code.
func (p *person) socket(class string) func() int {
	p.s.t.Helper()
	ctx, cancel := context.WithTimeout(p.s.t.Context(), time.Minute)
	p.s.t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, strings.Replace(p.s.url, "http", "ws", 1)+class+"/live",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + p.token}}})
	if err != nil {
		p.s.t.Fatal(err)
	}
	if _, _, err := conn.Read(ctx); err != nil { // the view: it is followed from here on
		p.s.t.Fatal(err)
	}
	return func() int {
		for {
			if _, _, err := conn.Read(ctx); err != nil {
				return int(websocket.CloseStatus(err))
			}
		}
	}
}

// TestPasswordChanged: a change ends the person's other sign-ins within the request, tokens, sockets and refreshes, and this
// one goes on.
func TestPasswordChanged(t *testing.T) {
	s := newServer(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/start", m{}).want(200)
	here, hereRefresh := s.tokens("student01", "demo-only")
	there, thereRefresh := s.tokens("student01", "demo-only")
	here.call("POST", class+"/join", m{}).want(200)
	open, closed := here.socket(class), there.socket(class)

	change := func(body m) answer { return here.call("POST", "/api/auth/password", body) }
	change(m{"oldPassword": "wrong", "newPassword": "a new one, longer"}).refused(401, "bad_credentials")
	for bad, field := range map[string]string{"short": "newPassword", "Student 01": "newPassword", "student01": "newPassword",
		"Student01@Demo.School": "newPassword", "demo-only": "newPassword", strings.Repeat("ä", 200): "newPassword"} {
		if a := change(m{"oldPassword": "demo-only", "newPassword": bad}); a.status != 400 || a.text("details.field") != field {
			t.Errorf("%q: %d %s", bad, a.status, a.body)
		}
	}
	there.call("GET", "/api/me", nil).want(200)
	change(m{"oldPassword": "demo-only", "newPassword": "a new one, longer"}).want(200)

	there.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	if code := closed(); code != 4401 {
		t.Errorf("the other's socket was closed with %d", code)
	}
	nobody := &person{s: s, name: "nobody"}
	nobody.call("POST", "/api/auth/refresh", m{"refreshToken": thereRefresh}).refused(401, "unauthenticated")
	nobody.call("POST", "/api/auth/login", m{"username": "student01", "password": "demo-only"}).refused(401, "bad_credentials")
	nobody.call("POST", "/api/auth/login", m{"username": "student01", "password": "a new one, longer"}).want(200)
	here.call("GET", "/api/me", nil).want(200)
	here.token = nobody.call("POST", "/api/auth/refresh", m{"refreshToken": hereRefresh}).want(200).text("accessToken")

	here.call("POST", "/api/auth/logout", m{"everywhere": true}).want(200)
	if code := open(); code != 4401 {
		t.Errorf("after signing out everywhere the socket was closed with %d", code)
	}
	here.call("GET", "/api/me", nil).refused(401, "unauthenticated")
}

// TestPasswordReset: an admin's one-time password ends all sign-ins and is good for choosing another one and nothing else.
func TestPasswordReset(t *testing.T) {
	s := newServer(t)
	admin, teacher := s.signIn("admin"), s.signIn("teacher")
	pupil, refresh := s.tokens("student02", "demo-only")
	id := s.demo.Students[1].ID
	reset := func(p *person, body m) answer { return p.call("POST", "/api/auth/password", body) }
	reset(teacher, m{"userId": id}).refused(403, "forbidden")
	reset(pupil, m{"userId": s.demo.Teacher.ID}).refused(403, "forbidden")
	reset(admin, m{"userId": event.NewID()}).refused(404, "not_found")
	reset(admin, m{"userId": s.demo.Admin.ID}).refused(400, "invalid_field")
	reset(admin, m{"userId": id, "newPassword": "Student 02"}).refused(400, "invalid_field")
	pupil.call("GET", "/api/me", nil).want(200)

	oneTime := reset(admin, m{"userId": id}).want(200).text("oneTimePassword")
	if len(oneTime) != 14 || strings.Count(oneTime, "-") != 2 {
		t.Errorf("one-time password %q", oneTime)
	}
	pupil.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	nobody := &person{s: s, name: "nobody"}
	nobody.call("POST", "/api/auth/refresh", m{"refreshToken": refresh}).refused(401, "unauthenticated")
	login := func(password string) answer {
		return nobody.call("POST", "/api/auth/login", m{"username": "student02", "password": password})
	}
	login("demo-only").refused(401, "bad_credentials")
	login(oneTime).refused(403, "password_change_required")
	choose := m{"username": "student02", "oldPassword": oneTime, "newPassword": "my own password"}
	nobody.call("POST", "/api/auth/password", m{"username": "student02", "oldPassword": "wrong", "newPassword": "my own password"}).refused(401, "bad_credentials")
	nobody.call("POST", "/api/auth/password", choose).want(200)
	nobody.call("POST", "/api/auth/password", choose).refused(401, "bad_credentials")
	login(oneTime).refused(401, "bad_credentials")
	login("my own password").want(200)

	reset(admin, m{"userId": id, "newPassword": "set by the admin"}).want(200)
	login("set by the admin").want(200)
	reset(admin, m{"userId": id, "newPassword": "set by the admin", "mustChange": true}).want(200)
	login("set by the admin").refused(403, "password_change_required")
}

// TestStolenRefreshToken over HTTP: the copy that comes late ends the sign-in, its access tokens and its sockets.
func TestStolenRefreshToken(t *testing.T) {
	s := newServer(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/start", m{}).want(200)
	owner, stolen := s.tokens("student03", "demo-only")
	nobody := &person{s: s, name: "nobody"}
	refresh := func(token string) answer {
		return nobody.call("POST", "/api/auth/refresh", m{"refreshToken": token})
	}
	first := refresh(stolen).want(200)
	copied := refresh(stolen).want(200) // within the grace: it may be a lost answer
	owner.token = first.text("accessToken")
	owner.call("POST", class+"/join", m{}).want(200)
	closed := owner.socket(class)
	second := refresh(first.text("refreshToken")).want(200)
	refresh(copied.text("refreshToken")).refused(401, "unauthenticated") // two successors of one link are in use: one is a copy
	if code := closed(); code != 4401 {
		t.Errorf("the socket was closed with %d", code)
	}
	for what, token := range map[string]string{"first": first.text("accessToken"), "copied": copied.text("accessToken"), "second": second.text("accessToken")} {
		if a := (&person{s: s, name: what, token: token}).call("GET", "/api/me", nil); a.status != 401 || a.text("code") != "unauthenticated" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	refresh(second.text("refreshToken")).refused(401, "unauthenticated")
}

// TestRevokedSurvivesARestart: what was ended before it stays ended after it.
func TestRevokedSurvivesARestart(t *testing.T) {
	s := newServer(t)
	out, in := s.signIn("student04"), s.signIn("student05")
	out.call("POST", "/api/auth/logout", m{}).want(200)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s.start()
	out.call("GET", "/api/me", nil).refused(401, "unauthenticated")
	in.call("GET", "/api/me", nil).want(200)
}
