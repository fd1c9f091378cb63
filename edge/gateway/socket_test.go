package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/edge/gateway"
	"multistream/shared/event"
	"multistream/shared/session"
)

// patience is how long a socket of a test lives at most: far longer than any test takes.
const patience = 2 * time.Minute

// client is a socket whose every message is held to the schema, and whose positions must be gapless.
type client struct {
	t    testing.TB
	conn *websocket.Conn
	upTo int64
	ctx  context.Context
}

type message struct {
	Epoch  int64           `json:"epoch"`
	From   int64           `json:"from"`
	UpTo   int64           `json:"upTo"`
	Events []event.Copy    `json:"events"`
	View   *session.State  `json:"view"`
	Rewind *event.Position `json:"rewind"`
	Status *struct {
		State, Feature, Reason string
		Since                  event.Time
	} `json:"status"`
	Ephemeral *gateway.Ephemeral `json:"ephemeral"`
	Reply     *struct {
		Key    string
		Status int
		Body   map[string]any
	} `json:"reply"`
	Error *struct {
		Code    string
		Key     string
		Details map[string]any
	} `json:"error"`
}

func (s *school) dial(who, class, after string, options ...func(*websocket.DialOptions)) (*client, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	o := &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + who}}}
	for _, change := range options {
		change(o)
	}
	address := s.server.URL + class + "/live"
	if after != "" {
		address += "?after=" + after
	}
	conn, _, err := websocket.Dial(ctx, address, o)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	c := &client{t: s.t, conn: conn, ctx: ctx, upTo: -1}
	if sequence, ok := strings.CutPrefix(after, "1."); ok {
		c.upTo, err = strconv.ParseInt(sequence, 10, 64)
	}
	return c, err
}

func (s *school) socket(who, class, after string, options ...func(*websocket.DialOptions)) *client {
	s.t.Helper()
	c, err := s.dial(who, class, after, options...)
	if err != nil {
		s.t.Fatalf("%s: %v", who, err)
	}
	return c
}

func (c *client) next() message {
	c.t.Helper()
	kind, b, err := c.conn.Read(c.ctx)
	if err != nil || kind != websocket.MessageText {
		c.t.Fatalf("read: %v, %v", kind, err)
	}
	if err := gateway.CheckFrame(b); err != nil {
		c.t.Errorf("not as the schema says: %v\n%s", err, b)
	}
	var m message
	if err := json.Unmarshal(b, &m); err != nil {
		c.t.Fatalf("%s: %v", b, err)
	}
	if m.Status == nil && m.Ephemeral == nil && m.Reply == nil && m.Error == nil {
		if c.upTo >= 0 && m.Rewind == nil && m.From != c.upTo {
			c.t.Errorf("a gap: from %d after %d: %s", m.From, c.upTo, b)
		}
		c.upTo = m.UpTo
	}
	return m
}

// until reads until an event of a type comes.
func (c *client) until(typ string) event.Copy {
	c.t.Helper()
	for {
		m := c.next()
		for _, e := range m.Events {
			if e.Type == typ {
				return e
			}
		}
		if m.Error != nil {
			c.t.Fatalf("error %s while waiting for %s", m.Error.Code, typ)
		}
	}
}

// closed reads on until the connection ends, and wants a code; it gives the last error frame.
func (c *client) closed(want int) (last message) {
	c.t.Helper()
	for {
		_, b, err := c.conn.Read(c.ctx)
		if err != nil {
			if got := websocket.CloseStatus(err); int(got) != want {
				c.t.Errorf("closed with %d (%v), want %d", got, err, want)
			}
			return last
		}
		var m message
		if err := json.Unmarshal(b, &m); err != nil {
			c.t.Fatal(err)
		}
		if m.Error != nil || m.View != nil {
			last = m
		}
	}
}

func (c *client) write(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.ctx, websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func TestSocket(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam", "sue")
	sam := s.socket("sam", class, "")
	if first := sam.next(); first.View == nil || first.View.Viewer.Standing != session.StandingMember || first.UpTo == 0 {
		t.Fatalf("first frame: %+v", first)
	}
	s.send("tina", "POST", class+"/questions", `{"content":"why?"}`).want(201)
	sam.until("question.asked")
	sam.write(`{"command":{"type":"chat.send","key":"c1","payload":{"content":"hello","to":{"audience":"all"}}}}`)
	var reply, heard bool
	for !reply || !heard {
		m := sam.next()
		heard = heard || len(m.Events) == 1 && m.Events[0].Type == "chat.message"
		if m.Reply != nil {
			reply = m.Reply.Key == "c1" && m.Reply.Status == 201 && m.Reply.Body["id"] != nil
		}
	}
	same := s.send("sam", "POST", class+"/chat", `{"content":"hello","to":{"audience":"all"}}`, "Idempotency-Key", "c1").want(201)
	sam.write(`{"command":{"type":"chat.send","key":"c1","payload":{"content":"hello","to":{"audience":"all"}}}}`)
	if again := sam.next(); again.Reply == nil || again.Reply.Body["id"] != same.text("id") {
		t.Errorf("repeat over the socket: %+v", again)
	}
	s.classes.tell(classID(class), gateway.Status{State: "halted", Reason: "log_unavailable", Since: 1})
	if m := sam.next(); m.Status == nil || m.Status.State != "halted" {
		t.Errorf("status: %+v", m)
	}
	// Somebody else goes on from where Sam was.
	position := fmt.Sprintf("1.%d", sam.upTo)
	s.send("tina", "POST", class+"/marks", `{"title":"A"}`).want(201)
	back := s.socket("sam", class, position)
	back.until("chapter.marked")
}

// TestSkip: what may not be seen moves the position alone, within its time.
func TestSkip(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Skip = 20 * time.Millisecond })
	class := s.live("sam", "sue")
	sam := s.socket("sam", class, "")
	at := sam.next().UpTo
	s.send("sue", "POST", class+"/chat", `{"content":"psst","to":{"audience":"staff"}}`).want(201)
	if m := sam.next(); len(m.Events) != 0 || m.View != nil || m.UpTo != at+1 {
		t.Errorf("after a hidden event: %+v", m)
	}
	s.send("sue", "POST", class+"/chat", `{"content":"psst","to":{"audience":"staff"}}`).want(201)
	s.send("sue", "POST", class+"/chat", hello).want(201)
	if e := sam.until("chat.message"); e.Sequence != at+3 {
		t.Errorf("got %d", e.Sequence)
	}
}

