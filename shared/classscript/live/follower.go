package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"multistream/shared/classclient"
	"multistream/shared/event"
	"multistream/shared/session"
)

// maxFrame bounds what is read from a socket as one message: a view of a large class fits many times.
const maxFrame = 16 << 20

// follower holds somebody's view of a class as a client does, through one socket after the other.
type follower struct {
	name     string
	patience time.Duration

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when anything below changes
	conn    *websocket.Conn
	screen  *classclient.Screen
	waiting chan reply // of the one command that is under way, nil for none
	end     string     // with which words the last socket was closed
}

func newFollower(name string, patience time.Duration) *follower {
	return &follower{name: name, patience: patience, changed: make(chan struct{}), screen: classclient.NewScreen()}
}

// reply answers a command over the socket.
type reply struct {
	Body    json.RawMessage
	Refusal *Refusal
}

var errClosed = errors.New("the socket was closed before the answer came")

// follow begins with the view of a join's answer, or goes on from the latest frame, on a new socket.
func (f *follower) follow(ctx context.Context, edge string, session event.ID, token string) error {
	address := "ws" + strings.TrimPrefix(edge, "http") + "/api/sessions/" + session.String() + "/live?after=" + classclient.PositionText(f.screen.At)
	header := http.Header{"Authorization": {"Bearer " + token}}
	dialing, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	conn, response, err := websocket.Dial(dialing, address, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{"ms1"}})
	if err != nil {
		return fmt.Errorf("%s can't follow the class: %w", f.name, err)
	}
	if response != nil && response.Body != nil {
		_ = response.Body.Close()
	}
	conn.SetReadLimit(maxFrame)
	f.mu.Lock()
	f.conn, f.end = conn, ""
	f.mu.Unlock()
	go f.read(conn)
	return nil
}

// begin takes the view of a join's answer.
func (f *follower) begin(view []byte, at event.Position) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.screen.Begin(view, at); err != nil {
		return fmt.Errorf("%s: the join's answer: %w", f.name, err)
	}
	return nil
}

func (f *follower) read(conn *websocket.Conn) {
	for {
		_, data, err := conn.Read(context.Background()) // ends when the connection is closed
		f.mu.Lock()
		if err != nil {
			if f.conn == conn {
				f.conn, f.end = nil, ended(err)
			}
			f.wake()
			f.mu.Unlock()
			return
		}
		f.message(data)
		f.wake()
		f.mu.Unlock()
	}
}

// message takes what came; the lock is held.
func (f *follower) message(data []byte) {
	var m classclient.Message
	if err := json.Unmarshal(data, &m); err != nil {
		f.screen.Wrong("a message that can't be read: %v", err)
		return
	}
	switch {
	case m.Reply != nil:
		f.answer(reply{Body: m.Reply.Body})
	case m.Error != nil:
		// Without a key it is either "slow down", said before the command was read (with one command at a time it is clear
		// which is meant), or why the socket will be closed, which answers nothing.
		if m.Error.Key != "" || m.Error.Pause() > 0 {
			f.answer(reply{Refusal: &m.Error.Refusal})
		}
	default:
		f.screen.Take(&m)
	}
}

func (f *follower) answer(r reply) {
	if f.waiting != nil {
		f.waiting <- r
		f.waiting = nil
	}
}

// ended says with which words a socket was closed.
func ended(err error) string {
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return strings.TrimSpace(fmt.Sprintf("%d %s", closed.Code, closed.Reason))
	}
	return "broken off"
}

func (f *follower) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// wait waits until the condition, asked with the lock held, is true. It returns an error that says what did not come.
func (f *follower) wait(ctx context.Context, what string, condition func() bool) error {
	t := time.NewTimer(f.patience)
	defer t.Stop()
	for {
		f.mu.Lock()
		changed, done := f.changed, condition()
		f.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-t.C:
			return fmt.Errorf("%s did not get %s within %s", f.name, what, f.patience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reach waits until the follower knows of a sequence, or is put out.
func (f *follower) reach(ctx context.Context, sequence int64) error {
	return f.wait(ctx, fmt.Sprintf("a frame up to %d", sequence), func() bool { return f.screen.At.Sequence >= sequence || f.conn == nil })
}

// command gives a command over the socket. It returns errClosed if the socket closed before the answer came: what the
// command did is then found out by giving it again with the same key.
func (f *follower) command(ctx context.Context, typ, key string, payload any) (json.RawMessage, error) {
	message, err := json.Marshal(map[string]any{"command": map[string]any{"type": typ, "key": key, "payload": payload}})
	if err != nil {
		return nil, err
	}
	answered := make(chan reply, 1)
	f.mu.Lock()
	conn := f.conn
	f.waiting = answered
	f.mu.Unlock()
	if conn == nil || conn.Write(ctx, websocket.MessageText, message) != nil {
		return nil, errClosed
	}
	var got reply
	err = f.wait(ctx, "the answer to "+typ, func() bool {
		select {
		case got = <-answered:
			return true
		default:
			return f.conn != conn
		}
	})
	switch {
	case err != nil:
		return nil, err
	case got.Refusal != nil:
		return nil, got.Refusal
	case got.Body == nil:
		return nil, errClosed
	}
	return got.Body, nil
}

func (f *follower) open() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conn != nil
}

func (f *follower) staff() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.screen.View
	return v != nil && v.Viewer != nil && v.Viewer.Standing == session.StandingStaff
}

// copyOf gives the copy of an event that was received, nil for none.
func (f *follower) copyOf(sequence int64) json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.screen.Copies[sequence]
}

func (f *follower) stop() {
	f.mu.Lock()
	conn := f.conn
	f.conn = nil
	f.mu.Unlock()
	if conn != nil {
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
}

func (f *follower) report() Follower {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.screen
	return Follower{Name: f.name, Frames: s.Frames, Events: s.Events, Views: s.Views, UpTo: s.At.Sequence, Lost: s.Lost, Doubled: s.Doubled, Ended: f.end}
}

func (f *follower) wrongs() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.screen.Wrongs
}
