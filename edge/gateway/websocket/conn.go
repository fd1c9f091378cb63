package websocket

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// MessageType is the kind of a message.
type MessageType byte

// Kinds of messages.
const (
	MessageText   MessageType = 1
	MessageBinary MessageType = 2
)

// StatusCode says why a connection was closed.
type StatusCode int

// Codes that this package or its callers send.
const (
	StatusNormalClosure   StatusCode = 1000
	StatusGoingAway       StatusCode = 1001
	StatusProtocolError   StatusCode = 1002
	StatusNoStatusRcvd    StatusCode = 1005
	StatusMessageTooBig   StatusCode = 1009
	StatusServiceRestart  StatusCode = 1012
	lastCodeOfTheProtocol StatusCode = 1014
)

const (
	readBuffer = 512             // most of what clients send fits
	closeWait  = 5 * time.Second // for the other side's part of a good-bye
	copyBelow  = 8 << 10         // smaller messages are copied behind their header
)

// Conn is an open connection.
type Conn struct {
	conn  net.Conn
	raw   syscall.RawConn // beneath it; nil where nothing can be offered
	limit int64

	reading sync.Mutex
	in      *bufio.Reader

	writing  sync.Mutex
	deadline time.Time   // that is set for writing
	broken   bool        // a write stopped half way: nothing can follow it
	rest     []byte      // of a torn frame
	left     atomic.Bool // our close frame was written

	pings  atomic.Pointer[ping]
	pinged atomic.Uint64
	closed chan struct{}
	once   sync.Once
}

type ping struct {
	payload [8]byte
	answer  chan struct{}
}

func newConn(conn net.Conn, from io.Reader) *Conn {
	return &Conn{conn: conn, raw: rawOf(conn), in: bufio.NewReaderSize(from, readBuffer), limit: 32 << 10, closed: make(chan struct{})}
}

// SetReadLimit bounds the bytes of a message that comes in.
func (c *Conn) SetReadLimit(n int64) { c.limit = n }

var frames = sync.Pool{New: func() any { b := make([]byte, 0, copyBelow+10); return &b }}

// Write sends a message. The context's deadline bounds it; nothing else of the context counts: who wants to break a write off
// calls CloseNow. After a write that did not go through, the connection is of no use.
func (c *Conn) Write(ctx context.Context, kind MessageType, payload []byte) error {
	deadline, _ := ctx.Deadline()
	return c.WriteBy(deadline, kind, payload)
}

// WriteBy is Write without a context. A deadline that is the same as that of the write before costs nothing.
func (c *Conn) WriteBy(deadline time.Time, kind MessageType, payload []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.write(byte(kind), payload, deadline)
}

// write writes a frame; the lock is held.
func (c *Conn) write(kind byte, payload []byte, deadline time.Time) error {
	if c.broken || c.left.Load() {
		return net.ErrClosed
	}
	if err := c.flush(deadline); err != nil {
		return err
	}
	buf := frames.Get().(*[]byte)
	b := appendHeader((*buf)[:0], kind, len(payload))
	if len(payload) <= copyBelow {
		b = append(b, payload...)
		payload = nil
	}
	err := c.put(deadline, b, payload)
	*buf = b
	frames.Put(buf)
	return err
}

// put writes bytes, and more if there are any, all of them; the lock is held.
func (c *Conn) put(deadline time.Time, b, more []byte) error {
	if !deadline.Equal(c.deadline) { // the same for many messages: see the callers
		if err := c.conn.SetWriteDeadline(deadline); err != nil {
			return err
		}
		c.deadline = deadline
	}
	var err error
	if len(more) == 0 {
		_, err = c.conn.Write(b)
	} else {
		parts := net.Buffers{b, more}
		_, err = parts.WriteTo(c.conn)
	}
	if err != nil {
		c.broken = true
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("websocket: the client does not take what is sent: %w", context.DeadlineExceeded)
		}
	}
	return err
}

func appendHeader(dst []byte, kind byte, length int) []byte {
	dst = append(dst, 0x80|kind)
	switch {
	case length < 126:
		return append(dst, byte(length))
	case length < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(length))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(length))
}

// control sends a control frame.
func (c *Conn) control(kind byte, payload []byte, deadline time.Time) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.write(kind, payload, deadline)
}

// Ping sends a ping and waits for its answer, which Read takes: somebody must be reading. One ping at a time.
func (c *Conn) Ping(ctx context.Context) error {
	p := &ping{answer: make(chan struct{})}
	binary.BigEndian.PutUint64(p.payload[:], c.pinged.Add(1))
	c.pings.Store(p)
	deadline, _ := ctx.Deadline()
	if err := c.control(opPing, p.payload[:], deadline); err != nil {
		return err
	}
	select {
	case <-p.answer:
		return nil
	case <-c.closed:
		return net.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Conn) ponged(payload []byte) {
	if p := c.pings.Load(); p != nil && string(payload) == string(p.payload[:]) && c.pings.CompareAndSwap(p, nil) {
		close(p.answer)
	}
}

// Close says good-bye with a code and a reason of at most 123 bytes, waits some seconds for the other side's, and closes.
func (c *Conn) Close(code StatusCode, reason string) error {
	err := c.sayGoodbye(code, reason)
	if err == nil {
		c.awaitGoodbye()
	}
	return errors.Join(err, c.CloseNow())
}

func (c *Conn) sayGoodbye(code StatusCode, reason string) error {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	payload = append(payload, reason[:min(len(reason), 123)]...)
	c.writing.Lock()
	defer c.writing.Unlock()
	err := c.write(opClose, payload, time.Now().Add(closeWait))
	c.left.Store(true)
	return err
}

// awaitGoodbye waits until the other side has answered our close frame, by the goroutine that reads or, if none does, here.
func (c *Conn) awaitGoodbye() {
	_ = c.conn.SetReadDeadline(time.Now().Add(closeWait)) // wakes nobody: it makes waiting end
	c.reading.Lock()
	defer c.reading.Unlock()
	for {
		if _, _, err := c.next(); err != nil {
			return
		}
	}
}

// Hurry lets a write that hangs end within d.
func (c *Conn) Hurry(d time.Duration) { _ = c.conn.SetWriteDeadline(time.Now().Add(d)) }

// CloseNow closes without a word, and ends what is being read or written.
func (c *Conn) CloseNow() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.closed)
		err = c.conn.Close()
	})
	return err
}
