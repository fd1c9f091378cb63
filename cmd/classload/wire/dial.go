package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// Refused says that a server answered a handshake with something else than 101.
type Refused struct {
	Status int
	Body   string // its beginning
}

// Error tells what was answered.
func (r *Refused) Error() string {
	return fmt.Sprintf("handshake answered with %d: %s", r.Status, r.Body)
}

// Dial opens a WebSocket from a local address (nil: any). rest are bytes that came right behind the handshake.
func (s Server) Dial(ctx context.Context, from net.IP, path, token string) (conn net.Conn, rest []byte, err error) {
	if conn, err = s.Open(ctx, from); err != nil {
		return nil, nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if rest, err = handshake(conn, s.Address, path, token); err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, rest, conn.SetDeadline(time.Time{})
}

func handshake(conn net.Conn, address, path, token string) (rest []byte, err error) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	head := "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
		base64.StdEncoding.EncodeToString(nonce[:]) + "\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	if _, err := conn.Write([]byte(head + "\r\n")); err != nil {
		return nil, err
	}
	var got []byte
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		got = append(got, buf[:n]...)
		if end := bytes.Index(got, []byte("\r\n\r\n")); end >= 0 {
			if !bytes.HasPrefix(got, []byte("HTTP/1.1 101 ")) {
				return nil, refusal(got, end)
			}
			return bytes.Clone(got[end+4:]), nil
		}
		if err != nil {
			return nil, fmt.Errorf("handshake: %w", err)
		}
		if len(got) > 64<<10 {
			return nil, fmt.Errorf("%w: a handshake of more than 64 kB", ErrProtocol)
		}
	}
}

func refusal(got []byte, end int) error {
	r := &Refused{Body: strings.TrimSpace(string(got[end+4 : min(len(got), end+304)]))}
	if _, err := fmt.Sscanf(string(got[:end]), "HTTP/1.1 %d", &r.Status); err != nil {
		return fmt.Errorf("%w: %q", ErrProtocol, got[:min(end, 80)])
	}
	if r.Status == 0 {
		r.Status = http.StatusInternalServerError
	}
	return r
}

// Append appends a frame as a client sends it: masked, in one piece.
func Append(dst []byte, kind byte, payload []byte) []byte {
	dst = append(dst, 0x80|kind)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(n))
	}
	var mask [4]byte
	_, _ = rand.Read(mask[:])
	dst = append(dst, mask[:]...)
	for i, b := range payload {
		dst = append(dst, b^mask[i&3])
	}
	return dst
}

// CloseCode reads the code of a close message; 1005 if it has none.
func CloseCode(payload []byte) int {
	if len(payload) < 2 {
		return 1005
	}
	return int(binary.BigEndian.Uint16(payload))
}
