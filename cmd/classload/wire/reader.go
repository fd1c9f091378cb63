// Package wire is the client's side of WebSocket (RFC 6455), as small and cheap as a load generator needs it: a thousand of
// them share two cores with the server that they measure. It offers no extension and keeps no buffer where none is needed.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kinds of messages.
const (
	Continuation = 0x0
	Text         = 0x1
	Binary       = 0x2
	Close        = 0x8
	Ping         = 0x9
	Pong         = 0xA
)

// MaxMessage is the most bytes that a message may have.
const MaxMessage = 16 << 20

// ErrProtocol says that a server sent what RFC 6455 does not allow.
var ErrProtocol = errors.New("not WebSocket")

// Reader cuts the bytes of a server into messages. The zero value is ready.
type Reader struct {
	rest  []byte // of a frame that is not complete yet
	whole []byte // payloads of a message in several frames
	kind  byte   // of that message; 0: there is none
}

// Feed takes what was read from the connection and calls each for every message that is complete by now. The payload is valid
// during the call only.
func (r *Reader) Feed(b []byte, each func(kind byte, payload []byte)) error {
	if len(r.rest) > 0 {
		r.rest = append(r.rest, b...)
		b = r.rest
	}
	for {
		head, payload, size, err := frame(b)
		if err != nil {
			return err
		}
		if size == 0 || len(b) < size {
			break
		}
		if err := r.take(head, payload, each); err != nil {
			return err
		}
		b = b[size:]
	}
	if len(b) == 0 {
		r.rest = nil // what waits for nothing holds nothing
	} else {
		r.rest = append(r.rest[:0], b...)
	}
	return nil
}

// frame finds the frame at the beginning of b. size is 0 while its header is not complete; the payload is there only if b has
// size bytes.
func frame(b []byte) (head byte, payload []byte, size int, err error) {
	if len(b) < 2 {
		return 0, nil, 0, nil
	}
	if b[0]&0x70 != 0 || b[1]&0x80 != 0 {
		return 0, nil, 0, fmt.Errorf("%w: a frame begins with %#x %#x", ErrProtocol, b[0], b[1])
	}
	length, begin := uint64(b[1]), 2
	switch length {
	case 126:
		if begin = 4; len(b) < begin {
			return 0, nil, 0, nil
		}
		length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if begin = 10; len(b) < begin {
			return 0, nil, 0, nil
		}
		length = binary.BigEndian.Uint64(b[2:])
	}
	if length > MaxMessage {
		return 0, nil, 0, fmt.Errorf("%w: a frame of %d bytes", ErrProtocol, length)
	}
	size = begin + int(length)
	if len(b) >= size {
		payload = b[begin:size]
	}
	return b[0], payload, size, nil
}

func (r *Reader) take(head byte, payload []byte, each func(byte, []byte)) error {
	kind, last := head&0x0F, head&0x80 != 0
	switch {
	case kind >= Close:
		if !last || len(payload) > 125 {
			return fmt.Errorf("%w: a control frame of %d bytes, last: %v", ErrProtocol, len(payload), last)
		}
		each(kind, payload)
		return nil
	case (kind == Continuation) != (r.kind != 0):
		return fmt.Errorf("%w: frame of kind %d within a message of kind %d", ErrProtocol, kind, r.kind)
	case kind != Continuation && last:
		each(kind, payload)
		return nil
	case len(r.whole)+len(payload) > MaxMessage:
		return fmt.Errorf("%w: a message of more than %d bytes", ErrProtocol, MaxMessage)
	}
	if kind != Continuation {
		r.kind = kind
	}
	r.whole = append(r.whole, payload...)
	if last {
		each(r.kind, r.whole)
		r.whole, r.kind = nil, 0
	}
	return nil
}
