package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"multistream/edge/gateway"
)

// wire is a bare connection to a served gateway.
type wire struct {
	t testing.TB
	net.Conn
	answers *bufio.Reader
}

func (s *school) wire() *wire {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.server.URL, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return &wire{t: s.t, Conn: conn, answers: bufio.NewReader(conn)}
}

// head is the beginning of a request, without the empty line after its headers.
func head(method, path, who string, more ...string) string {
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: box", "Idempotency-Key: k", "Content-Type: application/json"}, more...)
	if who != "" {
		lines = append(lines, "Authorization: Bearer "+who)
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// drip sends a byte now and then until the other side is gone.
func (w *wire) drip() {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := w.Write([]byte(" ")); err != nil {
			return
		}
	}
}

func (w *wire) write(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		w.t.Fatal(err)
	}
}

// status reads an answer; 0 if the connection ended instead.
func (w *wire) status() int {
	w.t.Helper()
	res, err := http.ReadResponse(w.answers, nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	return res.StatusCode
}

// cut wants the connection to be ended by the other side.
func (w *wire) cut() {
	w.t.Helper()
	_, err := io.Copy(io.Discard, w.answers)
	if late, ok := err.(net.Error); ok && late.Timeout() {
		w.t.Error("the connection was never cut")
	}
}

// scrape gives the metrics as Prometheus reads them, past all bounds of connections.
func (s *school) scrape() string {
	r := httptest.NewRecorder()
	s.g.Metrics().ServeHTTP(r, httptest.NewRequest("GET", "/metrics", nil))
	return r.Body.String()
}

// metric reads a number.
func (s *school) metric(name string) string {
	s.t.Helper()
	for _, line := range strings.Split(s.scrape(), "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}

// shows waits until a metric has a value.
func (s *school) shows(name, want string) {
	s.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if s.metric(name) == want {
			return
		}
	}
	s.t.Fatalf("%s stays %s, want %s", name, s.metric(name), want)
}

// TestSlowWires: whoever is silent, or sends or reads drop by drop, is cut off in time, signed in or not.
func TestSlowWires(t *testing.T) {
	s := open(t, func(o *gateway.Options) {
		o.Pace.Header, o.Pace.Body, o.Pace.Upload = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
	})
	class := s.live("sam")
	s.serve()
	const long = "Content-Length: 200000"
	for name, c := range map[string]struct {
		begin  string
		status int // 0: none; the answer may be lost on the way, as the client goes on sending
	}{
		"silent":                  {"", 0},
		"half a line":             {"GET /api/me", 0},
		"headers":                 {"GET /api/me HTTP/1.1\r\nX:", 0},
		"body":                    {head("POST", class+"/chat", "sam", long) + "\r\n{", 400},
		"body in pieces":          {head("POST", class+"/chat", "sam", "Transfer-Encoding: chunked") + "\r\n5\r\n{", 400},
		"body of nobody":          {head("POST", class+"/chat", "", long) + "\r\n{", 401},
		"body of a sign-in":       {head("POST", "/api/auth/login", "", long) + "\r\n{", 400},
		"body that nobody wants":  {head("POST", class+"/media-token", "sam", long) + "\r\n{", 503},
		"body to no address":      {head("POST", "/nothing", "", long) + "\r\n{", 404},
		"body of a question":      {head("GET", "/api/me", "sam", long) + "\r\n{", 200},
		"body of a poll":          {head("GET", class+"/frames", "sam", long) + "\r\n{", 400},
		"file":                    {head("POST", class+"/assets?kind=slide&name=a", "tina", long) + "\r\n{", 415},
		"body before an upgrade":  {head("GET", class+"/live", "sam", long) + "\r\n{", 400},
		"body without an end, ok": {head("GET", "/healthz", "", long) + "\r\n{", 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := s.wire()
			w.t = t
			w.write(c.begin)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				if c.begin != "" {
					w.drip()
				}
			}()
			if c.status != 0 {
				if got := w.status(); got != c.status && got != 0 {
					t.Errorf("answered %d, want %d", got, c.status)
				}
			}
			w.cut()
			<-gone
		})
	}
	s.shows("edge_connections", "0")
}

// TestSlowReaderOfAnswers: who asks and never reads is cut off.
func TestSlowReaderOfAnswers(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Body = 100 * time.Millisecond })
	class := s.live("sam")
	s.serve()
	w := s.wire()
	if err := w.Conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	for { // until the buffers of both sides are full, and it is cut
		if _, err := io.WriteString(w, head("GET", class+"/state", "sam")+"\r\n"); err != nil {
			break
		}
	}
	s.shows("edge_connections", "0")
}

// TestStrangers: too many connections without a token from one address close the one that was silent for longest, and
// never one of somebody who is signed in or whose request is under way.
func TestStrangers(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Strangers, o.Pace.Header = 3, patience })
	s.serve()
	const nat = 300 // a school behind one address
	for i := range nat {
		w := s.wire()
		w.write(head("GET", "/api/me", "sam") + "\r\n")
		if got := w.status(); got != 200 {
			t.Fatalf("number %d: %d", i, got)
		}
	}
	first, second, third := s.wire(), s.wire(), s.wire()
	s.shows("edge_connections", fmt.Sprint(nat+3))
	fourth := s.wire()
	first.cut()
	for _, w := range []*wire{second, third, fourth} {
		w.write(head("GET", "/healthz", "") + "\r\n")
		if got := w.status(); got != 200 {
			t.Errorf("answered %d", got)
		}
	}
	for _, w := range []*wire{second, third, fourth} {
		w.write(head("POST", "/api/auth/login", "", "Content-Length: 9", "Expect: 100-continue") + "\r\n")
		if got := w.status(); got != 100 {
			t.Errorf("answered %d", got)
		}
	}
	s.shows(`edge_connections_refused_total{reason="strangers"}`, "1")
	s.wire().cut() // nobody of the others is silent
	second.write(`{"a":"b"}`)
	if got := second.status(); got != 400 {
		t.Errorf("whose request was under way got %d", got)
	}
	s.shows(`edge_connections_refused_total{reason="strangers"}`, "2")
	s.shows("edge_connections", fmt.Sprint(nat+3))
}
