package websocket

import (
	"crypto/tls"
	"net"
	"time"
)

// Frame is a message as it goes over the wire, made once for many connections.
type Frame []byte

// AppendFrame makes a frame of a message.
func AppendFrame(dst Frame, kind MessageType, payload []byte) Frame {
	return append(appendHeader(dst, byte(kind), len(payload)), payload...)
}

// Offered is what became of a frame that was offered.
type Offered int

// What can become of it.
const (
	Refused Offered = iota // nothing was written: the connection is in use, full or broken
	Torn                   // it was taken in part: the rest goes before whatever is written next, see Flush
	Taken
)

// easyBacklog is how many bytes may be on their way for a TLS connection to be offered something. Its records can't be taken in
// part, and a kernel that has confirmed all but this has room for more: the smallest buffer for sending is 16 kB.
const easyBacklog = 2 << 10

// Pen writes frames to many connections, one after the other, and waits for none of them. It belongs to one goroutine.
type Pen struct {
	frame   Frame
	written int
	write   func(fd uintptr)
}

// NewPen makes a pen.
func NewPen() *Pen {
	p := &Pen{}
	p.write = func(fd uintptr) { p.written = writeNow(fd, p.frame) } // once: a function for each write would be garbage each time
	return p
}

// Offers tells whether frames can be offered to this connection.
func (c *Conn) Offers() bool { return c.raw != nil }

// Offer writes a frame as far as that takes no waiting; by is when a write that hangs nevertheless ends.
func (p *Pen) Offer(c *Conn, by time.Time, f Frame) Offered {
	if c.raw == nil || !c.writing.TryLock() {
		return Refused
	}
	defer c.writing.Unlock()
	if c.broken || c.left.Load() || len(c.rest) > 0 {
		return Refused
	}
	if _, secure := c.conn.(*tls.Conn); secure {
		if len(f) > copyBelow || c.Backlog() > easyBacklog || c.put(by, f, nil) != nil {
			return Refused
		}
		return Taken
	}
	p.frame, p.written = f, 0
	err := c.raw.Control(p.write)
	switch {
	case err != nil || p.written == 0:
		return Refused
	case p.written < len(f):
		c.rest = append(c.rest, f[p.written:]...)
		return Torn
	}
	return Taken
}

// Flush writes the rest of a torn frame, if there is one.
func (c *Conn) Flush(deadline time.Time) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.broken {
		return net.ErrClosed
	}
	return c.flush(deadline)
}

func (c *Conn) flush(deadline time.Time) error {
	if len(c.rest) == 0 {
		return nil
	}
	rest := c.rest
	c.rest = nil
	return c.put(deadline, rest, nil)
}
