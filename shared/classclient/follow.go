package classclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"multistream/shared/fault"
)

// maxFrame bounds what is read from a socket as one message: a view of a large class fits many times.
const maxFrame = 16 << 20

// after is the query of the position to go on from, empty for a fresh view.
func (c *Client) after() url.Values {
	q := url.Values{}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.screen.View != nil {
		q.Set("after", PositionText(c.screen.At))
	}
	return q
}

// overSocket follows the class over one socket until that ends. It returns a *Refusal if the edge gave a reason, nil if it
// asked to come back, else errBroken.
func (c *Client) overSocket(ctx context.Context) error {
	token, err := c.access(ctx)
	if err != nil {
		return err
	}
	address := "ws" + strings.TrimPrefix(c.o.Edge, "http") + "/api/sessions/" + c.o.Session.String() + "/live?" + c.after().Encode()
	dialing, cancel := context.WithTimeout(ctx, c.o.Silence)
	defer cancel()
	conn, response, err := websocket.Dial(dialing, address, &websocket.DialOptions{HTTPClient: c.rest.HTTP, Subprotocols: []string{"ms1"},
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}}})
	if err != nil {
		return notOpened(response, err)
	}
	conn.SetReadLimit(maxFrame)
	replies := make(chan *Message, 1)
	c.change(func() {
		c.conn, c.replies = conn, replies
		c.counts.Sockets++
	})
	defer func() {
		c.change(func() { c.conn, c.replies = nil, nil })
		close(replies)
		_ = conn.CloseNow()
	}()
	for {
		data, err := c.readOne(ctx, conn)
		if err != nil {
			return c.ended(err)
		}
		var m Message
		if err := json.Unmarshal(data, &m); err != nil {
			c.change(func() { c.screen.Wrong("a message that can't be read: %v", err) })
			continue
		}
		switch {
		case m.Reply != nil || m.Error != nil && (m.Error.Key != "" || m.Error.Pause() > 0):
			select {
			case replies <- &m:
			default: // nobody waits: it is an answer to what was asked for again
			}
		case m.Error != nil:
			return &m.Error.Refusal // the socket is closed after it
		default:
			c.change(func() { c.take(&m, Socket) })
		}
	}
}

// notOpened is why a socket was not opened: the edge's own word, or a network that lets none through.
func notOpened(response *http.Response, err error) error {
	if response != nil && response.Body != nil {
		refusal := new(Refusal)
		if json.NewDecoder(response.Body).Decode(refusal) == nil && refusal.Code != "" {
			return refusal
		}
	}
	return fmt.Errorf("%w: %w", errBroken, err)
}

// readOne reads a message; silence is the end of a connection.
func (c *Client) readOne(ctx context.Context, conn *websocket.Conn) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Silence)
	defer cancel()
	_, data, err := conn.Read(ctx)
	return data, err
}

// ended tells what the end of a socket asks for.
func (c *Client) ended(err error) error {
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		switch closed.Code {
		case websocket.StatusServiceRestart, websocket.StatusGoingAway:
			return nil
		case websocket.StatusCode(fault.Lookup(fault.TimedOut).Close):
			return nil // it was too slow; the next one goes on from the position
		}
	}
	return fmt.Errorf("%w: %w", errBroken, err)
}

// take takes a frame or a status; the lock is held.
func (c *Client) take(m *Message, by Mode) {
	c.screen.Take(m)
	c.mode = by
}

// pollOnce asks once for what is new.
func (c *Client) pollOnce(ctx context.Context) error {
	token, err := c.access(ctx)
	if err != nil {
		return err
	}
	q := c.after()
	q.Set("wait", fmt.Sprint(int(c.o.Wait/time.Second)))
	c.mu.Lock()
	if c.mode == Offline {
		q.Set("wait", "0") // it is there again: that is something to tell
	}
	if c.screen.Halted {
		q.Set("status", "halted")
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, c.o.Silence)
	defer cancel()
	var answer struct {
		Frames []Message `json:"frames"`
	}
	err = c.rest.Once(ctx, http.MethodGet, "/api/sessions/"+c.o.Session.String()+"/frames?"+q.Encode(), token, nil, nil, &answer)
	if err != nil {
		return err
	}
	var last *Refusal
	c.change(func() {
		c.counts.Polls++
		for i := range answer.Frames {
			if m := &answer.Frames[i]; m.Error != nil {
				last = &m.Error.Refusal
			} else {
				c.take(m, Polling)
			}
		}
	})
	if last != nil {
		return last
	}
	return nil
}
