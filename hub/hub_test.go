package hub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"multistream/hub"
	"multistream/hub/api"
	"multistream/hub/postgres/postgrestest"
	"multistream/shared/event"
	"multistream/shared/identity"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// center is a running hub over a database of its own. Every answer is held to the document.
type center struct {
	t   *testing.T
	url string // of its API
	cfg hub.Config
	hub *hub.Hub
}

var keys atomic.Int64

const privateToken = "private-private-private-private-x"

// run starts a hub with the demo school and waits until it answers; it is stopped when the test ends.
func run(t *testing.T) *center {
	t.Helper()
	c := &center{t: t, cfg: hub.Config{DatabaseURL: postgrestest.URL(t), SecretFile: filepath.Join(t.TempDir(), "secret"), PrivateToken: privateToken, PrivateAddr: "127.0.0.1:0", Version: "test"}}
	var out strings.Builder
	if err := hub.Seed(t.Context(), c.cfg, &out); err != nil || !strings.Contains(out.String(), identity.DemoPassword) {
		t.Fatalf("seed: %v, %s", err, &out)
	}
	c.serve()
	return c
}

func (c *center) serve() {
	t := c.t
	h, err := hub.Open(t.Context(), c.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended, up := make(chan error, 1), make(chan struct{})
	go func() { ended <- h.Serve(ctx, listener, func() { close(up) }) }()
	<-up
	c.url, c.hub = "http://"+listener.Addr().String(), h
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
		h.Close()
	})
}

