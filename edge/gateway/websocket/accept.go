// Package websocket is the server's side of RFC 6455 for sockets by the thousand: an idle one costs a goroutine that reads and
// half a kilobyte of buffer, and a message to it one system call, without a context, timer or goroutine of its own.
//
// It has no extensions. Reading is done by one goroutine; everything else may be called by any.
package websocket

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// AcceptOptions say what may be agreed on.
type AcceptOptions struct {
	Subprotocols []string // the first that the client offers too is chosen
}

// Accept upgrades a request. If it can't, it has answered the request, and says why. The connection may be used after the
// request's handler has returned.
func Accept(w http.ResponseWriter, r *http.Request, o *AcceptOptions) (*Conn, error) {
	status, err := check(w, r)
	if err != nil {
		http.Error(w, err.Error(), status)
		return nil, err
	}
	head := w.Header()
	head.Set("Upgrade", "websocket")
	head.Set("Connection", "Upgrade")
	head.Set("Sec-WebSocket-Accept", acceptKey(r.Header.Get("Sec-WebSocket-Key")))
	if chosen := choose(r, o); chosen != "" {
		head.Set("Sec-WebSocket-Protocol", chosen)
	}
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	early, err := buffered.Peek(buffered.Reader.Buffered())
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	from := io.Reader(conn)
	if len(early) > 0 {
		from = io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn)
	}
	return newConn(conn, from), nil
}

// check tells what is wrong with a handshake, and the status that says so.
func check(w http.ResponseWriter, r *http.Request) (int, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
	switch {
	case !r.ProtoAtLeast(1, 1):
		return http.StatusUpgradeRequired, fmt.Errorf("websocket: needs HTTP/1.1, not %s", r.Proto)
	case !lists(r.Header, "Connection", "upgrade"), !lists(r.Header, "Upgrade", "websocket"):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		return http.StatusUpgradeRequired, errors.New("websocket: the headers Connection and Upgrade do not ask for it")
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, errors.New("websocket: a handshake is a GET")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		return http.StatusBadRequest, errors.New("websocket: only version 13 is spoken")
	case err != nil || len(key) != 16 || len(r.Header.Values("Sec-WebSocket-Key")) != 1:
		return http.StatusBadRequest, errors.New("websocket: Sec-WebSocket-Key must be 16 bytes in base64, once")
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(u.Host, r.Host) {
			return http.StatusForbidden, errors.New("websocket: the page that asks is of another site")
		}
	}
	return 0, nil
}

// lists tells whether a header has a word in its list.
func lists(h http.Header, name, word string) bool {
	for _, line := range h.Values(name) {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(one), word) {
				return true
			}
		}
	}
	return false
}

func choose(r *http.Request, o *AcceptOptions) string {
	if o == nil {
		return ""
	}
	for _, ours := range o.Subprotocols {
		if lists(r.Header, "Sec-WebSocket-Protocol", ours) {
			return ours
		}
	}
	return ""
}

func acceptKey(key string) string {
	sum := sha1.Sum([]byte(strings.TrimSpace(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // as the RFC wants; proves nothing
	return base64.StdEncoding.EncodeToString(sum[:])
}
