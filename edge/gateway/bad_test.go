package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/edge/gateway"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
)

const hello = `{"content":"x","to":{"audience":"all"}}`

// TestBad sends what must be refused and finds that nothing of it happened.
func TestBad(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam", "ada")
	chat := class + "/chat"
	id := event.NewID().String()
	before := s.send("sam", "GET", class+"/state", "").want(200).text("position")
	for name, c := range map[string]struct {
		who, method, path, body string
		headers                 []string
		status                  int
		code, field             string
	}{
		"no key":               {"sam", "POST", chat, hello, []string{"Idempotency-Key", ""}, 400, "idempotency_key_missing", ""},
		"long key":             {"sam", "POST", chat, hello, []string{"Idempotency-Key", strings.Repeat("k", 129)}, 400, "invalid_field", "idempotencyKey"},
		"key not ASCII":        {"sam", "POST", chat, `{"idempotencyKey":"ä"}`, []string{"Idempotency-Key", ""}, 400, "invalid_field", "idempotencyKey"},
		"key a number":         {"sam", "POST", chat, `{"idempotencyKey":1}`, []string{"Idempotency-Key", ""}, 400, "invalid_field", "idempotencyKey"},
		"empty key":            {"sam", "POST", chat, `{"idempotencyKey":""}`, []string{"Idempotency-Key", ""}, 400, "invalid_field", "idempotencyKey"},
		"two keys":             {"sam", "POST", chat, `{"idempotencyKey":"other"}`, nil, 400, "invalid_field", "idempotencyKey"},
		"unknown field":        {"sam", "POST", chat, `{"content":"x","to":{"audience":"all"},"bold":true}`, nil, 400, "unknown_field", "bold"},
		"unknown field below":  {"sam", "POST", chat, `{"content":"x","to":{"audience":"all","room":1}}`, nil, 400, "unknown_field", "to.room"},
		"wrong type":           {"sam", "POST", chat, `{"content":7,"to":{"audience":"all"}}`, nil, 400, "invalid_field", "content"},
		"long text":            {"sam", "POST", chat, `{"content":"` + strings.Repeat("ü", 2001) + `","to":{"audience":"all"}}`, nil, 400, "invalid_field", "content"},
		"broken UTF-8":         {"sam", "POST", chat, "{\"content\":\"\xff\"}", nil, 400, "invalid_body", "content"},
		"U+0000":               {"sam", "POST", chat, `{"content":"\u0000"}`, nil, 400, "invalid_body", "content"},
		"lone surrogate":       {"sam", "POST", chat, `{"content":"\ud800"}`, nil, 400, "invalid_body", "content"},
		"not JSON":             {"sam", "POST", chat, `hello`, nil, 400, "invalid_body", ""},
		"deep":                 {"sam", "POST", chat, `{"to":` + strings.Repeat("[", 5000), nil, 400, "invalid_body", ""},
		"form":                 {"sam", "POST", chat, hello, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", ""},
		"no content type":      {"sam", "POST", chat, hello, []string{"Content-Type", ""}, 415, "unsupported_media_type", ""},
		"10 MB":                {"sam", "POST", chat, `{"content":"` + strings.Repeat("x", 10<<20) + `"}`, nil, 413, "body_too_large", ""},
		"session no id":        {"sam", "POST", "/api/sessions/1/chat", hello, nil, 400, "invalid_field", "sessionId"},
		"unknown session":      {"sam", "POST", "/api/sessions/" + id + "/chat", hello, nil, 404, "not_found", ""},
		"message no id":        {"ada", "DELETE", chat + "/x", "", nil, 400, "invalid_field", "messageId"},
		"unknown message":      {"ada", "DELETE", chat + "/" + id, "", nil, 404, "not_found", ""},
		"address contradicted": {"ada", "DELETE", chat + "/" + id, `{"messageId":"` + event.NewID().String() + `"}`, nil, 400, "invalid_field", "messageId"},
		"no action":            {"sam", "POST", class + "/hands", `{}`, nil, 400, "invalid_field", "action"},
		"unknown action":       {"sam", "POST", class + "/hands", `{"action":"wave"}`, nil, 400, "invalid_field", "action"},
		"unknown parameter":    {"sam", "GET", class + "/state?when=now", "", nil, 400, "unknown_field", "when"},
		"bad position":         {"sam", "GET", class + "/events?after=42", "", nil, 400, "invalid_field", "after"},
		"no position":          {"sam", "GET", class + "/events", "", nil, 400, "invalid_field", "after"},
		"bad filter":           {"sam", "GET", "/api/sessions?status=lost", "", nil, 400, "invalid_field", "status"},
		"bad time":             {"sam", "GET", "/api/sessions?from=noon", "", nil, 400, "invalid_field", "from"},
		"no token":             {"", "POST", chat, hello, nil, 401, "unauthenticated", ""},
		"forged token":         {"mallory", "POST", chat, hello, nil, 401, "unauthenticated", ""},
		"not Bearer":           {"", "POST", chat, hello, []string{"Authorization", "Basic c2FtOnNhbQ=="}, 401, "unauthenticated", ""},
		"no token, 10 MB":      {"", "POST", chat, strings.Repeat("x", 10<<20), nil, 401, "unauthenticated", ""},
		"another tenant":       {"foreign-tina", "GET", class + "/state", "", nil, 404, "not_found", ""},
		"another tenant's key": {"foreign-tina", "POST", class + "/start", "", nil, 404, "not_found", ""},
		"nobody in the class":  {"nobody", "POST", chat, hello, nil, 403, "forbidden", ""},
		"student ends":         {"sam", "POST", class + "/end", "", nil, 403, "forbidden", ""},
		"student switches":     {"sam", "POST", class + "/scene", `{"sceneId":"` + id + `"}`, nil, 403, "forbidden", ""},
		"student's inbox":      {"sam", "GET", class + "/moderation", "", nil, 403, "forbidden", ""},
		"assistant ends":       {"ada", "POST", class + "/end", "", nil, 403, "forbidden", ""},
		"student schedules":    {"sam", "POST", "/api/sessions", fmt.Sprintf(planBody, userID("tina"), userID("ada")), nil, 403, "forbidden", ""},
		"not joined":           {"sue", "POST", chat, hello, nil, 403, "not_joined", ""},
		"not joined, reads":    {"sue", "GET", chat, "", nil, 403, "not_joined", ""},
		"another site":         {"sam", "POST", chat, hello, []string{"Origin", "https://evil.example"}, 403, "forbidden", ""},
		"unknown address":      {"sam", "GET", "/api/nothing", "", nil, 404, "not_found", ""},
		"outside the API":      {"sam", "GET", "/etc/passwd", "", nil, 404, "not_found", ""},
		"wrong method":         {"sam", "PUT", chat, hello, nil, 405, "method_not_allowed", ""},
		"not a socket":         {"sam", "GET", class + "/live", "", nil, 400, "invalid_body", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := (&school{t: t, server: s.server, keys: s.keys}).send(c.who, c.method, c.path, c.body, c.headers...)
			s.keys += 2
			r.want(c.status, c.code, c.field)
			if id, err := event.ParseID(r.text("requestId")); err != nil || r.header.Get("X-Request-Id") != id.String() || r.text("message") == "" {
				t.Errorf("shape: %s", r.raw)
			}
		})
	}
	if after := s.send("sam", "GET", class+"/state", "").want(200).text("position"); after != before {
		t.Errorf("the class moved from %s to %s", before, after)
	}
}

