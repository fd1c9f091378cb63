package websocket

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// pair gives both ends of a connection.
func pair(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	return newConn(near, near), far
}

// TestOffer offers frames to a connection that nobody reads, without waiting: what was taken comes whole and in order once somebody
// reads, and before what is written next; so does a frame that was torn because no kernel keeps so much.
func TestOffer(t *testing.T) {
	for name, flush := range map[string]bool{"the rest is flushed": true, "the rest goes before what is written next": false} {
		c, far := pair(t)
		pen, by := NewPen(), time.Now().Add(time.Minute)
		var want []byte
		for n := range 3 {
			f := AppendFrame(nil, MessageText, fmt.Appendf(nil, "%d", n))
			if became := pen.Offer(c, by, f); became != Taken {
				t.Fatalf("a small frame: %d", became)
			}
			want = append(want, f...)
		}
		f := AppendFrame(nil, MessageText, bytes.Repeat([]byte("large "), 4<<20))
		if became := pen.Offer(c, by, f); became != Torn {
			t.Fatalf("a frame larger than the kernel keeps: %d", became)
		}
		if became := pen.Offer(c, by, f); became != Refused {
			t.Fatalf("behind a torn frame: %d", became)
		}
		want = AppendFrame(append(want, f...), MessageText, []byte("next"))
		written := make(chan error, 1)
		go func() {
			if flush {
				if err := c.Flush(by); err != nil {
					t.Error(err)
				}
			}
			written <- c.WriteBy(by, MessageText, []byte("next"))
		}()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes were taken and others came: %v", name, len(want), err)
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	}
}

// TestOfferRefused: nothing is offered to a connection that is being written to, was closed, or said good-bye.
func TestOfferRefused(t *testing.T) {
	f := AppendFrame(nil, MessageText, []byte("x"))
	for name, spoil := range map[string]func(*Conn){
		"in use":   func(c *Conn) { c.writing.Lock() },
		"broken":   func(c *Conn) { c.broken = true },
		"closed":   func(c *Conn) { _ = c.CloseNow() },
		"good-bye": func(c *Conn) { _ = c.sayGoodbye(StatusNormalClosure, "") },
	} {
		c, _ := pair(t)
		if became := NewPen().Offer(c, time.Time{}, f); became != Taken {
			t.Fatalf("before it is %s: %d", name, became)
		}
		if spoil(c); NewPen().Offer(c, time.Time{}, f) != Refused {
			t.Errorf("taken by a connection that is %s", name)
		}
	}
}
