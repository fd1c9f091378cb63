package gateway

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// Words of the Sec-WebSocket-Protocol header: a browser can set no other, so the token may come there.
const (
	subprotocol = "ms1"
	bearerWord  = "bearer."
)

// admit counts a socket, or a poll under way, of a user, unless there are too many.
func (g *Gateway) admit(user event.ID, gauge prometheus.Gauge) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.base.Err() != nil:
		return fault.New(fault.Busy, "The box is about to start again. Nothing was changed; please try again in a moment.")
	case g.sockets[user] >= g.o.Pace.Sockets:
		return fault.New(fault.LimitReached, "You have %d connections open already. Close one, then try again.", g.o.Pace.Sockets)
	}
	g.sockets[user]++
	g.open.Add(1)
	gauge.Inc()
	return nil
}

func (g *Gateway) release(user event.ID, gauge prometheus.Gauge) {
	g.mu.Lock()
	if g.sockets[user]--; g.sockets[user] <= 0 {
		delete(g.sockets, user)
	}
	g.mu.Unlock()
	gauge.Dec()
	g.open.Done()
}

// socketToken is the token of a handshake: of the header, the cookie, or the list of subprotocols.
func socketToken(r *http.Request) (string, error) {
	for _, word := range offered(r) {
		if token, ok := strings.CutPrefix(word, bearerWord); ok {
			return token, nil
		}
	}
	return cookies.Token(r)
}

func offered(r *http.Request) []string {
	var words []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for _, word := range strings.Split(line, ",") {
			words = append(words, strings.TrimSpace(word))
		}
	}
	return words
}

// protocols are those that we may choose: ours, else whatever was offered, as a browser breaks off if none is chosen.
func protocols(r *http.Request) []string { return append([]string{subprotocol}, offered(r)...) }