// TestExpired: a token that has run out is told apart from a forged one.
func TestExpired(t *testing.T) {
	s := open(t, nil)
	s.people.expire("sam")
	r := s.send("sam", "GET", "/api/me", "").want(401, "token_expired")
	if r.header.Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
}

// TestIdentityDown: those inside go on; nobody joins.
func TestIdentityDown(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	s.people.mu.Lock()
	s.people.down = true
	s.people.mu.Unlock()
	s.send("sam", "POST", class+"/chat", hello).want(201)
	s.send("sue", "POST", class+"/join", "").want(503, "identity_unavailable")
}

func TestRate(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := open(t, func(o *gateway.Options) {
		o.Pace.CommandsPer10, o.Pace.SignInsPer10, o.Now = 5, 3, func() time.Time { return now }
	})
	class := s.plan()
	for range 5 {
		s.send("sam", "POST", class+"/hands", "not even JSON").want(400, "invalid_body")
	}
	limited := s.send("sam", "POST", class+"/hands", `{"action":"raise"}`).want(429, "rate_limited")
	if limited.header.Get("Retry-After") != "2" || !strings.Contains(string(limited.raw), `"retryAfterMs":2000`) {
		t.Errorf("Retry-After %q: %s", limited.header.Get("Retry-After"), limited.raw)
	}
	s.send("sam", "GET", class, "").want(200) // questions have their own measure
	s.send("sue", "POST", class+"/join", "").want(200)
	now = now.Add(2 * time.Second)
	s.send("sam", "POST", class+"/join", "").want(200)
	s.send("sam", "POST", class+"/join", "").want(429, "rate_limited")
	now = now.Add(-24 * time.Hour) // a clock that jumps back blocks nobody for a day
	s.send("sam", "POST", class+"/join", "").want(429, "rate_limited")
	now = now.Add(2 * time.Second)
	s.send("sam", "POST", class+"/join", "").want(200)
	for range 10 { // a school behind one address
		s.send("", "POST", "/api/auth/login", `{"username":"sam","password":"right"}`).want(200)
		s.send("", "POST", "/api/auth/refresh", `{"refreshToken":"refresh-sam"}`).want(200)
	}
	for range 3 {
		s.send("", "POST", "/api/auth/refresh", `{"refreshToken":"guessed"}`).want(401, "unauthenticated")
	}
	s.send("", "POST", "/api/auth/refresh", `{"refreshToken":"refresh-sam"}`).want(429, "rate_limited")
	s.send("", "POST", "/api/auth/login", `{"username":"sam","password":"right"}`).want(200)
	s.people.refuse("sam", fault.New(fault.Busy, "Too many are signing in.").With("retryAfterMs", int64(2000)))
	if busy := s.send("", "POST", "/api/auth/login", `{"username":"sam","password":"right"}`).want(503, "busy"); busy.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q", busy.header.Get("Retry-After"))
	}
}