type reply struct {
	t      *testing.T
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// send asks with an access token; a change has a key of its own unless header gives one.
func (c *center) send(token, method, path, body string, header ...string) *reply {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if method != "GET" {
		r.Header.Set("Idempotency-Key", "k"+strconv.FormatInt(keys.Add(1), 10))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := api.CheckResponse(method, r.URL.Path, res.StatusCode, raw); err != nil {
		c.t.Errorf("%s %s: %v: %s", method, path, err, raw)
	}
	out := &reply{t: c.t, status: res.StatusCode, header: res.Header, raw: raw}
	_ = json.Unmarshal(raw, &out.body)
	return out
}

func (r *reply) want(status int, code ...string) *reply {
	r.t.Helper()
	got, _ := r.body["code"].(string)
	if r.status != status || got != strings.Join(code, "") {
		r.t.Fatalf("got %d %s, want %d %v: %s", r.status, got, status, code, r.raw)
	}
	return r
}

func (r *reply) text(name string) string { s, _ := r.body[name].(string); return s }

// signIn gives the access token of somebody of the demo school.
func (c *center) signIn(who string) string {
	c.t.Helper()
	return c.send("", "POST", "/api/auth/login", `{"email":"`+who+`@demo.school","password":"`+identity.DemoPassword+`"}`).want(200).text("accessToken")
}

// TestPeople: a school is ruled at the hub as it is at a box.
func TestPeople(t *testing.T) {
	c := run(t)
	c.send("", "POST", "/api/auth/login", `{"email":"admin@demo.school","password":"wrong"}`).want(401, "bad_credentials")
	ada, tara := c.signIn("admin"), c.signIn("teacher")
	if me := c.send(tara, "GET", "/api/me", "").want(200); me.text("displayName") != "Tara Teacher" {
		t.Errorf("me %s", me.raw)
	}
	c.send(tara, "GET", "/api/users", "").want(403, "forbidden")
	kim := `{"displayName":"Kim","roles":["student"]}`
	made := c.send(ada, "POST", "/api/users", kim, "Idempotency-Key", "kim").want(201)
	again := c.send(ada, "POST", "/api/users", kim, "Idempotency-Key", "kim").want(201)
	if made.text("username") != "kim" || made.text("oneTimePassword") == "" || again.text("oneTimePassword") != made.text("oneTimePassword") || again.text("id") != made.text("id") {
		t.Errorf("made %s, then %s", made.raw, again.raw)
	}
	c.send(ada, "POST", "/api/users", `{"displayName":"Ron","roles":["student"]}`, "Idempotency-Key", "kim").want(409, "idempotency_conflict")
	c.send(ada, "POST", "/api/users", `{"displayName":"Kim","username":"KIM","roles":["student"]}`).want(400, "invalid_field")
	if found := c.send(ada, "GET", "/api/users?search=kim", "").want(200); len(found.body["users"].([]any)) != 1 {
		t.Errorf("found %s", found.raw)
	}
	file := "displayName;email;role;course\nPat;pat@demo.school;student;Physics 7b\nBad;;boss;\n"
	preview := c.send(ada, "POST", "/api/users/import?preview=true", file, "Content-Type", "text/csv").want(200)
	done := c.send(ada, "POST", "/api/users/import", file, "Content-Type", "text/csv").want(200)
	if len(preview.body["rows"].([]any)) != len(done.body["rows"].([]any)) || !bytes.Contains(done.raw, []byte(`"oneTimePassword"`)) {
		t.Errorf("preview %s\ndone %s", preview.raw, done.raw)
	}
	course := c.send(ada, "POST", "/api/courses", `{"title":"Art"}`).want(201)
	c.send(ada, "POST", "/api/courses/"+course.text("id")+"/lessons", `{"title":"Clay","order":1}`).want(201)
	c.send(ada, "POST", "/api/courses/"+course.text("id")+"/enrolments", `{"userId":"`+made.text("id")+`","role":"student"}`).want(200)
	if audit := c.send(ada, "GET", "/api/audit", "").want(200); !bytes.Contains(audit.raw, []byte("course.enrolled")) {
		t.Errorf("audit %s", audit.raw)
	}
	c.send(ada, "DELETE", "/api/courses/"+course.text("id"), "").want(200)

	// A person whose roles change must refresh; one who is disabled is out at once.
	user := c.send(ada, "GET", "/api/users?search=tara", "").want(200).body["users"].([]any)[0].(map[string]any)
	c.send(ada, "PATCH", "/api/users/"+user["id"].(string), `{"version":"`+user["version"].(string)+`","status":"disabled"}`).want(200)
	c.send(tara, "GET", "/api/me", "").want(401, "unauthenticated")
	c.send("", "POST", "/api/auth/logout", "", "Authorization", "Bearer "+ada).want(200)
	c.send(ada, "GET", "/api/me", "").want(401, "unauthenticated")
}

// TestSchoolsApart: of two schools with one hub neither sees the other's people, courses and classes.
func TestSchoolsApart(t *testing.T) {
	c := run(t)
	var out strings.Builder
	if err := hub.AddSchool(t.Context(), c.cfg, "Hill", "hill.school", "head@hill.school", &out); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(out.String())
	oneTime := words[len(words)-1]
	c.send("", "POST", "/api/auth/login", `{"email":"head@hill.school","password":"`+oneTime+`"}`).want(403, "password_change_required")
	c.send("", "POST", "/api/auth/password", `{"email":"head@hill.school","oldPassword":"`+oneTime+`","newPassword":"long enough for me"}`).want(200)
	head := c.send("", "POST", "/api/auth/login", `{"email":"head@hill.school","password":"long enough for me"}`).want(200).text("accessToken")
	c.send("", "POST", "/api/auth/login", `{"username":"teacher","password":"`+identity.DemoPassword+`"}`).want(409, "tenant_required")
	tara := c.signIn("teacher")
	class := c.send(tara, "POST", "/api/sessions", planText()).want(201)
	if seen := c.send(head, "GET", "/api/users", "").want(200); bytes.Contains(seen.raw, []byte("demo.school")) {
		t.Errorf("sees %s", seen.raw)
	}
	c.send(head, "GET", "/api/sessions/"+class.text("id"), "").want(404, "not_found")
	c.send(head, "GET", "/api/courses/"+identity.DemoSchool().Course.ID.String(), "").want(404, "not_found")
	for _, list := range []string{"/api/courses", "/api/sessions", "/api/edges"} {
		if seen := c.send(head, "GET", list, "").want(200); bytes.Contains(seen.raw, []byte(`"id"`)) {
			t.Errorf("%s shows %s", list, seen.raw)
		}
	}
	if err := hub.AddSchool(t.Context(), c.cfg, "Again", "hill.school", "head@hill.school", &out); err == nil {
		t.Error("a domain was given to two schools")
	}
}

func planText(changes ...string) string {
	demo := identity.DemoSchool()
	return strings.NewReplacer(append(changes, "COURSE", demo.Course.ID.String(), "LESSON", demo.Lessons[0].ID.String(), "TARA", demo.Teacher.ID.String())...).
		Replace(`{"courseId":"COURSE","lessonId":"LESSON","title":"Light","scheduledStart":"2027-01-15T08:00:00Z","scheduledEnd":"2027-01-15T09:00:00Z","staff":[{"userId":"TARA","role":"teacher"}]}`)
}

// TestPlans: plans are kept, listed and withdrawn, and their lesson stays while they do.
func TestPlans(t *testing.T) {
	c := run(t)
	ada, tara, sam := c.signIn("admin"), c.signIn("teacher"), c.signIn("student01")
	demo, box := identity.DemoSchool(), event.NewID()
	postgrestest.Exec(t, c.cfg.DatabaseURL, demo.Tenant.ID, "INSERT INTO edges (id, name) VALUES ($1, 'Box')", [16]byte(box))
	postgrestest.Exec(t, c.cfg.DatabaseURL, demo.Tenant.ID, "INSERT INTO edge_tenants (tenant_id, edge_id) VALUES ($1, $2)", [16]byte(demo.Tenant.ID), [16]byte(box))
	made := c.send(tara, "POST", "/api/sessions", planText(), "Idempotency-Key", "plan").want(201)
	if again := c.send(tara, "POST", "/api/sessions", planText(), "Idempotency-Key", "plan").want(201); again.text("id") != made.text("id") || made.text("homeEdgeId") != box.String() {
		t.Errorf("made %s, then %s", made.raw, again.raw)
	}
	second := c.send(tara, "POST", "/api/sessions", planText("Light", "Dark")).want(201)
	if !bytes.Contains(second.raw, []byte(made.text("id"))) {
		t.Errorf("no double booking is told: %s", second.raw)
	}
	class := "/api/sessions/" + made.text("id")
	if changed := c.send(tara, "PATCH", class, `{"title":"Lenses"}`).want(200); changed.body["planRevision"] != 2.0 {
		t.Errorf("changed %s", changed.raw)
	}
	if seen := c.send(sam, "GET", "/api/sessions?status=scheduled&courseId="+demo.Course.ID.String(), "").want(200); len(seen.body["sessions"].([]any)) != 2 {
		t.Errorf("seen %s", seen.raw)
	}
	c.send(ada, "DELETE", "/api/lessons/"+demo.Lessons[0].ID.String(), "").want(409, "wrong_state")
	for _, id := range []string{made.text("id"), second.text("id")} {
		c.send(tara, "DELETE", "/api/sessions/"+id, "").want(200)
	}
	c.send(ada, "DELETE", "/api/lessons/"+demo.Lessons[0].ID.String(), "").want(200)
	if shown := c.send(sam, "GET", class, "").want(200); shown.text("status") != "cancelled" || shown.text("title") != "Lenses" {
		t.Errorf("shown %s", shown.raw)
	}
	c.send(sam, "GET", class+"/state", "").want(404, "not_found") // nothing of it has come
	if boxes := c.send(ada, "GET", "/api/edges", "").want(200); !bytes.Contains(boxes.raw, []byte(box.String())) {
		t.Errorf("boxes %s", boxes.raw)
	}
}

// TestTwoProcesses of one hub believe each other's tokens, and learn what the other revoked.
func TestTwoProcesses(t *testing.T) {
	c := run(t)
	first, ada := c.url, c.signIn("admin")
	c.serve()
	if c.url == first {
		t.Fatal("there is one process")
	}
	c.send(ada, "GET", "/api/me", "").want(200)
	c.send("", "GET", "/readyz", "").want(200)
	c.send("", "GET", "/healthz", "").want(200)
	c.send("", "GET", "/metrics", "").want(404, "not_found")
	second := c.url
	c.url = first
	c.send("", "POST", "/api/auth/logout", "", "Authorization", "Bearer "+ada).want(200)
	c.url = second
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); c.send(ada, "GET", "/api/me", "").status != 401; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("the other process did not learn that the sign-in was ended")
		}
	}
}

// TestOpen refuses, with a sentence, what it can't work with.
func TestOpen(t *testing.T) {
	cfg := hub.Config{DatabaseURL: postgrestest.Empty(t), SecretFile: filepath.Join(t.TempDir(), "secret")}
	if _, err := hub.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "run the migration first") {
		t.Errorf("an empty database: %v", err)
	}
	var out strings.Builder
	if err := hub.Migrate(t.Context(), cfg, &out); err != nil {
		t.Fatal(err)
	}
	if h, err := hub.Open(t.Context(), cfg, slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("after %s: %v", &out, err)
	} else {
		h.Close()
	}
}
