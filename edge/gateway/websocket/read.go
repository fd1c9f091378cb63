package websocket

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
	"unicode/utf8"
)

const (
	opContinuation = 0x0
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// ErrMessageTooBig says that a message was larger than the limit; the connection is closed with that code.
var ErrMessageTooBig = errors.New("websocket: message is too big")

// errProtocol says that a client broke the protocol; the connection is closed with that code.
var errProtocol = errors.New("websocket: against the protocol")

// CloseError says that the client said good-bye.
type CloseError struct {
	Code   StatusCode
	Reason string
}

// Error tells code and reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("websocket: closed by the client with %d %q", e.Code, e.Reason)
}

// Read waits for the next message, and answers pings and a good-bye meanwhile. It ends when the connection is closed; the
// context is not watched. After an error the connection is of no use.
func (c *Conn) Read(context.Context) (MessageType, []byte, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	kind, b, err := c.next()
	for err == nil && c.left.Load() { // what comes after our good-bye counts no more
		kind, b, err = c.next()
	}
	switch {
	case errors.Is(err, ErrMessageTooBig):
		c.refuse(StatusMessageTooBig, "message is too big")
	case errors.Is(err, errProtocol):
		c.refuse(StatusProtocolError, "against the protocol")
	}
	return kind, b, err
}

// refuse says good-bye to a client that may be in the middle of sending. A connection that is closed with bytes unread is reset,
// and the client would not learn why: some of them are read.
func (c *Conn) refuse(code StatusCode, reason string) {
	if c.sayGoodbye(code, reason) != nil || c.conn.SetReadDeadline(time.Now().Add(time.Second)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.in, 1<<20)
}

// next reads a message; the lock is held.
func (c *Conn) next() (kind MessageType, message []byte, err error) {
	for {
		f, err := c.frame()
		if err != nil {
			return 0, nil, err
		}
		if f.op >= opClose {
			if err := c.heard(f); err != nil {
				return 0, nil, err
			}
			continue
		}
		if (f.op == opContinuation) != (kind != 0) {
			return 0, nil, fmt.Errorf("%w: a frame of kind %d at the wrong place", errProtocol, f.op)
		}
		if kind == 0 {
			kind = MessageType(f.op)
		}
		if int64(len(message))+f.length > c.limit {
			return 0, nil, fmt.Errorf("%w: more than %d bytes", ErrMessageTooBig, c.limit)
		}
		if message, err = c.payload(message, f); err != nil {
			return 0, nil, err
		}
		if f.last {
			return kind, message, nil
		}
	}
}

// frame is a header.
type frame struct {
	op     byte
	last   bool
	length int64
	mask   [4]byte
}

func (c *Conn) frame() (f frame, err error) {
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:2]); err != nil {
		return f, err
	}
	f.op, f.last, f.length = head[0]&0x0F, head[0]&0x80 != 0, int64(head[1]&0x7F)
	control := f.op >= opClose
	switch {
	case head[0]&0x70 != 0, head[1]&0x80 == 0, f.op > byte(MessageBinary) && !control, f.op > opPong, control && (!f.last || f.length > 125):
		return f, fmt.Errorf("%w: a frame begins with %#x %#x", errProtocol, head[0], head[1])
	case f.length == 126:
		_, err = io.ReadFull(c.in, head[:2])
		f.length = int64(binary.BigEndian.Uint16(head[:2]))
	case f.length == 127:
		_, err = io.ReadFull(c.in, head[:8])
		f.length = int64(binary.BigEndian.Uint64(head[:8]))
	}
	if err == nil && f.length < 0 {
		return f, fmt.Errorf("%w: a frame of more than 2^63 bytes", errProtocol)
	}
	if err == nil {
		_, err = io.ReadFull(c.in, f.mask[:])
	}
	return f, err
}

// payload reads what a frame carries behind what there is already. It takes no more memory than has arrived, twice.
func (c *Conn) payload(dst []byte, f frame) ([]byte, error) {
	begin := len(dst)
	for left := f.length; left > 0; {
		n := int(min(left, 16<<10))
		at := len(dst)
		dst = append(dst, make([]byte, n)...)
		if _, err := io.ReadFull(c.in, dst[at:]); err != nil {
			return nil, err
		}
		left -= int64(n)
	}
	for i, b := range dst[begin:] {
		dst[begin+i] = b ^ f.mask[i&3]
	}
	return dst, nil
}

// heard takes a control frame.
func (c *Conn) heard(f frame) error {
	payload, err := c.payload(nil, f)
	if err != nil {
		return err
	}
	switch f.op {
	case opPing:
		if err := c.control(opPong, payload, time.Now().Add(closeWait)); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	case opPong:
		c.ponged(payload)
	case opClose:
		return c.leaving(payload)
	}
	return nil
}

// leaving answers a close frame with its own code.
func (c *Conn) leaving(payload []byte) error {
	e := &CloseError{Code: StatusNoStatusRcvd}
	if len(payload) > 0 {
		if len(payload) == 1 || !utf8.Valid(payload[2:]) {
			return fmt.Errorf("%w: a close frame that can't be read", errProtocol)
		}
		e.Code, e.Reason = StatusCode(binary.BigEndian.Uint16(payload)), string(payload[2:])
		if !validCode(e.Code) {
			return fmt.Errorf("%w: close code %d", errProtocol, e.Code)
		}
	}
	answer := e.Code
	if answer == StatusNoStatusRcvd {
		answer = StatusNormalClosure
	}
	_ = c.sayGoodbye(answer, "") // whoever left may be gone
	return e
}

// validCode tells codes that may be sent.
func validCode(code StatusCode) bool {
	switch code {
	case 1004, StatusNoStatusRcvd, 1006:
		return false
	}
	return 1000 <= code && code <= lastCodeOfTheProtocol || 3000 <= code && code <= 4999
}