// TestFailures: what goes wrong inside is told in the one shape and never shown.
func TestFailures(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Body, o.Pace.Answer = time.Second, 50*time.Millisecond })
	class := s.live("sam")
	for _, c := range []struct {
		fail   error
		status int
		code   string
	}{
		{fault.New(fault.LogUnavailable, "The disk is full.").Because(errors.New("secret path")), 503, "log_unavailable"},
		{errors.New("secret detail"), 500, "internal"},
		{context.DeadlineExceeded, 504, "timed_out"},
	} {
		s.classes.mu.Lock()
		s.classes.fail = c.fail
		s.classes.mu.Unlock()
		if r := s.send("sam", "POST", class+"/chat", hello).want(c.status, c.code); strings.Contains(string(r.raw), "secret") {
			t.Errorf("shown: %s", r.raw)
		}
	}
	s.classes.mu.Lock()
	s.classes.fail, s.classes.hang = nil, make(chan struct{})
	s.classes.mu.Unlock()
	s.send("sam", "POST", class+"/chat", hello).want(504, "timed_out")
	if !strings.Contains(s.logs.String(), "secret detail") {
		t.Error("the cause is not in the log")
	}
}

// TestPanic: a mistake in the code is one answer, one log line, and the next request is served.
func TestPanic(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Identity = breaking{o.Identity} })
	s.send("tina", "GET", "/api/me", "").want(500, "internal")
	s.send("tina", "GET", "/api/sessions", "").want(200)
	if !strings.Contains(s.logs.String(), "panic: broken") {
		t.Error("the panic is not in the log")
	}
}

type breaking struct{ gateway.Identity }

func (breaking) Me(context.Context, rest.Principal) (accounts.Me, error) { panic("broken") }