// TestOut: who is removed, or whose class ends, gets the last event and then the code that says why; nothing after it.
func TestOut(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam", "sue")
	sam, sue := s.socket("sam", class, ""), s.socket("sue", class, "")
	sam.next()
	sue.next()
	s.send("tina", "POST", class+"/participants/"+userID("sam").String(), `{"action":"remove"}`).want(200)
	sam.until("participant.removed")
	s.send("tina", "POST", class+"/chat", hello).want(201)
	if last := sam.closed(4403); last.Error == nil || last.Error.Code != "removed" {
		t.Errorf("last frame: %+v", last)
	}
	if last := s.socket("sam", class, "").closed(4403); last.Error == nil || last.Error.Code != "removed" {
		t.Errorf("coming back: %+v", last)
	}
	ending := s.send("tina", "POST", class+"/end", "").want(200)
	var at event.Time
	if err := at.UnmarshalText([]byte(ending.text("endsAt"))); err != nil {
		t.Fatal(err)
	}
	end, _ := session.CommandOf("session.end_now")
	if err := s.classes.system(demo, classID(class), "session.end_now", "end", end.New(), at); err != nil {
		t.Fatal(err)
	}
	sue.until("session.ended")
	if last := sue.closed(4410); last.Error == nil || last.Error.Code != "session_ended" {
		t.Errorf("last frame: %+v", last)
	}
	s.classes.nobodyFollows(classID(class))
}

// TestWaiting: the waiting room sees its part, and a fresh view when it is let in.
func TestWaiting(t *testing.T) {
	s := open(t, nil)
	class := s.plan()
	s.send("sam", "POST", class+"/join", "").want(200)
	sam := s.socket("sam", class, "")
	if m := sam.next(); m.View == nil || m.View.Viewer.Standing != session.StandingWaiting {
		t.Fatalf("first frame: %+v", m)
	}
	s.send("tina", "POST", class+"/start", "").want(200)
	sam.until("session.started")
	sam.write(`{"command":{"type":"participant.join","key":"j","payload":{}}}`)
	for {
		m := sam.next()
		if m.View != nil {
			if m.View.Viewer.Standing != session.StandingMember {
				t.Errorf("view: %+v", m.View.Viewer)
			}
			return
		}
		for _, e := range m.Events {
			if strings.HasPrefix(e.Type, "scene.") {
				t.Errorf("the waiting room got %s", e.Type)
			}
		}
	}
}

func TestRewind(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	for _, after := range []string{"1.999", "7.2"} {
		m := s.socket("sam", class, after).next()
		if m.View == nil || m.Rewind == nil || m.Rewind.Epoch != 1 || m.From != 0 || m.UpTo != m.View.Sequence {
			t.Errorf("after %s: %+v", after, m)
		}
	}
	r := s.send("sam", "GET", class+"/events?after=1.999", "").want(200)
	if r.body["view"] == nil || r.body["rewind"] == nil {
		t.Errorf("events after 1.999: %s", r.raw)
	}
}

func TestEvents(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam", "sue")
	at := s.send("sam", "GET", class+"/state", "").want(200).text("position")
	s.send("sue", "POST", class+"/chat", `{"content":"psst","to":{"audience":"staff"}}`).want(201)
	s.send("sue", "POST", class+"/chat", hello).want(201)
	r := s.send("sam", "GET", class+"/events?after="+at, "").want(200)
	if events, _ := r.body["events"].([]any); len(events) != 1 || r.body["more"] != false {
		t.Errorf("got %s", r.raw)
	}
	if empty := s.send("sam", "GET", fmt.Sprintf("%s/events?after=1.%v", class, r.body["upTo"]), "").want(200); empty.body["from"] != r.body["upTo"] {
		t.Errorf("got %s", empty.raw)
	}
	s.send("nobody", "GET", class+"/events?after="+at, "").want(403, "not_joined")
}
