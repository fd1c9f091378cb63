package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/rest"
)

func TestSignIn(t *testing.T) {
	s := open(t, nil)
	in := s.send("", "POST", "/api/auth/login", `{"username":"sam","password":"right"}`, "Idempotency-Key", "").want(200)
	cookies := map[string]*http.Cookie{}
	for _, line := range in.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		cookies[c.Name] = c
	}
	access, refresh := cookies["ms_access"], cookies["ms_refresh"]
	if access == nil || access.Value != "sam" || !access.HttpOnly || access.SameSite != http.SameSiteStrictMode || access.MaxAge != 900 ||
		refresh == nil || refresh.Path != "/api/auth" || !refresh.HttpOnly || in.header.Get("Cache-Control") != "no-store" {
		t.Errorf("cookies %v", in.header.Values("Set-Cookie"))
	}
	s.send("", "GET", "/api/me", "", "Cookie", "ms_access=sam").want(200)
	s.send("", "POST", "/api/auth/refresh", "", "Cookie", "ms_refresh=refresh-sam").want(200)
	s.send("", "POST", "/api/auth/refresh", `{"refreshToken":"refresh-sam"}`).want(200)
	s.send("", "POST", "/api/auth/refresh", "").want(401, "unauthenticated")
	out := s.send("", "POST", "/api/auth/logout", "", "Cookie", "ms_refresh=refresh-sam").want(200)
	if all := strings.Join(out.header.Values("Set-Cookie"), " "); strings.Count(all, "Max-Age=0") != 3 {
		t.Errorf("cookies after signing out: %s", all)
	}
	s.send("", "POST", "/api/auth/login", `{"username":"sam"}`).want(400, "invalid_field", "password")
	s.send("", "POST", "/api/auth/login", `{"username":"sam","password":"right","admin":true}`).want(400, "unknown_field", "admin")
	s.send("sam", "POST", "/api/auth/password", "{}").want(400, "invalid_field", "oldPassword")
	s.send("sam", "POST", "/api/auth/password", `{"oldPassword":"x","newPassword":"short"}`).want(400, "invalid_field", "newPassword")
	s.send("", "POST", "/api/auth/password", `{"oldPassword":"x","newPassword":"long enough"}`).want(401, "unauthenticated")
	s.send("", "POST", "/api/auth/password", `{"username":"sam","oldPassword":"x","newPassword":"long enough"}`).want(200)
	s.send("sam", "POST", "/api/auth/password", `{"oldPassword":"x","newPassword":"long enough"}`).want(200)
	s.send("max", "POST", "/api/auth/password", `{"userId":"`+demo.String()+`","oldPassword":"x"}`).want(400, "invalid_field", "userId")
	if made := s.send("max", "POST", "/api/auth/password", `{"userId":"`+demo.String()+`"}`).want(200).text("oneTimePassword"); made != "made-for-once" {
		t.Errorf("got %q", made)
	}
	// A page of another site can't use the cookie.
	s.send("", "POST", "/api/auth/logout", "", "Cookie", "ms_refresh=refresh-sam", "Sec-Fetch-Site", "cross-site").want(403, "forbidden")
}

// TestBeacon: a page that closes can still leave: no headers of its own, the key in the body, text/plain.
func TestBeacon(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	s.send("", "POST", class+"/leave", `{"idempotencyKey":"bye"}`, "Idempotency-Key", "", "Content-Type", "text/plain;charset=UTF-8", "Cookie", "ms_access=sam").want(200)
	s.send("sam", "POST", class+"/chat", hello).want(403, "not_joined")
	s.send("tina", "POST", class+"/chat", hello, "Content-Type", "text/plain").want(415, "unsupported_media_type")
}

var pdf = []byte("%PDF-1.7\n" + strings.Repeat("page ", 1000))

