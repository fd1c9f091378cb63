package gateway_test

import (
	"strings"
	"testing"

	"multistream/edge/gateway"
)

// TestUnclaimedBox does nothing but tell that it is one, and let itself be claimed.
func TestUnclaimedBox(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Authority = []byte("-----BEGIN CERTIFICATE-----\n") })
	class := s.live("sam")
	s.people.nobodys.Store(true)
	if got := s.send("", "GET", "/api/box", "").want(200); got.text("state") != "unclaimed" || got.text("certificateUrl") == "" {
		t.Errorf("box: %s", got.raw)
	}
	for _, c := range [][2]string{{"POST", "/api/auth/login"}, {"GET", "/api/me"}, {"GET", class + "/state"}, {"POST", class + "/chat"}, {"POST", "/api/sessions"}, {"GET", class + "/live"}} {
		s.send("sam", c[0], c[1], "{}").want(503, "box_unclaimed")
	}
	s.send("", "GET", "/healthz", "").want(200)
	s.send("", "GET", "/api/openapi.json", "").want(200)
	if ca := s.send("", "GET", "/api/box/authority.crt", "").want(200); !strings.Contains(string(ca.raw), "CERTIFICATE") {
		t.Errorf("authority: %s", ca.raw)
	}
	claim := func(change string) string {
		whole := `{"code":"CODE","school":"Hill","email":"a@hill.school","displayName":"A","password":"a long password"}`
		return strings.Replace(whole, `"code":"CODE"`, change, 1)
	}
	s.send("", "POST", "/api/auth/claim", claim(`"code":"WRONG"`)).want(403, "forbidden", "code")
	s.send("", "POST", "/api/auth/claim", claim(`"code":7`)).want(400, "invalid_field", "code")
	s.send("", "POST", "/api/auth/claim", claim(`"more":1`)).want(400, "unknown_field", "more")
	s.send("", "POST", "/api/auth/claim", claim(`"code":"CODE"`), "Sec-Fetch-Site", "cross-site").want(403, "forbidden")
	in := s.send("", "POST", "/api/auth/claim", claim(`"code":"CODE"`)).want(201)
	if len(in.header.Values("Set-Cookie")) != 2 || in.text("accessToken") == "" {
		t.Errorf("the first admin is not signed in: %v", in.header)
	}
	s.send("sam", "POST", class+"/chat", hello).want(201)
	if got := s.send("", "GET", "/api/box", "").want(200); got.text("state") != "claimed" {
		t.Errorf("box: %s", got.raw)
	}
}
