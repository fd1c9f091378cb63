package gateway_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/event"
	"multistream/shared/session"
)

// asks polls once for frames, over an answer that is held to the document, and wants them gapless after a position.
func (s *school) asks(who, class, after, more string) []message {
	s.t.Helper()
	path := class + "/frames?" + more
	if after != "" {
		path += "&after=" + after
	}
	r := s.send(who, "GET", path, "").want(200)
	var body struct{ Frames []message }
	if err := json.Unmarshal(r.raw, &body); err != nil {
		s.t.Fatal(err)
	}
	at := int64(-1)
	if sequence, ok := strings.CutPrefix(after, "1."); ok {
		at, _ = strconv.ParseInt(sequence, 10, 64)
	}
	for _, m := range body.Frames {
		if m.Status != nil || m.Error != nil {
			continue
		}
		if at >= 0 && m.Rewind == nil && m.From != at {
			s.t.Errorf("a gap: from %d after %d in %s", m.From, at, r.raw)
		}
		at = m.UpTo
	}
	return body.Frames
}

func position(frames []message) string {
	for i := len(frames) - 1; i >= 0; i-- {
		if frames[i].Epoch > 0 {
			return fmt.Sprintf("%d.%d", frames[i].Epoch, frames[i].UpTo)
		}
	}
	return ""
}

// types are those of the events of some frames.
func types(frames []message) (out []string) {
	for _, m := range frames {
		for _, e := range m.Events {
			out = append(out, e.Type)
		}
	}
	return out
}

// TestPoll: a view first, then what happens, as soon as it happens; nothing when nothing does.
func TestPoll(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Gather, o.Pace.Linger = time.Millisecond, time.Millisecond })
	class := s.live("sam", "sue")
	first := s.asks("sam", class, "", "")
	if len(first) != 1 || first[0].View == nil || first[0].View.Viewer.Standing != session.StandingMember {
		t.Fatalf("first answer: %+v", first)
	}
	at := position(first)
	got := make(chan []message)
	go func() { got <- s.asks("sam", class, at, "") }()
	s.classes.waitFollows(classID(class), 1)
	s.send("sue", "POST", class+"/chat", `{"content":"psst","to":{"audience":"staff"}}`).want(201) // not for Sam
	s.send("sue", "POST", class+"/chat", hello).want(201)
	frames := <-got
	if n := types(frames); len(n) != 1 || n[0] != "chat.message" {
		t.Errorf("answer: %v", frames)
	}
	at = position(frames)
	if again := s.asks("sam", class, "1.0", "wait=1"); position(again) != at || types(again)[0] != "session.scheduled" {
		t.Errorf("from the beginning: %v", types(again))
	}
	s.send("sue", "POST", class+"/chat", `{"content":"psst","to":{"audience":"staff"}}`).want(201)
	if quiet := s.asks("sam", class, at, "wait=1"); len(quiet) != 1 || len(quiet[0].Events) != 0 || quiet[0].UpTo != quiet[0].From+1 {
		t.Errorf("after a hidden event: %+v", quiet)
	}
}

// TestPollEmpty: a poll that has nothing to tell answers in its time, at the position that was asked for.
func TestPollEmpty(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Poll = 20 * time.Millisecond })
	class := s.live("sam")
	at := position(s.asks("sam", class, "", ""))
	if quiet := s.asks("sam", class, at, ""); len(quiet) != 1 || quiet[0].View != nil || len(quiet[0].Events) != 0 || position(quiet) != at {
		t.Errorf("got %+v", quiet)
	}
}

// TestPollGathers: in a busy class one answer holds several events, and none comes sooner than it may.
func TestPollGathers(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Gather = 300 * time.Millisecond })
	class := s.live("sam")
	at := position(s.asks("sam", class, "", ""))
	s.send("tina", "POST", class+"/marks", `{"title":"A"}`).want(201)
	began := time.Now()
	if got := s.asks("sam", class, at, ""); len(types(got)) != 1 {
		t.Errorf("got %+v", got)
	}
	if took := time.Since(began); took < 250*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
}

// TestPollStatus: a halt is told once to who does not know of it, and so is its end.
func TestPollStatus(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Poll, o.Pace.Gather = 200*time.Millisecond, time.Millisecond })
	class := s.live("sam")
	at := position(s.asks("sam", class, "", ""))
	for _, c := range []struct{ is, known, told string }{
		{"halted", "", "halted"}, {"halted", "halted", ""}, {"live", "halted", "live"}, {"live", "live", ""}, {"live", "", ""},
	} {
		s.classes.tell(classID(class), gateway.Status{State: c.is, Since: 1})
		told := ""
		for _, m := range s.asks("sam", class, at, "status="+c.known) {
			if m.Status != nil {
				told += m.Status.State
			}
		}
		if told != c.told {
			t.Errorf("class %s, known %q: told %q", c.is, c.known, told)
		}
	}
}

