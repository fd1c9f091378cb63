package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"crypto/sha1"
	"encoding/base64"
)

// hall is what fan-out costs at the least: sockets, and one write of the same bytes to each of them.
type hall struct {
	mu      sync.Mutex
	sockets map[net.Conn]struct{}
}

// floor accepts WebSockets by hand. A text message from one is written to all, in one frame made once; then its sender is
// answered. Fragments, limits, slow clients, order between senders: nothing of that is looked after.
func floor(ctx context.Context, listener net.Listener) error {
	h := &hall{sockets: map[net.Conn]struct{}{}}
	go func() {
		<-ctx.Done()
		_ = listener.Close()
	}()
	fmt.Println("ready")
	for {
		conn, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go h.serve(conn)
	}
}

func (h *hall) serve(conn net.Conn) {
	defer func() {
		h.mu.Lock()
		delete(h.sockets, conn)
		h.mu.Unlock()
		_ = conn.Close()
	}()
	if shake(conn) != nil {
		return
	}
	h.mu.Lock()
	_, err := conn.Write(frame([]byte(`{"ready":true}`)))
	h.sockets[conn] = struct{}{}
	h.mu.Unlock()
	for err == nil {
		var message []byte
		if message, err = read(conn); err == nil {
			h.all(frame(message))
			h.mu.Lock()
			_, err = conn.Write(frame([]byte(`{"done":true}`)))
			h.mu.Unlock()
		}
	}
}

func (h *hall) all(b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for conn := range h.sockets {
		_, _ = conn.Write(b) // who is gone is found by its reader
	}
}

func shake(conn net.Conn) error {
	r, err := http.ReadRequest(bufio.NewReaderSize(conn, 1024)) // the client waits for the answer: nothing comes behind it
	if err != nil {
		return err
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	return err
}

func frame(payload []byte) []byte {
	b := []byte{0x81, byte(len(payload))}
	if len(payload) > 125 {
		b = binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(len(payload)))
	}
	return append(b, payload...)
}

// read reads a masked text message of less than 64 kB.
func read(conn net.Conn) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(conn, head[:2]); err != nil {
		return nil, err
	}
	if head[0] != 0x81 {
		return nil, io.EOF // good-bye, or something that this server does not know
	}
	length := int(head[1] & 0x7F)
	if length == 126 {
		if _, err := io.ReadFull(conn, head[:2]); err != nil {
			return nil, err
		}
		length = int(binary.BigEndian.Uint16(head[:2]))
	}
	b := make([]byte, 4+length)
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil, err
	}
	for i := range b[4:] {
		b[4+i] ^= b[i&3]
	}
	return b[4:], nil
}