// TestLogs: a request's line has what operators need and nothing of what people said; a vote has no voter.
func TestLogs(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	poll := s.send("tina", "POST", class+"/polls", `{"prompt":"Clear?","options":["yes","no"],"anonymous":true}`).want(201)
	request := event.NewID().String()
	s.send("sam", "POST", class+"/chat", `{"content":"very private words","to":{"audience":"all"}}`, "X-Request-Id", request).want(201)
	s.send("sam", "POST", class+"/polls/"+poll.text("id")+"/votes", `{"choices":[1]}`, "X-Request-Id", request).want(200)
	s.send("", "POST", "/api/auth/login", `{"username":"sam","password":"very secret"}`, "X-Request-Id", "not an id\"").want(401, "bad_credentials")
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(s.logs.String()), "\n") {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		lines = append(lines, line)
	}
	find := func(route string) map[string]any {
		i := slices.IndexFunc(lines, func(l map[string]any) bool { return l["route"] == route })
		if i < 0 {
			t.Fatalf("no line of %s", route)
		}
		return lines[i]
	}
	said := find("sendChat")
	if said["request"] != request || said["session"] != classID(class).String() || said["status"] != 201.0 || said["method"] != "POST" || said["user"] != userID("sam").String() {
		t.Errorf("line of a message: %v", said)
	}
	if vote := find("vote"); vote["user"] != nil || vote["request"] == request {
		t.Errorf("line of a vote: %v", vote)
	}
	if login := find("login"); login["request"] == "not an id\"" {
		t.Errorf("line of a sign-in: %v", login)
	}
	for _, secret := range []string{"private words", "secret", "Bearer"} {
		if strings.Contains(s.logs.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// TestBeforeTheStart: who says something before the class has started is told that, in its waiting room and outside; who
// was turned away is told that, as at other times.
func TestBeforeTheStart(t *testing.T) {
	s := open(t, nil)
	class := s.plan()
	s.send("sam", "POST", class+"/chat", hello).want(409, "not_started")
	s.send("sam", "POST", class+"/join", "").want(200)
	for _, command := range []string{"/chat", "/questions", "/hands", "/reactions"} {
		body := map[string]string{"/chat": hello, "/questions": `{"content":"why?"}`, "/hands": `{"action":"raise"}`, "/reactions": `{"reaction":"clap"}`}[command]
		s.send("sam", "POST", class+command, body).want(409, "not_started")
	}
	s.send("sam", "GET", class+"/chat", "").want(409, "waiting_for_admission")
	s.send("tina", "POST", class+"/admissions", `{"action":"deny","userId":"`+userID("sam").String()+`"}`).want(200)
	s.send("sam", "POST", class+"/chat", hello).want(403, "denied")
	s.send("tina", "POST", class+"/start", "").want(200)
	s.send("sue", "POST", class+"/chat", hello).want(403, "not_joined")
}

// TestFailedVotesNameNobody: no line of a vote that failed leads to its voter: not by a name, and not by a request id that another
// line has beside one, over a socket or by requests that all have one id.
func TestFailedVotesNameNobody(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	poll := s.send("tina", "POST", class+"/polls", `{"prompt":"Clear?","options":["yes","no"],"anonymous":true}`).want(201).text("id")
	request := event.NewID().String()
	c := s.socket("sam", class, "", func(o *websocket.DialOptions) { o.HTTPHeader.Set("X-Request-Id", request) })
	c.next() // the view
	s.classes.mu.Lock()
	s.classes.fail = fault.Of(fmt.Errorf("key of %s not read", userID("sam")))
	s.classes.mu.Unlock()
	c.write(`{"command":{"type":"poll.vote","key":"v1","payload":{"pollId":"` + poll + `","choices":[1]}}}`)
	c.write(`{"command":{"type":"chat.send","key":"s1","payload":` + hello + `}}`)
	for answers := 0; answers < 2; {
		if c.next().Error != nil {
			answers++
		}
	}
	s.send("sam", "POST", class+"/polls/"+poll+"/votes", `{"choices":[1]}`, "X-Request-Id", request).want(500, "internal")
	votes, named := 0, map[any]bool{}
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(s.logs.String()), "\n") {
		line := map[string]any{}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		lines = append(lines, line)
		if line["user"] == userID("sam").String() {
			named[line["request"]] = true
		}
	}
	named[request] = true // the line of the socket itself comes at its end
	for _, line := range lines {
		if line["type"] != "poll.vote" && line["route"] != "vote" {
			continue
		}
		votes++
		if line["cause"] != "key of (voter) not read" || line["request"] != nil && named[line["request"]] || strings.Contains(fmt.Sprint(line), userID("sam").String()) {
			t.Errorf("line of a failed vote: %v", line)
		}
	}
	if votes != 2 || !strings.Contains(s.logs.String(), `"type":"chat.send"`) {
		t.Errorf("%d lines of failed votes: %s", votes, s.logs.String())
	}
}

// TestSlowBody: a body that never comes ends by time, not never.
func TestSlowBody(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Body = time.Second })
	class := s.live("sam")
	body, never := io.Pipe()
	defer never.Close()
	req, err := http.NewRequest("POST", s.server.URL+class+"/chat", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sam")
	req.Header.Set("Idempotency-Key", "slow")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 400 {
		t.Errorf("got %d", res.StatusCode)
	}
}
