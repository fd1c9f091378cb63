package classclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/coder/websocket"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// maxTries is how often a command is sent whose answer says that it may still happen.
const maxTries = 10

// given is a command that waits for its answer.
type given struct {
	typ     string
	key     string
	payload map[string]any
	tries   int
	body    json.RawMessage
	err     error
	done    chan struct{}
}

// Give gives a command and waits for its answer, for as long as there is no network too. Commands are sent one after the
// other, in the order of their calls, the next one only after the last answer. A *Refusal is the edge's own; without a key
// it gets one.
func (c *Client) Give(ctx context.Context, typ, key string, payload map[string]any) (json.RawMessage, error) {
	answer, err := c.Queue(typ, key, payload)
	if err != nil {
		return nil, err
	}
	return answer(ctx)
}

// Queue is Give for who does not wait at once.
func (c *Client) Queue(typ, key string, payload map[string]any) (answer func(ctx context.Context) (json.RawMessage, error), err error) {
	if key == "" {
		key = event.NewID().String()
	}
	g := &given{typ: typ, key: key, payload: payload, done: make(chan struct{})}
	c.change(func() {
		if len(c.queue) >= c.o.Queue {
			err = fmt.Errorf("%d commands wait already: nothing was done; try again when the network is back", len(c.queue))
			return
		}
		c.queue = append(c.queue, g)
	})
	return func(ctx context.Context) (json.RawMessage, error) {
		select {
		case <-g.done:
			return g.body, g.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}, err
}

// sendAll sends what waits, in order. Nothing is sent before the client knows what happened meanwhile.
func (c *Client) sendAll(ctx context.Context) {
	for {
		err := c.Until(ctx, func(_ *Screen, m Mode) bool { return len(c.queue) > 0 && m != Offline })
		c.mu.Lock()
		if err != nil {
			for _, g := range c.queue {
				g.err = err
				close(g.done)
			}
			c.queue = nil
			c.mu.Unlock()
			return
		}
		g := c.queue[0]
		c.mu.Unlock()
		if !c.try(ctx, g) {
			continue
		}
		c.change(func() { c.queue = c.queue[1:] })
		close(g.done)
	}
}

// try sends a command once, and tells whether that was its answer.
func (c *Client) try(ctx context.Context, g *given) (answered bool) {
	c.change(func() {
		if g.tries > 0 {
			c.counts.Again++
		}
		g.tries++
	})
	token, err := c.access(ctx)
	if err == nil {
		g.body, err = c.send(ctx, token, g)
	}
	g.err = err
	var refusal *Refusal
	switch {
	case err == nil:
		return true
	case !errors.As(err, &refusal):
		rest(ctx, c.backoff(1)) // the follower finds out about the network
		return false
	case refusal.Pause() > 0:
		rest(ctx, refusal.Pause())
		return false
	case refusal.renews():
		return c.renew(ctx) != nil
	case fault.Code(refusal.Code) == fault.NotJoined && g.tries < maxTries && !c.out():
		rest(ctx, c.backoff(g.tries)) // the follower joins again meanwhile, or is refused
		return false
	case refusal.unsure() && g.tries < maxTries:
		rest(ctx, c.o.Pause)
		return false
	}
	return true
}

func (c *Client) send(ctx context.Context, token string, g *given) (json.RawMessage, error) {
	c.mu.Lock()
	conn, replies := c.conn, c.replies
	c.mu.Unlock()
	if conn != nil {
		return c.overConn(ctx, conn, replies, g)
	}
	ctx, cancel := context.WithTimeout(ctx, c.o.Answer)
	defer cancel()
	return c.overREST(ctx, token, g)
}

// overConn gives a command over the socket; a socket that ends before the answer answers nothing.
func (c *Client) overConn(ctx context.Context, conn *websocket.Conn, replies <-chan *Message, g *given) (json.RawMessage, error) {
	message, err := json.Marshal(map[string]any{"command": map[string]any{"type": g.typ, "key": g.key, "payload": orEmpty(g.payload)}})
	if err != nil {
		return nil, err
	}
	if err := conn.Write(ctx, websocket.MessageText, message); err != nil {
		return nil, err
	}
	for {
		select {
		case m, open := <-replies:
			switch {
			case !open:
				return nil, errBroken
			case m.Error != nil && (m.Error.Key == g.key || m.Error.Key == ""):
				return nil, &m.Error.Refusal
			case m.Reply != nil && m.Reply.Key == g.key:
				return m.Reply.Body, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *Client) overREST(ctx context.Context, token string, g *given) (json.RawMessage, error) {
	at, known := c.rest.Commands[g.typ]
	if !known || at.Raw {
		return nil, &Refusal{Code: "not_found", Message: fmt.Sprintf("the edge's API has no command %q for this client", g.typ)}
	}
	path, fields := at.Body(c.o.Session, g.key, g.payload)
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	var answer json.RawMessage
	err = c.rest.Once(ctx, at.Method, path, token, http.Header{"Content-Type": {"application/json"}}, body, &answer)
	return answer, err
}

func orEmpty(payload map[string]any) map[string]any {
	if payload == nil {
		return map[string]any{}
	}
	return payload
}
