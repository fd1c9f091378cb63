package websocket

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	client "github.com/coder/websocket"
	"net/http"
	"net/http/httptest"
)

// serve runs a server that gives each connection to f in a goroutine of its own, after the handler has returned.
func serve(t *testing.T, f func(*Conn)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, &AcceptOptions{Subprotocols: []string{"ms1"}})
		if err == nil {
			go f(c)
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func echo(c *Conn) {
	c.SetReadLimit(1 << 20)
	defer func() { _ = c.CloseNow() }()
	for {
		kind, b, err := c.Read(context.Background())
		if err != nil || c.Write(context.Background(), kind, b) != nil {
			return
		}
	}
}

// TestEcho lets another implementation speak with ours: sizes at the edges of the three forms of a length, in one piece and in
// several.
func TestEcho(t *testing.T) {
	conn, response, err := client.Dial(t.Context(), "ws://"+serve(t, echo), &client.DialOptions{Subprotocols: []string{"other", "ms1"}})
	if err != nil {
		t.Fatal(err)
	}
	if response.Header.Get("Sec-WebSocket-Protocol") != "ms1" {
		t.Errorf("agreed on %q", response.Header.Get("Sec-WebSocket-Protocol"))
	}
	conn.SetReadLimit(1 << 20)
	for _, n := range []int{0, 1, 125, 126, 127, 511, 512, 513, copyBelow, copyBelow + 1, 65535, 65536, 1 << 20} {
		want := bytes.Repeat([]byte("ab"), n/2+1)[:n]
		w, err := conn.Writer(t.Context(), client.MessageText)
		if err != nil {
			t.Fatal(err)
		}
		for part := want; ; part = part[min(len(part), 40_000):] { // each Write may become a frame
			if _, err := w.Write(part[:min(len(part), 40_000)]); err != nil {
				t.Fatal(err)
			}
			if len(part) <= 40_000 {
				break
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if kind, got, err := conn.Read(t.Context()); err != nil || kind != client.MessageText || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes: %v, kind %d, %d bytes", n, err, kind, len(got))
		}
	}
	if err := conn.Close(client.StatusNormalClosure, "bye"); err != nil {
		t.Errorf("good-bye was not answered: %v", err)
	}
}

func TestPing(t *testing.T) {
	ponged := make(chan error, 1)
	address := serve(t, func(c *Conn) {
		go echo(c)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ponged <- c.Ping(ctx)
	})
	conn, _, err := client.Dial(t.Context(), "ws://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx := conn.CloseRead(t.Context())
	if err := conn.Ping(ctx); err != nil {
		t.Error("our ping was not answered:", err)
	}
	if err := <-ponged; err != nil {
		t.Error("the server's ping was not answered:", err)
	}
}

func TestCloseIsTold(t *testing.T) {
	for name, reads := range map[string]bool{"while it reads": true, "while nobody reads": false} {
		closed := make(chan error, 1)
		address := serve(t, func(c *Conn) {
			if reads {
				go func() { _, _, _ = c.Read(context.Background()) }()
			}
			closed <- c.Close(StatusServiceRestart, "restart")
		})
		conn, _, err := client.Dial(t.Context(), "ws://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = conn.Read(t.Context())
		var said client.CloseError
		if !errors.As(err, &said) || said.Code != client.StatusServiceRestart || said.Reason != "restart" {
			t.Errorf("%s: told %v", name, err)
		}
		if err := <-closed; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStalled writes to a client that reads nothing: the deadline ends it, and what follows is refused at once.
func TestStalled(t *testing.T) {
	result := make(chan error, 2)
	address := serve(t, func(c *Conn) {
		big, deadline := make([]byte, 1<<20), time.Now().Add(300*time.Millisecond)
		for {
			if err := c.WriteBy(deadline, MessageText, big); err != nil {
				result <- err
				break
			}
		}
		result <- c.Write(context.Background(), MessageText, []byte("x"))
	})
	conn := dialRaw(t, address)
	defer conn.Close()
	if err := <-result; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stalled: %v", err)
	}
	if err := <-result; !errors.Is(err, net.ErrClosed) {
		t.Errorf("after it: %v", err)
	}
}

const handshake = "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

func dialRaw(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, handshake+"\r\n"); err != nil {
		t.Fatal(err)
	}
	got := readUntil(t, conn, "\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 101 ") || !strings.Contains(got, "Sec-Websocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") {
		t.Fatalf("answered %q", got)
	}
	return conn
}

func readUntil(t *testing.T, conn net.Conn, end string) string {
	t.Helper()
	var got []byte
	one := make([]byte, 1)
	for !strings.HasSuffix(string(got), end) {
		if _, err := io.ReadFull(conn, one); err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		got = append(got, one[0])
	}
	return string(got)
}

// TestAgainstTheProtocol sends what RFC 6455 forbids and wants the code that it names.
func TestAgainstTheProtocol(t *testing.T) {
	for name, c := range map[string]struct {
		frames []byte
		code   StatusCode
	}{
		"not masked":               {[]byte{0x81, 0x01, 'x'}, StatusProtocolError},
		"reserved bit":             {masked(0xC1, "x"), StatusProtocolError},
		"unknown kind":             {masked(0x83, "x"), StatusProtocolError},
		"unknown control kind":     {masked(0x8B, "x"), StatusProtocolError},
		"continues nothing":        {masked(0x80, "x"), StatusProtocolError},
		"message within a message": {append(masked(0x01, "x"), masked(0x81, "y")...), StatusProtocolError},
		"ping in parts":            {masked(0x09, "x"), StatusProtocolError},
		"ping of 126 bytes":        {masked(0x89, strings.Repeat("x", 126)), StatusProtocolError},
		"close of one byte":        {masked(0x88, "x"), StatusProtocolError},
		"close with a false code":  {masked(0x88, "\x03\xED"), StatusProtocolError},
		"close with a broken text": {masked(0x88, "\x03\xE8\xFF"), StatusProtocolError},
		"too big":                  {masked(0x81, strings.Repeat("x", 1<<20+1)), StatusMessageTooBig},
		"too big in parts":         {append(masked(0x01, strings.Repeat("x", 1<<20)), masked(0x80, "x")...), StatusMessageTooBig},
		"a proper good-bye":        {masked(0x88, "\x0F\xA0so long"), 4000},
		"a good-bye without code":  {masked(0x88, ""), StatusNormalClosure},
	} {
		conn := dialRaw(t, serve(t, echo))
		if _, err := conn.Write(c.frames); err != nil {
			t.Fatal(name, err)
		}
		head := make([]byte, 4)
		if _, err := io.ReadFull(conn, head); err != nil || head[0] != 0x88 || StatusCode(binary.BigEndian.Uint16(head[2:])) != c.code {
			t.Errorf("%s: %v, answered % x, want close with %d", name, err, head, c.code)
		}
		_ = conn.Close()
	}
}

// masked makes a client's frame; the mask is not zero, so that it counts.
func masked(head byte, payload string) []byte {
	b := appendHeader(nil, 0, len(payload))
	b[0] = head
	b[1] |= 0x80
	mask := [4]byte{1, 2, 3, 4}
	b = append(b, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i&3])
	}
	return b
}

func TestHandshakeRefused(t *testing.T) {
	address := serve(t, echo)
	for name, c := range map[string]struct{ from, to, want string }{
		"version":    {"Version: 13", "Version: 8", "HTTP/1.1 400 "},
		"key":        {"dGhlIHNhbXBsZSBub25jZQ==", "dGhl", "HTTP/1.1 400 "},
		"no upgrade": {"keep-alive, Upgrade", "keep-alive", "HTTP/1.1 426 "},
		"method":     {"GET", "POST", "HTTP/1.1 405 "},
		"other site": {"Host: h\r\n", "Host: h\r\nOrigin: https://evil.example\r\n", "HTTP/1.1 403 "},
		"same site":  {"Host: h\r\n", "Host: h\r\nOrigin: https://H\r\n", "HTTP/1.1 101 "},
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, strings.Replace(handshake, c.from, c.to, 1)+"\r\n"); err != nil {
			t.Fatal(err)
		}
		if got := readUntil(t, conn, "\r\n"); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %s", name, got, c.want)
		}
		_ = conn.Close()
	}
}

