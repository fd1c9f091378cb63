package gateway_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/edge/gateway"
	"multistream/shared/fault"
)

// TestSocketBad: a bad message is answered by an error with its code, and the connection lives on.
func TestSocketBad(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	sam := s.socket("sam", class, "")
	sam.next()
	for _, c := range []struct{ text, code, field, key string }{
		{"hello", "invalid_body", "", ""},
		{`{"command":{"type":"chat.send"}}`, "invalid_field", "command.key", ""},
		{`[1]`, "invalid_body", "", ""},
		{`{}`, "invalid_field", "command", ""},
		{`{"cmd":{}}`, "unknown_field", "cmd", ""},
		{`{"command":{"type":"chat.send","key":"k1","payload":[]}}`, "invalid_body", "", "k1"},
		{`{"command":{"type":"chat.send","key":"k2","payload":{"content":"x"}}}`, "invalid_field", "to", "k2"},
		{`{"command":{"type":"chat.send","key":"k3","payload":{"content":"x","to":{"audience":"all"},"now":1}}}`, "unknown_field", "now", "k3"},
		{`{"command":{"type":"chat.shout","key":"k4"}}`, "not_found", "type", "k4"},
		{`{"command":{"type":"session.schedule","key":"k5"}}`, "not_found", "type", "k5"},
		{`{"command":{"type":"session.end_now","key":"k6"}}`, "not_found", "type", "k6"},
		{`{"command":{"type":"asset.add","key":"k7"}}`, "not_found", "type", "k7"},
		{`{"command":{"type":"session.end","key":"k8"}}`, "forbidden", "", "k8"},
		{`{"command":{"type":"hand.raise","key":"` + strings.Repeat("k", 129) + `"}}`, "invalid_field", "command.key", ""},
	} {
		sam.write(c.text)
		m := sam.next()
		if m.Error == nil || m.Error.Code != c.code || m.Error.Key != c.key || c.field != "" && m.Error.Details["field"] != c.field {
			t.Errorf("%s: got %+v", c.text, m.Error)
		}
	}
	sam.write(`{"command":{"type":"hand.raise","key":"fine"}}`)
	sam.until("hand.raised")
	sam.write("{")                // the third in all, not in a row
	for sam.next().Error == nil { // the reply and events come before
	}
	sam.write(`{"command":{"type":"hand.lower","key":"down"}}`)
	sam.until("hand.lowered")
	for range 3 {
		if err := sam.conn.Write(sam.ctx, websocket.MessageBinary, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if last := sam.closed(4400); last.Error == nil || last.Error.Code != "invalid_body" {
		t.Errorf("three that are no JSON: %+v", last.Error)
	}
}

func TestSocketTooLarge(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	sam := s.socket("sam", class, "")
	sam.next()
	_ = sam.conn.Write(sam.ctx, websocket.MessageText, []byte(`{"command":"`+strings.Repeat("x", 10<<20)+`"}`)) // cut off on the way
	if _, _, err := sam.conn.Read(sam.ctx); err == nil {
		t.Error("10 MB were taken")
	}
	s.classes.nobodyFollows(classID(class))
}

func TestSocketHandshake(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Sockets = 2 })
	class := s.live("sam", "sue")
	for name, change := range map[string]func(*websocket.DialOptions){
		"cookie": func(o *websocket.DialOptions) { o.HTTPHeader = http.Header{"Cookie": {"ms_access=sam"}} },
		"subprotocol": func(o *websocket.DialOptions) {
			o.HTTPHeader, o.Subprotocols = nil, []string{"ms1", "bearer.sam"}
		},
	} {
		c := s.socket("", class, "", change)
		if m := c.next(); m.View == nil || m.View.Viewer.UserID != userID("sam") {
			t.Errorf("%s: %+v", name, m)
		}
		if want := map[string]string{"cookie": "", "subprotocol": "ms1"}[name]; c.conn.Subprotocol() != want {
			t.Errorf("%s: protocol %q", name, c.conn.Subprotocol())
		}
	}
	for name, c := range map[string]struct {
		who    string
		change func(*websocket.DialOptions)
		status string
	}{
		"nobody":           {"", func(o *websocket.DialOptions) { o.HTTPHeader = nil }, "401"},
		"forged":           {"mallory", func(*websocket.DialOptions) {}, "401"},
		"too many":         {"sam", func(*websocket.DialOptions) {}, "409"},
		"another site":     {"sue", func(o *websocket.DialOptions) { o.HTTPHeader.Set("Origin", "https://evil.example") }, "403"},
		"another's tenant": {"foreign-sue", func(*websocket.DialOptions) {}, "101"},
	} {
		conn, err := s.dial(c.who, class, "", c.change)
		if c.status == "101" {
			if err != nil {
				t.Fatal(err)
			}
			conn.closed(4404)
		} else if err == nil || !strings.Contains(err.Error(), c.status) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.socket("nobody", class, "").closed(4403)
}

// TestSocketToken: a token that runs out ends the connection, and says so.
func TestSocketToken(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Ping = 10 * time.Millisecond })
	class := s.live("sam")
	sam := s.socket("sam", class, "")
	sam.next()
	s.people.expire("sam")
	if last := sam.closed(4401); last.Error == nil || last.Error.Code != "token_expired" {
		t.Errorf("last frame: %+v", last.Error)
	}
}