// TestPollOut: who is out is told the last that concerned them and why, and then only why, with the code of the socket.
func TestPollOut(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Gather, o.Pace.Linger = time.Millisecond, time.Millisecond })
	class := s.live("sam", "sue")
	at := position(s.asks("sam", class, "", ""))
	s.send("tina", "POST", class+"/participants/"+userID("sam").String(), `{"action":"remove"}`).want(200)
	last := s.asks("sam", class, at, "")
	if end := last[len(last)-1]; end.Error == nil || end.Error.Code != "removed" || last[0].View == nil {
		t.Errorf("last answer: %+v", last)
	}
	s.send("sam", "GET", class+"/frames", "").want(403, "removed")
	s.send("nobody", "GET", class+"/frames", "").want(403, "not_joined")
	ending := s.send("tina", "POST", class+"/end", "").want(200)
	var due event.Time
	if err := due.UnmarshalText([]byte(ending.text("endsAt"))); err != nil {
		t.Fatal(err)
	}
	at = position(s.asks("sue", class, "", ""))
	s.classes.nobodyFollows(classID(class)) // but the poll that now begins
	got := make(chan []message)
	go func() { got <- s.asks("sue", class, at, "") }()
	s.classes.waitFollows(classID(class), 1)
	end, _ := session.CommandOf("session.end_now")
	if err := s.classes.system(demo, classID(class), "session.end_now", "end", end.New(), due); err != nil {
		t.Fatal(err)
	}
	frames := <-got
	if n := types(frames); n[len(n)-1] != "session.ended" || frames[len(frames)-1].Error.Code != "session_ended" {
		t.Errorf("at the end: %v", frames)
	}
	s.classes.nobodyFollows(classID(class))
}

func TestPollRewind(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	for _, after := range []string{"1.999", "7.2"} {
		if m := s.asks("sam", class, after, "")[0]; m.View == nil || m.Rewind == nil || m.From != 0 {
			t.Errorf("after %s: %+v", after, m)
		}
	}
}

func TestPollBad(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	for query, field := range map[string]string{
		"after=1": "after", "after=1.x": "after", "after=0.1": "after", "after=1.-1": "after", "wait=-1": "wait", "wait=26": "wait", "wait=x": "wait",
		"status=dead": "status", "before=1.2": "before",
	} {
		code := "invalid_field"
		if field == "before" {
			code = "unknown_field"
		}
		s.send("sam", "GET", class+"/frames?"+query, "").want(400, code, field)
	}
	s.send("sam", "GET", class+"/frames", "{}").want(400, "invalid_body")
	s.send("", "GET", class+"/frames", "").want(401, "unauthenticated")
	s.send("", "GET", class+"/frames", "", "Cookie", "ms_access=sam").want(200)
	s.send("foreign-sue", "GET", class+"/frames", "").want(404, "not_found")
	s.send("sam", "HEAD", class+"/frames", "").want(405)
}

// TestPollBounded: a person's polls and sockets are counted together, and a request that is given up frees everything.
func TestPollBounded(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Sockets, o.Pace.Linger = 2, time.Hour })
	class := s.live("sam")
	s.socket("sam", class, "").next()
	ctx, giveUp := context.WithCancel(t.Context())
	head := fmt.Sprintf("1.%d", s.head(class))
	ended := make(chan error, 1)
	go func() {
		req, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+class+"/frames?after="+head, nil)
		if err != nil {
			ended <- err
			return
		}
		req.Header.Set("Authorization", "Bearer sam")
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			res.Body.Close()
		}
		ended <- err
	}()
	s.classes.waitFollows(classID(class), 2)
	s.send("sam", "GET", class+"/frames?after="+head, "").want(409, "limit_reached")
	giveUp()
	if err := <-ended; err == nil {
		t.Error("answered after all")
	}
	s.classes.waitFollows(classID(class), 1)
	s.shows("edge_polls", "0") // its place is free a moment after its stream
	s.asks("sam", class, "", "")
}

// head is the sequence of a class.
func (s *school) head(class string) (at int64) {
	s.t.Helper()
	if err := s.classes.Read(context.Background(), demo, classID(class), func(st *session.State) error { at = st.Sequence; return nil }); err != nil {
		s.t.Fatal(err)
	}
	return at
}