// FuzzRead feeds bytes: no panic, no message above the limit, and the same whether they come at once or one by one.
func FuzzRead(f *testing.F) {
	f.Add(append(masked(0x01, "in "), masked(0x80, "parts")...))
	f.Add(append(masked(0x89, "ping"), masked(0x88, "\x03\xe8")...))
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func(from io.Reader) (out []string) {
			a, far := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, far) }()
			c := newConn(a, from)
			c.SetReadLimit(1000)
			defer func() { _ = c.CloseNow() }()
			for {
				kind, message, err := c.next()
				if err != nil {
					return append(out, err.Error())
				}
				if len(message) > 1000 {
					t.Fatalf("a message of %d bytes", len(message))
				}
				out = append(out, string(rune(kind))+string(message))
			}
		}
		whole, single := read(bytes.NewReader(b)), read(&oneByOne{b})
		if strings.Join(whole, "|") != strings.Join(single, "|") {
			t.Errorf("%q, one by one %q", whole, single)
		}
	})
}

type oneByOne struct{ rest []byte }

func (o *oneByOne) Read(b []byte) (int, error) {
	if len(o.rest) == 0 || len(b) == 0 {
		return 0, io.EOF
	}
	b[0], o.rest = o.rest[0], o.rest[1:]
	return 1, nil
}