// TestRevokedSocket: what was revoked closes the connection at once, long before its token is next looked at.
func TestRevokedSocket(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Ping = time.Hour })
	class := s.live("sam", "sue")
	sam, sue := s.socket("sam", class, ""), s.socket("sue", class, "")
	sam.next()
	sue.next()
	s.people.refuse("sam", fault.New(fault.Unauthenticated, "This sign-in was ended."))
	s.g.Recheck(userID("sam"))
	s.g.Recheck(userID("sue"))
	if last := sam.closed(4401); last.Error == nil || last.Error.Code != "unauthenticated" {
		t.Errorf("last frame: %+v", last.Error)
	}
	s.send("tina", "POST", class+"/chat", hello).want(201)
	if m := sue.next(); m.Error != nil {
		t.Errorf("another's: %+v", m)
	}
}

// TestCommandUnderWay: what is under way when a socket's token ends is no error of the box.
func TestCommandUnderWay(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	sam := s.socket("sam", class, "")
	sam.next()
	hang, hangs := make(chan struct{}), make(chan struct{}, 1)
	defer close(hang)
	s.classes.mu.Lock()
	s.classes.hang, s.classes.hangs = hang, hangs
	s.classes.mu.Unlock()
	sam.write(`{"command":{"type":"hand.raise","key":"k"}}`)
	<-hangs
	s.people.refuse("sam", fault.New(fault.Unauthenticated, "This sign-in was ended."))
	s.g.Recheck(userID("sam"))
	sam.closed(4401)
	s.shows("edge_sockets", "0")
	if logs := s.logs.String(); strings.Contains(logs, `"level":"ERROR"`) {
		t.Errorf("logged: %s", logs)
	}
}

// TestSlowAnswerCutsNobodyOff: while a class takes its time to answer, a client's pongs are not read; it is not cut off for that.
func TestSlowAnswerCutsNobodyOff(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Ping, o.Pace.Write = 10*time.Millisecond, 100*time.Millisecond })
	class := s.live("sam")
	pings := make(chan struct{}, 1000)
	sam := s.socket("sam", class, "", func(o *websocket.DialOptions) {
		o.OnPingReceived = func(context.Context, []byte) bool { pings <- struct{}{}; return true }
	})
	sam.next()
	hang := make(chan struct{})
	s.classes.mu.Lock()
	s.classes.hang = hang
	s.classes.mu.Unlock()
	sam.write(`{"command":{"type":"hand.raise","key":"k"}}`)
	go func() {
		defer close(hang)
		for len(pings) > 0 {
			<-pings
		}
		for range 4 { // each is sent when the one before was given up
			select {
			case <-pings:
			case <-sam.ctx.Done():
			}
		}
	}()
	m := sam.next() // it reads, and so answers pings
	for m.Reply == nil && m.Error == nil {
		m = sam.next()
	}
	if m.Reply == nil || m.Reply.Key != "k" {
		t.Errorf("answered %+v", m)
	}
}

// TestSocketRate: a flood over a socket is refused like one over REST.
func TestSocketRate(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.CommandsPer10 = 4 })
	class := s.live("sam")
	sam := s.socket("sam", class, "")
	sam.next()
	limited := false
	for i := range 6 {
		sam.write(fmt.Sprintf(`{"command":{"type":"nothing","key":"%d"}}`, i))
		m := sam.next()
		limited = limited || m.Error != nil && m.Error.Code == "rate_limited"
	}
	if !limited {
		t.Error("six commands of four were taken")
	}
}