func TestAssets(t *testing.T) {
	files := &fakeAssets{kept: map[string][]byte{}}
	s := open(t, func(o *gateway.Options) { o.Assets = files })
	class := s.live("sam", "ada")
	const where = "/assets?kind=slide&name=Halves&pages=3"
	put := func(who, query string, body []byte, kind string) reply {
		return s.send(who, "POST", class+query, string(body), "Content-Type", kind)
	}
	added := put("tina", where, pdf, "application/pdf").want(201)
	url := added.text("contentUrl")
	got := s.send("sam", "GET", url, "").want(200)
	if !bytes.Equal(got.raw, pdf) || got.header.Get("Content-Type") != "application/pdf" || got.header.Get("ETag") == "" || got.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d bytes, %v", len(got.raw), got.header)
	}
	if part := s.send("sam", "GET", url, "", "Range", "bytes=1-3"); part.status != 206 || string(part.raw) != "PDF" {
		t.Errorf("a range: %d %q", part.status, part.raw)
	}
	if same := s.send("sam", "GET", url, "", "If-None-Match", got.header.Get("ETag")); same.status != 304 {
		t.Errorf("an unchanged one: %d", same.status)
	}
	s.send("sue", "GET", url, "").want(403, "not_joined")
	s.send("foreign-sam", "GET", url, "").want(404, "not_found")
	kept := len(files.kept)
	put("sam", where, pdf, "application/pdf").want(403, "forbidden")
	put("ada", where, pdf, "application/pdf").want(403, "forbidden")
	put("tina", where, []byte("<script>alert(1)</script>"), "application/pdf").want(415, "unsupported_media_type")
	put("tina", where, []byte("<svg/>"), "image/svg+xml").want(415, "unsupported_media_type")
	put("tina", where, []byte("\x89PNG\r\n\x1a\n"), "application/pdf").want(415, "unsupported_media_type")
	put("tina", where, nil, "application/pdf").want(400, "invalid_body")
	put("tina", "/assets?kind=slide&name=&pages=3", pdf, "application/pdf").want(400, "invalid_field", "name")
	put("tina", "/assets?kind=slide&name=x&pages=9999", pdf, "application/pdf").want(400, "invalid_field", "pages")
	put("tina", "/assets?kind=secret&name=x", pdf, "application/pdf").want(415, "unsupported_media_type")
	put("tina", where, append(bytes.Clone(pdf), make([]byte, 50<<20)...), "application/pdf").want(413, "body_too_large")
	if len(files.kept) != kept {
		t.Errorf("%d assets were kept of refused requests", len(files.kept)-kept)
	}
	files.mu.Lock()
	files.full = true
	files.mu.Unlock()
	put("tina", where, pdf, "application/pdf").want(503, "feature_degraded")
}

// TestBoardPage: a large page is fetched by its checksum.
func TestBoardPage(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	scene := s.send("tina", "POST", class+"/scenes", `{"name":"Board","layout":{"name":"board"},"order":1}`).want(201).text("id")
	s.send("tina", "POST", class+"/whiteboard", `{"action":"draw","sceneId":"`+scene+`","operations":[{"op":"draw","stroke":{"kind":"line","color":"#ff0000","width":9,"points":[1,2,3,4]}}]}`).want(200)
	state := s.send("tina", "GET", class+"/state", "").want(200)
	pages, _ := state.body["view"].(map[string]any)["studio"].(map[string]any)["pages"].([]any)
	if len(pages) != 1 {
		t.Fatalf("pages: %v", pages)
	}
	page := pages[0].(map[string]any)
	url := fmt.Sprintf("%s/assets/%s?checksum=", class, page["assetId"])
	if got := s.send("sam", "GET", url+page["checksum"].(string), "").want(200); !strings.Contains(string(got.raw), `"points":[1,2,3,4]`) {
		t.Errorf("page: %s", got.raw)
	}
	s.send("sam", "GET", url+strings.Repeat("0", 64), "").want(404, "not_found", "checksum")
}

