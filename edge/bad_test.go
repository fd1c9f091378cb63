package edge

import (
	"crypto/ed25519"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"

	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
)

func TestBadInputIsRefusedByNameAndLosesNothing(t *testing.T) {
	s := newServer(t)
	teacher, ada := s.signIn("teacher"), s.signIn("student01")
	class := s.schedule(teacher, nil)
	type m = map[string]any
	all := m{"audience": "all"}

	ada.call("POST", class+"/chat", m{"content": "too early", "to": all}).refused(409, "not_started")
	teacher.call("POST", class+"/start", m{}).want(200)
	ada.call("POST", class+"/join", m{}).want(200)
	before := s.head(class)

	ada.callWith("POST", class+"/chat", "", m{"content": "x", "to": all}).refused(400, "idempotency_key_missing")
	for what, bad := range map[string]struct {
		body  any
		field string
	}{
		"unknown field":       {m{"content": "x", "to": all, "colour": "red"}, "colour"},
		"wrong type":          {m{"content": 5, "to": all}, "content"},
		"over-long":           {m{"content": strings.Repeat("ä", 2001), "to": all}, "content"},
		"empty":               {m{"content": "", "to": all}, "content"},
		"not in the list":     {m{"content": "x", "to": m{"audience": "world"}}, "to.audience"},
		"U+0000":              {`{"content":"a\u0000b","to":{"audience":"all"}}`, "content"},
		"lone surrogate":      {`{"content":"\ud800","to":{"audience":"all"}}`, "content"},
		"broken UTF-8":        {"{\"content\":\"\xff\",\"to\":{\"audience\":\"all\"}}", "content"},
		"the same name twice": {`{"content":"x","content":"y","to":{"audience":"all"}}`, "content"},
	} {
		a := ada.call("POST", class+"/chat", bad.body)
		if a.status != 400 || a.text("details.field") != bad.field {
			t.Errorf("%s: %d %s, want 400 about %s", what, a.status, a.body, bad.field)
		}
	}
	ada.call("POST", class+"/chat", `not JSON`).refused(400, "invalid_body")
	ada.call("POST", class+"/chat", `{"content":"`+strings.Repeat("x", 10<<20)+`"}`).refused(413, "body_too_large")
	ada.call("POST", class+"/scene", m{"sceneId": event.NewID()}).refused(403, "forbidden")
	teacher.call("POST", class+"/scene", m{"sceneId": event.NewID()}).refused(404, "not_found")
	ada.call("POST", "/api/sessions/"+event.NewID().String()+"/chat", m{"content": "x", "to": all}).refused(404, "not_found")
	ada.call("POST", "/api/sessions/5/chat", m{"content": "x", "to": all}).refused(400, "invalid_field")
	ada.call("GET", "/api/nothing", nil).refused(404, "not_found")
	ada.call("DELETE", "/api/me", nil).refused(405, "method_not_allowed")
	if now := s.head(class); now != before {
		t.Errorf("bad input moved the log from %+v to %+v", before, now)
	}

	ada.callWith("POST", class+"/chat", "same", m{"content": "first", "to": all}).want(201)
	again := ada.callWith("POST", class+"/chat", "same", m{"content": "first", "to": all}).want(201)
	ada.callWith("POST", class+"/chat", "same", m{"content": "second", "to": all}).refused(409, "idempotency_conflict")
	other := teacher.callWith("POST", class+"/chat", "same", m{"content": "first", "to": all}).want(201)
	if again.text("id") == other.text("id") {
		t.Error("the key of one person answered another")
	}
	if now := s.head(class); now.Sequence != before.Sequence+2 {
		t.Errorf("two messages moved the log from %d to %d", before.Sequence, now.Sequence)
	}
}

func (s *server) head(class string) eventlog.Head {
	s.t.Helper()
	id := event.MustID(strings.TrimPrefix(class, "/api/sessions/"))
	h, err := s.box.Store.Head(s.t.Context(), s.demo.Tenant.ID, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func TestForgedExpiredAndForeignTokens(t *testing.T) {
	s := newServer(t)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	parts := strings.Split(teacher.token, ".")
	_, stranger, _ := ed25519.GenerateKey(nil)
	resigned := parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(stranger, []byte(parts[0]+"."+parts[1])))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for what, token := range map[string]string{
		"no token": "", "garbage": "x", "re-signed by a stranger": resigned, "alg none": none,
		"body changed": parts[0] + "." + parts[1] + "A." + parts[2], "cut": teacher.token[:len(teacher.token)-4],
	} {
		p := &person{s: s, name: "forger", token: token}
		if a := p.call("POST", class+"/start", map[string]any{}); a.status != 401 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}

	school := directory.Tenant{ID: event.NewID(), Name: "Other School", Status: "active", Domains: []string{"other.school"}}
	ctx := t.Context()
	if err := s.box.Store.UpsertTenant(ctx, school); err != nil {
		t.Fatal(err)
	}
	principal := s.demo.Teacher
	principal.ID, principal.TenantID, principal.Email, principal.Username = event.NewID(), school.ID, "head@other.school", "head"
	known, _, err := s.box.Store.UserByID(ctx, s.demo.Tenant.ID, s.demo.Teacher.ID)
	if err != nil {
		t.Fatal(err)
	}
	principal.PasswordHash, principal.Roles = known.PasswordHash, []directory.Role{directory.Admin, directory.Teacher}
	if err := s.box.Store.UpsertUser(ctx, principal); err != nil {
		t.Fatal(err)
	}
	foreign := &person{s: s, name: "head"}
	foreign.token = foreign.call("POST", "/api/auth/login", map[string]any{"email": "head@other.school", "password": "demo-only"}).want(200).text("accessToken")
	for _, path := range []string{class, class + "/state", class + "/events?after=1.0", class + "/chat"} {
		foreign.call("GET", path, nil).refused(404, "not_found")
	}
	for _, path := range []string{class + "/start", class + "/join", class + "/end", class + "/archive"} {
		foreign.call("POST", path, map[string]any{}).refused(404, "not_found")
	}
	if a := foreign.call("GET", "/api/sessions", nil).want(200); strings.Contains(string(a.body), strings.TrimPrefix(class, "/api/sessions/")) {
		t.Errorf("another school sees the class: %s", a.body)
	}
}

func TestTwoEdgesOnOneFolder(t *testing.T) {
	s := newServer(t)
	if second, err := Open(t.Context(), Config{DataDir: s.dir}, slog.New(slog.DiscardHandler)); err == nil {
		_ = second.Close()
		t.Fatal("a second edge opened the folder")
	} else if !strings.Contains(err.Error(), "another edge") {
		t.Errorf("the refusal says %q", err)
	}
	s.signIn("teacher") // the first one goes on
}

func TestConfigurationNamesAllThatIsWrong(t *testing.T) {
	_, err := ConfigFrom(func(name string) string { return map[string]string{"EDGE_ADDR": "8080", "LOG_LEVEL": "loud"}[name] }, "")
	if err == nil || !strings.Contains(err.Error(), "EDGE_ADDR") || !strings.Contains(err.Error(), "LOG_LEVEL") {
		t.Errorf("got %v", err)
	}
}

func TestSeedTwiceChangesNothing(t *testing.T) {
	dir := t.TempDir()
	var out [2]strings.Builder
	for i := range out {
		if err := Seed(t.Context(), Config{DataDir: dir}, &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	if out[0].String() != out[1].String() {
		t.Errorf("first %s\nthen %s", out[0].String(), out[1].String())
	}
}