// TestPollLingers: between two polls somebody counts as connected, for a while.
func TestPollLingers(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Linger, o.Pace.Poll = 50*time.Millisecond, 10*time.Millisecond })
	class := s.live("sam", "sue")
	at := position(s.asks("sam", class, "", ""))
	for range 3 {
		if s.classes.follows(classID(class)) != 1 {
			t.Fatal("gone between two polls")
		}
		at = position(s.asks("sam", class, at, ""))
	}
	s.classes.nobodyFollows(classID(class))
}

// TestPollGzip: a large answer is small on the wire.
func TestPollGzip(t *testing.T) {
	s := open(t, nil)
	class := s.live("sam")
	req, err := http.NewRequest("GET", s.server.URL+class+"/frames", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sam")
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("headers: %v", res.Header)
	}
	plain, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(plain)
	if err != nil || gateway.CheckResponse("GET", class+"/frames", 200, b) != nil {
		t.Errorf("%v in %s", err, b)
	}
}

// TestPollStop: a gateway that stops answers its polls, and holds nobody.
func TestPollStop(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Linger = time.Hour })
	class := s.live("sam", "sue")
	stop, served := s.serve()
	s.asks("sue", class, "", "") // held
	at := fmt.Sprintf("1.%d", s.head(class))
	got := make(chan []message)
	go func() { got <- s.asks("sam", class, at, "") }()
	s.classes.waitFollows(classID(class), 2)
	stop()
	if frames := <-got; position(frames) != at {
		t.Errorf("got %+v", frames)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	s.classes.nobodyFollows(classID(class))
}

// TestAsleep: a page that slept comes back by its position, or by a fresh view where that is sooner there, over both ways.
func TestAsleep(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Gather = time.Millisecond })
	class := s.live("sam")
	at := s.head(class)
	text, _ := session.CommandOf("chat.send")
	for i := range 5001 {
		p := text.New().(*session.ChatSend)
		p.Content, p.To.Audience = "hello", "all"
		if _, err := s.classes.Do(t.Context(), gateway.Request{TenantID: demo, SessionID: classID(class), Command: session.Command{Type: "chat.send", Key: fmt.Sprint("n", i),
			Actor: session.Actor{UserID: userID("tina"), Role: "teacher", DisplayName: "Tina"}, Payload: p}}); err != nil {
			t.Fatal(err)
		}
	}
	for after, wantView := range map[int64]bool{at: true, at + 1: false} {
		position := fmt.Sprintf("1.%d", after)
		first := s.socket("sam", class, position).next()
		if polled := s.asks("sam", class, position, ""); (polled[0].View != nil) != wantView || (first.View != nil) != wantView {
			t.Errorf("after %d of %d: polled %v, over the socket %v", after, at+5001, polled[0].View != nil, first.View != nil)
		}
	}
	for after, n := at+1, 0; after < at+5001; n++ { // in answers of a bounded size
		frames := s.asks("sam", class, fmt.Sprintf("1.%d", after), "")
		if after = frames[len(frames)-1].UpTo; n > 20 {
			t.Fatal("no end")
		}
	}
}

// TestBeat: a socket on which nothing happens says so, for clients that can't see pings.
func TestBeat(t *testing.T) {
	s := open(t, func(o *gateway.Options) { o.Pace.Beat = 20 * time.Millisecond })
	class := s.live("sam")
	sam := s.socket("sam", class, "")
	at := sam.next().UpTo
	for range 3 {
		if m := sam.next(); m.From != at || m.UpTo != at || m.Events == nil || len(m.Events) != 0 {
			t.Errorf("got %+v", m)
		}
	}
}

// FuzzPoll: whatever is asked for, the answer is as documented, and nothing stays behind.
func FuzzPoll(f *testing.F) {
	for _, seed := range []string{"after=1.0", "after=1.999", "after=9007199254740993.1", "wait=1", "wait=-1", "status=halted", "after=1.1&after=x", "%zz", "after=%00", "a=b;c"} {
		f.Add(seed)
	}
	s := open(f, func(o *gateway.Options) {
		o.Pace.CommandsPer10, o.Pace.Poll, o.Pace.Gather, o.Pace.Linger = 1<<30, time.Millisecond, time.Microsecond, time.Millisecond
	})
	class := s.live("sam")
	f.Fuzz(func(t *testing.T, query string) {
		if strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r > '~' }) || strings.Contains(query, "#") {
			return // never leaves a client
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + class + "/frames?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n")))
		if err != nil {
			return
		}
		s.t = t
		if got := s.send("sam", "GET", class+"/frames?"+query, ""); got.status >= 500 || got.status == 200 && r.URL.Query().Get("after") != "" && len(got.raw) < 10 {
			t.Errorf("%q: %d %s", query, got.status, got.raw)
		}
	})
}
