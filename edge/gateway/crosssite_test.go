package gateway_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"multistream/edge/gateway"
	"multistream/shared/event"
)

// TestOtherSitesWriteNothing: whatever writes refuses, with a cookie that is good, what the page of another site sent, sign-in
// and sign-out included, and sets no cookie.
func TestOtherSitesWriteNothing(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	before := s.send("sam", "GET", class+"/state", "").want(200).text("position")
	var d document
	if err := json.Unmarshal(gateway.OpenAPI(), &d); err != nil {
		t.Fatal(err)
	}
	param := regexp.MustCompile(`\{[a-zA-Z]+\}`)
	tried := 0
	for path, methods := range d.Paths {
		path = strings.Replace(path, "/api/sessions/{sessionId}", class, 1)
		path = param.ReplaceAllString(path, event.NewID().String())
		for method := range methods {
			if method == "get" {
				continue
			}
			tried++
			for name, value := range map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "sec-fetch-site": "same-site"} {
				r := s.send("", strings.ToUpper(method), path, "{}", "Cookie", "ms_access=sam; ms_refresh=refresh-sam", name, value)
				r.want(403, "forbidden")
				if r.header.Get("Set-Cookie") != "" {
					t.Errorf("%s %s set a cookie", method, path)
				}
			}
		}
	}
	if tried < 60 {
		t.Errorf("%d addresses that write were tried", tried)
	}
	s.send("", "POST", "/api/auth/login", `{"username":"sam","password":"right"}`, "Sec-Fetch-Site", "cross-site").want(403, "forbidden")
	s.send("", "POST", "/api/auth/login", "username=sam&password=right", "Content-Type", "application/x-www-form-urlencoded").want(415, "unsupported_media_type")
	if after := s.send("sam", "GET", class+"/state", "").want(200).text("position"); after != before {
		t.Errorf("the class moved from %s to %s", before, after)
	}
	s.send("", "POST", class+"/hands", `{"action":"raise"}`, "Cookie", "ms_access=sam", "Sec-Fetch-Site", "same-origin", "Origin", s.server.URL).want(200)
}

// TestSocketOfAnotherSite: the upgrade is a GET, and still the page of another site can't make it with a cookie.
func TestSocketOfAnotherSite(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	with := func(origin string) func(*websocket.DialOptions) {
		return func(o *websocket.DialOptions) {
			o.HTTPHeader = http.Header{"Cookie": {"ms_access=sam"}, "Origin": {origin}}
		}
	}
	for _, origin := range []string{"https://evil.example", "null", s.server.URL + ".evil.example"} {
		if _, err := s.dial("", class, "", with(origin)); err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: %v", origin, err)
		}
	}
	if m := s.socket("", class, "", with(s.server.URL)).next(); m.View == nil {
		t.Errorf("own origin: %+v", m)
	}
}

// TestCookiesOverTLS carry the prefixes that browsers enforce, come back by a browser's own rules, and no others are read.
func TestCookiesOverTLS(t *testing.T) {
	s := open(t, nil)
	server := httptest.NewTLSServer(s.g.Handler())
	defer server.Close()
	client := server.Client()
	client.Jar, _ = cookiejar.New(nil)
	in, err := client.Post(server.URL+"/api/auth/login", "application/json", strings.NewReader(`{"username":"sam","password":"right"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Body.Close()
	want := map[string]string{"__Host-ms_access": "/", "__Secure-ms_refresh": "/api/auth"}
	for _, c := range in.Cookies() {
		if c.Path != want[c.Name] || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Domain != "" {
			t.Errorf("cookie %+v", c)
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("without %v", want)
	}
	status := func(method, path string, change func(*http.Request)) int {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		change(r)
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	for _, c := range [][2]string{{"GET", "/api/me"}, {"POST", "/api/auth/refresh"}, {"POST", "/api/auth/logout"}} {
		if got := status(c[0], c[1], func(*http.Request) {}); got != 200 {
			t.Errorf("%s %s with its cookies: %d", c[0], c[1], got)
		}
	}
	client.Jar = nil
	if got := status("GET", "/api/me", func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "ms_access", Value: "sam"}) }); got != 401 {
		t.Errorf("a cookie that anybody may have planted: %d", got)
	}
}
