package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"multistream/edge/gateway/websocket"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
)

// maxStrikes is how many messages in a row may be no JSON before a socket is closed: such a client is broken.
const maxStrikes = 3

// ClientMessage is what a client sends, but for signals.
type ClientMessage struct {
	Command ClientCommand `json:"command"`
}

// ClientCommand is a command, with the key and the errors that it has over REST.
type ClientCommand struct {
	Type    string          `json:"type" limit:"feature_name"`
	Key     string          `json:"key" limit:"idempotency_key"`
	Payload json.RawMessage `json:"payload,omitempty" optional:"true"`
}

// Reply answers a command over a socket; Body is what REST answers.
type Reply struct {
	Key    string `json:"key"`
	Status int    `json:"status"`
	Body   any    `json:"body"`
}

// ErrorFrame tells an error; Key is that of the command it is about, if any.
type ErrorFrame struct {
	rest.ErrorBody
	Key string `json:"key,omitempty"`
}

// turns tells whether the reader has been reading all the while.
type turns struct {
	mu    sync.Mutex
	stops int
	stood bool
}

func (t *turns) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stops, t.stood = t.stops+1, true
}

func (t *turns) goOn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stood = false
}

// count gives how often it stopped, and whether it stands still at this moment.
func (t *turns) count() (stops int, stands bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stops, t.stood
}

// read takes commands one after the other until the connection ends. A client that floods waits for its own answers.
func (s *socket) read() {
	for {
		kind, data, err := s.conn.Read(context.Background()) // ends when the connection is closed
		if err != nil {
			if errors.Is(err, websocket.ErrMessageTooBig) {
				s.code.CompareAndSwap(0, int64(websocket.StatusMessageTooBig))
			}
			return
		}
		if kind == websocket.MessageText && isSignal(data) {
			s.signal(data)
			if s.broken() {
				return
			}
			continue
		}
		if err := s.g.server.Pace(s.who, s.session, true); err != nil {
			s.sendError(rest.ToFault(err), "")
			continue
		}
		if rest.EndedBy(s.ctx) != nil { // the writer says good-bye
			return
		}
		if kind != websocket.MessageText {
			data = nil // refused as no JSON
		}
		s.reading.stop()
		s.message(data)
		s.reading.goOn()
		if s.broken() {
			return
		}
	}
}

// broken closes a socket that sends what is no JSON.
func (s *socket) broken() bool {
	if s.strikes < maxStrikes {
		return false
	}
	f := fault.New(fault.InvalidBody, "%d messages in a row were not JSON.", maxStrikes)
	s.code.CompareAndSwap(0, int64(fault.Lookup(f.Code).Close))
	_ = s.conn.Close(websocket.StatusCode(fault.Lookup(f.Code).Close), string(f.Code))
	return true
}

// message handles one message.
func (s *socket) message(data []byte) {
	began := time.Now()
	message, err := strictjson.Parse(data, limits.JSONDepth)
	if err != nil {
		s.strikes++
		s.sendError(rest.ToFault(err), "")
		return
	}
	s.strikes = 0
	var m ClientMessage
	if err := strictjson.Bind(message, nil, &m); err != nil {
		s.sendError(rest.ToFault(err), m.Command.Key)
		return
	}
	reply, err := s.command(m.Command)
	if err != nil {
		f := rest.ToFault(err)
		if fault.Lookup(f.Code).Status >= 500 && s.ctx.Err() == nil { // who left under way is no error: their key tells
			s.failed(m.Command.Type, f, time.Since(began))
		}
		s.sendError(f, m.Command.Key)
		return
	}
	b, err := event.Marshal(struct {
		Reply Reply `json:"reply"`
	}{reply})
	if err != nil {
		panic("gateway: an answer that can't be encoded: " + err.Error())
	}
	s.send("reply", b)
}

// voting is the command whose log lines lead to nobody: a poll may be anonymous.
const voting = "poll.vote"

// failed logs a command that could not be answered. Other lines have the socket's request beside its user: a vote's has neither.
func (s *socket) failed(command string, f *fault.Fault, took time.Duration) {
	cause := ""
	if f.Cause != nil {
		cause = f.Cause.Error()
	}
	attrs := []any{"type", command, "code", string(f.Code), "session", s.session.String(), "ms", float64(took.Microseconds()) / 1000}
	if command == voting {
		cause = rest.Unnamed(cause, s.who.UserID)
	} else {
		attrs = append(attrs, "request", s.request.String())
	}
	s.g.log.Error("command", append(attrs, "cause", cause)...)
}

// command gives a command as REST would.
func (s *socket) command(m ClientCommand) (Reply, error) {
	rt := s.g.commands[m.Type]
	if rt == nil || !rt.InClass() || rt.Raw {
		return Reply{}, fault.At(fault.NotFound, "type", "There is no command %q on this socket. Nothing was changed.", m.Type)
	}
	if err := rest.CheckKey(m.Key, true); err != nil {
		return Reply{}, err
	}
	if m.Payload == nil {
		m.Payload = json.RawMessage("{}")
	}
	body, err := strictjson.Parse(m.Payload, limits.JSONDepth)
	if err != nil {
		return Reply{}, err
	}
	payload, err := bind(m.Type, body, nil)
	if err != nil {
		return Reply{}, err
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.g.o.Pace.Answer)
	defer cancel()
	answer, err := s.g.perform(ctx, order{who: s.who, session: s.session, command: m.Type, key: m.Key, payload: payload, route: rt})
	return Reply{Key: m.Key, Status: rt.Status, Body: answer}, err
}

func (s *socket) sendError(f *fault.Fault, key string) {
	s.send("error", errorFrame(f, key, s.request))
}

// errorFrame encodes the frame of an error.
func errorFrame(f *fault.Fault, key string, request event.ID) []byte {
	return rest.MustEncode(struct {
		Error ErrorFrame `json:"error"`
	}{ErrorFrame{rest.BodyOf(f, request), key}})
}

// send writes beside the writer; the connection puts messages one after the other.
func (s *socket) send(kind string, b []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), s.g.o.Pace.Write)
	defer cancel()
	if s.conn.Write(ctx, websocket.MessageText, b) == nil {
		s.g.metrics.frame(kind, len(b))
	}
}