func TestHealthAndMetrics(t *testing.T) {
	down := errors.New("disk full")
	var broken error
	s := open(t, func(o *gateway.Options) {
		o.Checks = []rest.Check{
			{Name: "log", Run: func(context.Context) error { return broken }},
			{Name: "hanging", Run: func(ctx context.Context) error {
				if broken == nil {
					return nil
				}
				select {}
			}},
		}
		o.Stats = []func() []rest.Stat{func() []rest.Stat {
			return []rest.Stat{{Name: "edge_log_events_total", Help: "h", Value: 7, Counter: true}}
		}}
	})
	s.send("", "GET", "/healthz", "").want(200)
	s.send("", "GET", "/readyz", "").want(200)
	class := s.live("sam")
	s.send("sam", "POST", class+"/chat", hello).want(201)
	s.send("sam", "POST", class+"/end", "").want(403, "forbidden")
	s.g.ObserveAppend(time.Millisecond)
	text := s.scrape()
	s.send("", "GET", "/metrics", "").want(404, "not_found") // not where pupils are
	for _, want := range []string{
		`edge_request_seconds_count{method="POST",route="sendChat",status="201"} 1`, `edge_commands_total{result="done",type="chat.send"} 1`,
		`edge_commands_total{result="forbidden",type="session.end"} 1`, `edge_log_events_total 7`, `edge_append_seconds_count 1`, `edge_sockets 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	broken = down
	r := s.send("", "GET", "/readyz", "").want(503)
	for _, want := range []string{`"ready":false`, "disk full", "no answer within"} {
		if !strings.Contains(string(r.raw), want) {
			t.Errorf("/readyz lacks %s: %s", want, r.raw)
		}
	}
}

// TestCompressed: a view comes compressed to who takes it so.
func TestCompressed(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	r := s.send("sam", "GET", class+"/state", "").want(200)
	req, err := http.NewRequest("GET", s.server.URL+class+"/state", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sam")
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatalf("%v: %v", res.Header, err)
	}
	if plain, err := io.ReadAll(z); err != nil || !bytes.Equal(plain, r.raw) {
		t.Errorf("%v, %d bytes of %d", err, len(plain), len(r.raw))
	}
}

// TestWho: the list of who may what, as the gateway applies it: plan, enrolment, log.
func TestWho(t *testing.T) {
	s := open(t, nil)
	class := s.plan()
	s.send("ada", "POST", class+"/start", "").want(403, "forbidden")
	s.send("tina", "PATCH", class, `{"assistantMayStart":true,"assistantMayEnd":true}`).want(200)
	s.send("ada", "POST", class+"/start", "").want(200)
	s.send("max", "POST", class+"/lock", `{"action":"lock"}`).want(200)
	s.send("max", "POST", class+"/lock", `{"action":"unlock"}`).want(200)
	for _, name := range []string{"tina", "ada", "sam"} {
		s.send(name, "POST", class+"/join", "").want(200)
	}
	s.send("sam", "POST", class+"/scenes", `{"name":"x","layout":{"name":"title"},"order":1}`).want(403, "forbidden")
	s.send("tina", "POST", class+"/permissions", fmt.Sprintf(`{"userId":"%s","grants":["present"]}`, userID("sam"))).want(200)
	s.send("sam", "POST", class+"/scenes", `{"name":"x","layout":{"name":"title"},"order":1}`).want(201)
	s.send("ada", "POST", class+"/end", "").want(200)
	s.send("ada", "POST", class+"/undo-end", "").want(200)
	s.send("tina", "POST", class+"/participants/"+userID("ada").String(), `{"action":"ban","banned":true}`).want(200)
	s.send("ada", "POST", class+"/lock", `{"action":"lock"}`).want(403, "banned") // a role is no way around a ban
	s.send("ada", "GET", class+"/chat", "").want(403, "banned")
}