// TestStop: when the gateway stops, or a class leaves memory, clients are told to come back.
func TestStop(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam", "sue")
	stop, served := s.serve()
	sam := s.socket("sam", class, "")
	sam.next()
	other := s.live("sue")
	sue := s.socket("sue", other, "")
	sue.next()
	s.classes.unload(classID(other))
	sue.closed(1001)
	stop()
	sam.closed(1012)
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// serve lets the gateway itself listen, with its bounds of connections.
func (s *school) serve() (stop context.CancelFunc, served chan error) {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.t.Cleanup(stop)
	served = make(chan error, 1)
	go func() { served <- s.g.Serve(ctx, listener) }()
	s.server.URL = "http://" + listener.Addr().String()
	return stop, served
}

// smallBuffer lets the kernel keep little for a client that doesn't read.
func smallBuffer(o *websocket.DialOptions) {
	o.HTTPClient = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			err = tcp.SetReadBuffer(4 << 10)
		}
		return conn, err
	}}}
}

// TestSlowReader: a client that never reads is closed in time, holds back nobody, and resumes without a gap.
func TestSlowReader(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Write, o.Pace.Ping = 100*time.Millisecond, time.Hour }) // pings would end it as well
	class := s.live("sam", "sue")
	slow, quick := s.socket("sam", class, "", smallBuffer), s.socket("sue", class, "")
	slow.next()
	at := quick.next().UpTo
	big := strings.Repeat("€", 2000)
	gone := make(chan struct{})
	go func() {
		s.classes.waitFollows(classID(class), 1)
		close(gone)
	}()
	last := at
	for n := 0; ; n++ {
		select {
		case <-gone:
			t.Logf("closed after %d messages", n)
			back := s.socket("sam", class, fmt.Sprintf("1.%d", at))
			for back.upTo < last {
				back.next()
			}
			return
		default:
		}
		s.send("tina", "POST", class+"/chat", `{"content":"`+big+`","to":{"audience":"all"}}`).want(201)
		for quick.upTo <= last {
			quick.next()
		}
		last = quick.upTo
	}
}

// TestThousand: a thousand sockets cost two goroutines each, and an event reaches all of them.
func TestThousand(t *testing.T) {
	const n = 1000
	s := open(t, func(o *gateway.Options) { o.Pace.Sockets = n })
	class := s.live("sam")
	clients := make([]*client, n)
	before := runtime.NumGoroutine()
	for i := range clients {
		clients[i] = s.socket("sam", class, "")
		if _, _, err := clients[i].conn.Read(clients[i].ctx); err != nil {
			t.Fatal(err)
		}
	}
	// The test's side of a connection has none of its own; what the server's listener needs is little.
	if per := float64(runtime.NumGoroutine()-before) / n; per > 2.1 {
		t.Errorf("%.2f goroutines a connection", per)
	}
	began := time.Now()
	s.send("tina", "POST", class+"/chat", hello).want(201)
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() {
			if _, b, err := c.conn.Read(c.ctx); err != nil || !strings.Contains(string(b), "chat.message") {
				t.Errorf("got %q, %v", b, err)
			}
		})
	}
	all.Wait()
	t.Logf("%d clients reached in %s", n, time.Since(began).Round(time.Millisecond))
}

// FuzzSocketMessage: whatever a client sends, it gets one answer, and the connection is as it was.
func FuzzSocketMessage(f *testing.F) {
	for _, seed := range []string{"", "{", `{"command":{"type":"hand.raise","key":"k"}}`, `{"command":{"type":"chat.send","key":"k","payload":{"content":"x","to":{"audience":"all"}}}}`,
		`{"command":{"type":"chat.send","key":"\u0000"}}`, "\xff", `{"command":null}`} {
		f.Add(seed)
	}
	s := open(f, func(o *gateway.Options) { o.Pace.CommandsPer10 = 1 << 30 })
	class := s.live("sam")
	sam, n := s.socket("sam", class, ""), 0
	sam.ctx = context.Background()
	sam.next()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "leave") {
			return // who leaves is closed, as TestOut says
		}
		sam.t, n = t, n+1
		sam.write(text)
		for answered := false; !answered; {
			m := sam.next()
			answered = m.Reply != nil || m.Error != nil
		}
		after := fmt.Sprintf("after %d", n)
		sam.write(`{"command":{"type":"reaction.send","key":"` + after + `","payload":{"reaction":"clap"}}}`)
		for {
			m := sam.next()
			if m.Error != nil {
				t.Fatalf("%q: afterwards %+v", text, m.Error)
			}
			if m.Reply != nil && m.Reply.Key == after {
				return
			}
		}
	})
}
