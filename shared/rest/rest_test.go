package rest_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
)

// tokens says who somebody is by a token that is their id.
type tokens struct{}

var class = event.NewID()

func (tokens) Authenticate(_ context.Context, token, _ string) (rest.Principal, error) {
	id, err := event.ParseID(token)
	if err != nil {
		return rest.Principal{}, fault.New(fault.Unauthenticated, "Not accepted.")
	}
	return rest.Principal{UserID: id}, nil
}

// guests are all guests of one class.
type guests struct{ tokens }

func (g guests) Authenticate(ctx context.Context, token, host string) (rest.Principal, error) {
	p, err := g.tokens.Authenticate(ctx, token, host)
	p.GuestOf = class
	return p, err
}

type thing struct {
	Name string `json:"name" limit:"title"`
}

func routes() []rest.Route {
	echo := func(c *rest.Call) (any, error) {
		var b thing
		return &b, strictjson.Bind(c.Body, nil, &b)
	}
	none := func(*rest.Call) (any, error) { return thing{}, nil }
	return []rest.Route{
		{Method: "POST", Path: "/things", ID: "make", Request: thing{}, Answer: thing{}, Status: 201, Handle: echo},
		{Method: "GET", Path: "/open", ID: "open", Open: true, Ungated: true, Answer: thing{}, Handle: none},
		{Method: "GET", Path: "/broken", ID: "broken", Open: true, Answer: thing{}, Handle: func(*rest.Call) (any, error) { panic("oops") }},
		{Method: "GET", Path: "/me", ID: "me", Guests: true, Answer: thing{}, Handle: none},
		rest.Get(rest.InSession+"/x", "x", "x", thing{}, none),
	}
}

func serve(t *testing.T, change func(*rest.Options)) func(method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	o := rest.Options{Program: "test", Routes: routes(), Authenticator: tokens{}, Cookies: "t", Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	s, err := rest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	checks := rest.NewChecks(rest.Complete(routes()), nil, nil)
	return func(method, path, body string, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		path, _, _ = strings.Cut(path, "?")
		if err := checks.Response(method, path, w.Code, w.Body.Bytes()); err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
		return w
	}
}

// TestSteps: who asks comes before what is asked, the key before the body's content, and every refusal has the one shape.
func TestSteps(t *testing.T) {
	ask := serve(t, nil)
	who := "Bearer " + event.NewID().String()
	for name, c := range map[string]struct {
		method, path, body string
		header             []string
		status             int
		code               string
	}{
		"made":           {"POST", "/api/things", `{"name":"a"}`, []string{"Authorization", who, "Idempotency-Key", "k"}, 201, ""},
		"key in body":    {"POST", "/api/things", `{"name":"a","idempotencyKey":"k"}`, []string{"Authorization", who}, 201, ""},
		"two keys":       {"POST", "/api/things", `{"name":"a","idempotencyKey":"k"}`, []string{"Authorization", who, "Idempotency-Key", "l"}, 400, "invalid_field"},
		"no key":         {"POST", "/api/things", `{"name":"a"}`, []string{"Authorization", who}, 400, "idempotency_key_missing"},
		"nobody":         {"POST", "/api/things", `{`, nil, 401, "unauthenticated"},
		"unknown field":  {"POST", "/api/things", `{"name":"a","x":1}`, []string{"Authorization", who, "Idempotency-Key", "k"}, 400, "unknown_field"},
		"other site":     {"POST", "/api/things", `{"name":"a"}`, []string{"Authorization", who, "Idempotency-Key", "k", "Sec-Fetch-Site", "cross-site"}, 403, "forbidden"},
		"form":           {"POST", "/api/things", `name=a`, []string{"Authorization", who, "Idempotency-Key", "k", "Content-Type", "text/plain"}, 415, "unsupported_media_type"},
		"parameter":      {"GET", "/api/open?x=1", "", nil, 400, "unknown_field"},
		"id":             {"GET", "/api/sessions/7/x", "", []string{"Authorization", who}, 400, "invalid_field"},
		"panic":          {"GET", "/api/broken", "", nil, 500, "internal"},
		"nothing":        {"GET", "/api/nothing", "", nil, 404, "not_found"},
		"method":         {"PUT", "/api/things", "", nil, 405, "method_not_allowed"},
		"cookie":         {"GET", "/api/me", "", []string{"Cookie", "t_access=" + who[7:]}, 200, ""},
		"other's cookie": {"GET", "/api/me", "", []string{"Cookie", "u_access=" + who[7:]}, 401, "unauthenticated"},
	} {
		got := ask(c.method, c.path, c.body, c.header...)
		if got.Code != c.status || c.code != "" && !strings.Contains(got.Body.String(), `"code":"`+c.code+`"`) {
			t.Errorf("%s: %d %s", name, got.Code, got.Body)
		}
		if _, err := event.ParseID(got.Header().Get("X-Request-Id")); err != nil || got.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", name, got.Header())
		}
	}
}

// TestGate lets nothing through but what is not gated, and is asked before who asks.
func TestGate(t *testing.T) {
	ask := serve(t, func(o *rest.Options) {
		o.Gate = func(*rest.Call) error { return fault.New(fault.BoxUnclaimed, "Not yet.") }
	})
	if got := ask("GET", "/api/me", ""); got.Code != http.StatusServiceUnavailable {
		t.Errorf("gated: %d", got.Code)
	}
	if got := ask("GET", "/api/open", ""); got.Code != http.StatusOK {
		t.Errorf("not gated: %d", got.Code)
	}
}

// TestGuests stay in their class.
func TestGuests(t *testing.T) {
	ask := serve(t, func(o *rest.Options) { o.Authenticator = guests{} })
	who := []string{"Authorization", "Bearer " + event.NewID().String(), "Idempotency-Key", "k"}
	for path, want := range map[string]int{"/api/me": 200, "/api/sessions/" + class.String() + "/x": 200, "/api/sessions/" + event.NewID().String() + "/x": 404} {
		if got := ask("GET", path, "", who...); got.Code != want {
			t.Errorf("%s: %d, want %d", path, got.Code, want)
		}
	}
	if got := ask("POST", "/api/things", `{"name":"a"}`, who...); got.Code != 403 {
		t.Errorf("things: %d", got.Code)
	}
}

// TestPace holds each person to theirs, and is given back with time.
func TestPace(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ask := serve(t, func(o *rest.Options) { o.Now, o.Pace.CommandsPer10 = func() time.Time { return now }, 2 })
	one, other := "Bearer "+event.NewID().String(), "Bearer "+event.NewID().String()
	for i, want := range []int{200, 200, 429} {
		if got := ask("GET", "/api/me", "", "Authorization", one); got.Code != want || want == 429 && got.Header().Get("Retry-After") == "" {
			t.Errorf("%d: %d, %v", i, got.Code, got.Header())
		}
	}
	if got := ask("GET", "/api/me", "", "Authorization", other); got.Code != 200 {
		t.Errorf("the other: %d", got.Code)
	}
	now = now.Add(5 * time.Second)
	if got := ask("GET", "/api/me", "", "Authorization", one); got.Code != 200 {
		t.Errorf("later: %d", got.Code)
	}
}

func TestIncomplete(t *testing.T) {
	if _, err := rest.New(rest.Options{Program: "test", Routes: routes()}); err == nil {
		t.Error("nobody says who asks")
	}
	defer func() {
		if recover() == nil {
			t.Error("a route without a handler was taken")
		}
	}()
	rest.Complete([]rest.Route{{Method: "GET", Path: "/x", ID: "x"}})
}
