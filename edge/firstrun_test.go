package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// firstRun runs an edge as the program does, and waits until it has told where it is.
func firstRun(t *testing.T, cfg Config) (told string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, ended := &lines{wrote: make(chan struct{}, 64)}, make(chan error, 1)
	go func() { ended <- Run(ctx, cfg, out) }()
	stop = func() error { cancel(); return <-ended }
	for {
		select {
		case <-out.wrote:
			if text := out.String(); strings.Contains(text, "--school") {
				return text, stop
			}
		case err := <-ended:
			t.Fatalf("the edge ended: %v", err)
		case <-time.After(time.Minute):
			t.Fatalf("told within a minute: %s", out.String())
		}
	}
}

// TestFirstRun: an empty box serves nobody, its console's code makes it a school's, and then it holds a class. All of it over
// TLS by the box's own authority.
func TestFirstRun(t *testing.T) {
	dir := t.TempDir()
	told, stop := firstRun(t, Config{Addr: "127.0.0.1:0", DataDir: dir, TLS: "own", LogLevel: slog.LevelError, Version: "test"})
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	url := regexp.MustCompile(`https://127\.0\.0\.1:\d+`).FindString(told)
	code := regexp.MustCompile(`(?m)^    (\w{4}-\w{4})$`).FindStringSubmatch(told)
	if url == "" || len(code) != 2 || !strings.Contains(told, dir) || !strings.Contains(told, "authority.crt") {
		t.Fatalf("told: %s", told)
	}
	s := &server{t: t, dir: dir, url: url}
	trust(t, s)
	nobody := &person{s: s, name: "nobody"}
	if got := nobody.call("GET", "/api/box/authority.crt", nil).want(200); !bytes.Contains(got.body, []byte("BEGIN CERTIFICATE")) {
		t.Errorf("the authority's certificate is %q", got.body)
	}
	type m = map[string]any
	nobody.call("POST", "/api/auth/login", m{"email": "a@hill.school", "password": "a long password"}).refused(503, "box_unclaimed")
	claim := m{"code": "2222-2222", "school": "Hill School", "domain": "hill.school", "email": "a@hill.school", "displayName": "Ada", "password": "a long password"}
	nobody.call("POST", "/api/auth/claim", claim).refused(403, "forbidden")
	claim["code"] = code[1]
	admin := &person{s: s, name: "admin", token: nobody.call("POST", "/api/auth/claim", claim).want(201).text("accessToken")}
	nobody.call("POST", "/api/auth/claim", claim).refused(409, "wrong_state")
	nobody.call("POST", "/api/auth/login", m{"email": "a@hill.school", "password": "a long password"}).want(200)
	if a := admin.call("GET", "/api/me", nil).want(200); a.text("roles.0") != "admin" {
		t.Errorf("the first admin: %s", a.body)
	}
	plan := m{"title": "First", "scheduledStart": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "scheduledEnd": time.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04:05.000Z"),
		"staff": []m{{"userId": admin.call("GET", "/api/me", nil).text("id"), "role": "teacher"}}}
	class := "/api/sessions/" + admin.call("POST", "/api/sessions", plan).want(201).text("id")
	admin.call("POST", class+"/start", m{}).want(200)
}

// trust makes the tests' client believe the box's authority for as long as the test runs.
func trust(t *testing.T, s *server) {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(s.dir, "certificate", "authority.crt"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no authority")
	}
	before := client
	client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(func() { client.CloseIdleConnections(); client = before })
}

// TestDemoSchoolStaysAtHome: accounts whose password is printed in the manual are not served to others.
func TestDemoSchoolStaysAtHome(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if err := Seed(t.Context(), Config{DataDir: dir}, &out); err != nil {
		t.Fatal(err)
	}
	err := Run(t.Context(), Config{Addr: "0.0.0.0:0", TLS: "own", DataDir: dir, LogLevel: slog.LevelError}, &out)
	if err == nil || !strings.Contains(err.Error(), "demo school") {
		t.Errorf("Run: %v", err)
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want string // part of the refusal; "" for none
	}{
		"nothing":                {nil, ""},
		"own certificate":        {map[string]string{"EDGE_ADDR": "0.0.0.0:443", "EDGE_TLS": "own"}, ""},
		"certificate's files":    {map[string]string{"EDGE_ADDR": ":443", "EDGE_TLS_CERT": "a", "EDGE_TLS_KEY": "b"}, ""},
		"open without TLS":       {map[string]string{"EDGE_ADDR": "0.0.0.0:80"}, "EDGE_ADDR"},
		"open by no host":        {map[string]string{"EDGE_ADDR": ":80"}, "EDGE_ADDR"},
		"open by name":           {map[string]string{"EDGE_ADDR": "box.school:80"}, "EDGE_ADDR"},
		"no port":                {map[string]string{"EDGE_ADDR": "127.0.0.1"}, "EDGE_ADDR"},
		"operator's door open":   {map[string]string{"EDGE_OPERATOR_ADDR": "0.0.0.0:9090"}, "EDGE_OPERATOR_ADDR"},
		"half a certificate":     {map[string]string{"EDGE_TLS_CERT": "a"}, "EDGE_TLS_KEY"},
		"two certificates":       {map[string]string{"EDGE_TLS": "own", "EDGE_TLS_CERT": "a", "EDGE_TLS_KEY": "b"}, "one of them"},
		"another kind of TLS":    {map[string]string{"EDGE_TLS": "yes"}, "EDGE_TLS"},
		"no address":             {map[string]string{"EDGE_PUBLIC_URL": "class.school"}, "EDGE_PUBLIC_URL"},
		"a hub":                  {map[string]string{"EDGE_HUB": "127.0.0.1:7422", "EDGE_HUB_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, ""},
		"a hub elsewhere":        {map[string]string{"EDGE_HUB": "10.0.0.7:7422", "EDGE_HUB_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, "EDGE_HUB"},
		"a hub without its key":  {map[string]string{"EDGE_HUB": "127.0.0.1:7422"}, "EDGE_HUB_KEY"},
		"a level that is none":   {map[string]string{"LOG_LEVEL": "loud"}, "LOG_LEVEL"},
		"two wrong ones at once": {map[string]string{"LOG_LEVEL": "loud", "EDGE_ADDR": "x"}, "EDGE_ADDR"},
	} {
		_, err := ConfigFrom(func(name string) string { return c.env[name] }, "test")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4zero, Port: 8443}
	if got := (Config{PublicURL: "https://class.school", TLS: "own"}).addresses(at); len(got) != 1 || got[0] != "https://class.school" {
		t.Errorf("the configured address alone: %v", got)
	}
	for _, a := range (Config{TLS: "own"}).addresses(at) {
		if !strings.HasPrefix(a, "https://") || !strings.HasSuffix(a, ":8443") || strings.Contains(a, "0.0.0.0") {
			t.Errorf("nobody can reach %s", a)
		}
	}
}
