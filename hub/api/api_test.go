package api_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"multistream/hub/api"
	"multistream/shared/directory"
	"multistream/shared/event"
	"multistream/shared/eventlog"
	"multistream/shared/eventlog/memlog"
	"multistream/shared/rest"
)

// hub is an API over fakes. Every answer is held to the document.
type hub struct {
	t        *testing.T
	api      *api.API
	schedule *fakeSchedule
	log      *memlog.Log
	keys     *memlog.Keys
	key      int
}

func open(t *testing.T, changes ...func(*api.Options)) *hub {
	t.Helper()
	h := &hub{t: t, schedule: &fakeSchedule{plans: map[event.ID]directory.Plan{}, answers: map[string][2][]byte{}, logs: map[event.ID]eventlog.Summary{}},
		log: memlog.New(), keys: memlog.NewKeys()}
	o := api.Options{Logger: slog.New(slog.DiscardHandler), Identity: fakePeople{}, Directory: fakePeople{}, Schedule: h.schedule, Logs: fakeLogs{h.log, h.keys}, Edges: fakeEdges{},
		Now: func() time.Time { return began.Std() }, Pace: rest.Pace{CommandsPer10: 1000}}
	for _, change := range changes {
		change(&o)
	}
	var err error
	if h.api, err = api.New(o); err != nil {
		t.Fatal(err)
	}
	return h
}

type reply struct {
	t      *testing.T
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// send asks as somebody, with a key of its own unless header gives one.
func (h *hub) send(who, method, path, body string, header ...string) *reply {
	h.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	if method != "GET" {
		h.key++
		r.Header.Set("Idempotency-Key", "key-"+time.Duration(h.key).String())
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.api.Handler().ServeHTTP(w, r)
	out := &reply{t: h.t, status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	_ = json.Unmarshal(out.raw, &out.body)
	path, _, _ = strings.Cut(path, "?")
	if err := api.CheckResponse(method, path, w.Code, out.raw); err != nil {
		h.t.Errorf("%s %s: %v: %s", method, path, err, out.raw)
	}
	return out
}

// want fails unless the answer has this status and, of an error, this code and field.
func (r *reply) want(status int, words ...string) *reply {
	r.t.Helper()
	got := []string{}
	if r.status >= 400 {
		code, _ := r.body["code"].(string)
		details, _ := r.body["details"].(map[string]any)
		field, _ := details["field"].(string)
		got = []string{code, field}[:min(len(words), 2)]
	}
	if r.status != status || strings.Join(got, " ") != strings.Join(words, " ") {
		r.t.Fatalf("got %d %v, want %d %v: %s", r.status, got, status, words, r.raw)
	}
	return r
}

func (r *reply) text(name string) string { s, _ := r.body[name].(string); return s }

const plan = `{"courseId":"COURSE","title":"Light","scheduledStart":"2027-01-15T08:00:00Z","scheduledEnd":"2027-01-15T09:00:00Z","staff":[{"userId":"TINA","role":"teacher"}]}`

func planText(changes ...string) string {
	return strings.NewReplacer(append(changes, "COURSE", course.String(), "TINA", idOf("tina").String())...).Replace(plan)
}

func TestDocuments(t *testing.T) {
	h := open(t)
	committed, err := os.ReadFile("schema/openapi.json")
	if err != nil || !bytes.Equal(committed, api.OpenAPI()) {
		t.Errorf("openapi.json is not what go generate writes (%v)", err)
	}
	if served := h.send("", "GET", "/api/openapi.json", "").want(200); !json.Valid(served.raw) {
		t.Error("the document is no JSON")
	}
	page, err := os.ReadFile("../../docs/hub-reference.md")
	if err != nil || !bytes.Equal(page, api.Reference()) {
		t.Errorf("hub-reference.md is not what go generate writes (%v)", err)
	}
}

func TestSignIn(t *testing.T) {
	h := open(t)
	in := h.send("", "POST", "/api/auth/login", `{"username":"tina","password":"right"}`).want(200)
	if cookies := in.header.Values("Set-Cookie"); len(cookies) != 2 || !contains(cookies, "ms_hub_access=tina") {
		t.Errorf("cookies %v", cookies)
	}
	h.send("", "POST", "/api/auth/login", `{"username":"tina","password":"wrong"}`).want(401, "bad_credentials")
	h.send("", "POST", "/api/auth/login", `{"username":"tina","password":"right","more":1}`).want(400, "unknown_field", "more")
	h.send("tina", "GET", "/api/me", "").want(200)
	h.send("", "GET", "/api/me", "").want(401, "unauthenticated")
	h.send("", "GET", "/api/me", "", "Cookie", "ms_hub_access=tina").want(200)
	h.send("", "GET", "/api/me", "", "Cookie", "ms_access=tina").want(401, "unauthenticated") // a box's, on the same host
	h.send("ada", "GET", "/api/users", "").want(200)
}

// TestLater: what the hub can't do is refused by a code that stays, and only to who is signed in.
func TestLater(t *testing.T) {
	h := open(t)
	class := "/api/sessions/" + event.NewID().String()
	for _, c := range [][2]string{{"POST", class + "/start"}, {"POST", class + "/join"}, {"GET", class + "/live"}, {"POST", "/api/join"}, {"GET", "/api/replays"}} {
		h.send("tina", c[0], c[1], "").want(501, "not_built_yet")
		h.send("", c[0], c[1], "").want(401, "unauthenticated")
	}
	h.send("tina", "GET", "/api/nothing", "").want(404, "not_found")
	h.send("tina", "PUT", "/api/me", "").want(405, "method_not_allowed")
}

func TestEdges(t *testing.T) {
	seen, lag := began, int64(7)
	h := open(t, func(o *api.Options) {
		o.Edges = fakeEdges{{ID: idOf("box"), Name: "Box", Status: "active", LastSeenAt: &seen, Position: 5, Lag: &lag}}
	})
	got := h.send("ada", "GET", "/api/edges", "").want(200)
	if !bytes.Contains(got.raw, []byte(`"lagPositions":7`)) {
		t.Errorf("got %s", got.raw)
	}
	h.send("tina", "GET", "/api/edges", "").want(403, "forbidden")
}
