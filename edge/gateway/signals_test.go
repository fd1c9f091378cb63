package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"multistream/edge/gateway"
	"multistream/shared/directory"
	"multistream/shared/event"
)

// ephemeral reads until an ephemeral frame holds what is wanted; what it passed over is checked too.
func (c *client) ephemeral(what string, holds func(*gateway.Ephemeral) bool) *gateway.Ephemeral {
	c.t.Helper()
	for {
		m := c.next()
		if m.Error != nil {
			c.t.Fatalf("error %s while waiting for %s", m.Error.Code, what)
		}
		if m.Ephemeral != nil && holds(m.Ephemeral) {
			return m.Ephemeral
		}
	}
}

func online(n int) func(*gateway.Ephemeral) bool {
	return func(e *gateway.Ephemeral) bool { return e.Presence != nil && e.Presence.Online == n }
}

func pointing(e *gateway.Ephemeral) bool { return len(e.Pointers) > 0 }
func typing(e *gateway.Ephemeral) bool   { return len(e.Typing) > 0 }

// quick makes signals quick enough for a test.
func quick(f *fakeSignals) func(*gateway.Options) {
	return func(o *gateway.Options) {
		o.Signals, o.Pace.Signals, o.Pace.Presence = f, 5*time.Millisecond, 20*time.Millisecond
	}
}

func (s *school) scene(class string) string {
	s.t.Helper()
	return s.send("tina", "GET", class+"/state", "").want(200).text("view", "studio", "current")
}

func point(scene string, x int) string {
	return fmt.Sprintf(`{"signal":{"pointer":{"sceneId":"%s","x":%d,"y":65535}}}`, scene, x)
}

// pointed points until the client is told of it itself: as much as one frame may be dropped.
func (c *client) pointed(scene string, x int) {
	c.t.Helper()
	seen, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for c.conn.Write(c.ctx, websocket.MessageText, []byte(point(scene, x))) == nil {
			select {
			case <-tick.C:
			case <-seen:
				return
			}
		}
	}()
	c.ephemeral("the pointer", func(e *gateway.Ephemeral) bool { return pointing(e) && e.Pointers[0].X == x })
	close(seen)
	<-stopped
}

const typesAll, typesStaff = `{"signal":{"typing":{"audience":"all"}}}`, `{"signal":{"typing":{"audience":"staff"}}}`

// TestSignals: those in a class see who is connected, who types and where staff point; nothing of it is in the log.
func TestSignals(t *testing.T) {
	s := open(t, quick(newSignals()))
	class := s.live("sam", "sue")
	scene := s.scene(class)
	tina := s.socket("tina", class, "")
	at := tina.next().UpTo
	away := tina.ephemeral("two away", online(1)).Presence
	if away.Present != 3 || len(away.Away) != 2 || away.Waiting == nil || *away.Waiting != 0 {
		t.Errorf("to staff: %+v", away)
	}
	sam := s.socket("sam", class, "")
	if p := sam.ephemeral("one away", online(2)).Presence; len(p.Away) != 1 || p.Away[0] != userID("sue") || p.Waiting != nil {
		t.Errorf("to a student: %+v", p)
	}
	tina.ephemeral("one away", online(2))
	tina.write(point(scene, 7))
	if p := sam.ephemeral("a pointer", pointing).Pointers; len(p) != 1 || p[0] != (gateway.PointerNow{UserID: userID("tina"), SceneID: event.MustID(scene), X: 7, Y: 65535}) {
		t.Errorf("pointer: %+v", p)
	}
	sam.write(typesAll)
	if p := tina.ephemeral("typing", typing).Typing; len(p) != 1 || p[0] != (gateway.TypingNow{UserID: userID("sam"), Audience: "all"}) {
		t.Errorf("typing: %+v", p)
	}
	if err := sam.conn.CloseNow(); err != nil {
		t.Fatal(err)
	}
	tina.ephemeral("one gone", online(1))
	if now := s.send("tina", "GET", class+"/events?after="+fmt.Sprintf("1.%d", at), "").want(200); fmt.Sprint(now.body["upTo"]) != fmt.Sprint(at) {
		t.Errorf("signals have moved the log: %s", now.raw)
	}
}

// TestSignalBad: what is wrong is named, what one may not is refused, and the connection lives on.
func TestSignalBad(t *testing.T) {
	f := newSignals()
	s := open(t, quick(f))
	class := s.live("sam")
	scene := s.scene(class)
	sam := s.socket("sam", class, "")
	sam.next()
	for _, c := range []struct{ text, code, field string }{
		{`{"signal":{}}`, "invalid_field", "signal"},
		{`{"signal":null}`, "invalid_field", "signal"},
		{`{"signal":{"typing":{"audience":"all"},"pointer":{"sceneId":"` + scene + `","x":1,"y":1}}}`, "invalid_field", "signal"},
		{`{"signal":{"typing":{"audience":"user"}}}`, "invalid_field", "signal.typing.audience"},
		{`{"signal":{"typing":{}}}`, "invalid_field", "signal.typing.audience"},
		{`{"signal":{"typing":{"audience":"all","userId":"` + userID("tina").String() + `"}}}`, "unknown_field", "signal.typing.userId"},
		{`{"signal":{"pointer":{"sceneId":"` + scene + `","x":65536,"y":1}}}`, "invalid_field", "signal.pointer.x"},
		{`{"signal":{"pointer":{"sceneId":"` + scene + `","x":1.5,"y":1}}}`, "invalid_field", "signal.pointer.x"},
		{`{"signal":{"pointer":{"sceneId":"` + scene + `","x":1}}}`, "invalid_field", "signal.pointer.y"},
		{`{"signal":{"laser":{}}}`, "unknown_field", "signal.laser"},
		{` { "signal" : {"typing":{"audience":"all"}},"command":{}}`, "unknown_field", "command"},
		{`{"signal":`, "invalid_body", ""},
		{`{"signal":{"typing":{"audience":"` + strings.Repeat("x", 600) + `"}}}`, "body_too_large", ""},
		{point(scene, 1), "forbidden", ""},
	} {
		sam.write(c.text)
		for {
			m := sam.next()
			if m.Ephemeral != nil {
				continue
			}
			if m.Error == nil || m.Error.Code != c.code || c.field != "" && m.Error.Details["field"] != c.field {
				t.Errorf("%s: got %+v", c.text, m.Error)
			}
			break
		}
	}
	s.send("tina", "POST", class+"/permissions", `{"userId":"`+userID("sam").String()+`","grants":["present"]}`).want(200)
	sam.write(point(scene, 1))
	sam.ephemeral("one's own pointer, once it is allowed", pointing)
	none := open(t, nil)
	other := none.live("sam")
	lone := none.socket("sam", other, "")
	lone.next()
	lone.write(typesAll)
	if m := lone.next(); m.Error == nil || m.Error.Code != "feature_degraded" {
		t.Errorf("without a bus: %+v", m)
	}
	_ = sam.conn.CloseNow()
	s.classes.nobodyFollows(classID(class))
	s.until("nobody listens", func() bool { return f.listening() == 0 })
}

// until waits for a fact.
func (s *school) until(what string, holds func() bool) {
	s.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			s.t.Fatalf("it does not hold that %s", what)
		}
	}
}

// TestSignalVisibility: whatever is signalled, a student is told of nobody whom they do not see, and the waiting room of
// nothing at all.
func TestSignalVisibility(t *testing.T) {
	s := open(t, quick(newSignals()))
	class := s.live("sam", "sue")
	s.send("tina", "POST", class+"/settings", `{"visibility":"staff","waitingRoom":true,"screenShare":"staff","questions":true,"polls":true,"hands":true,"reactions":true,"captions":true}`).want(200)
	s.send("tina", "POST", class+"/permissions", `{"userId":"`+userID("sue").String()+`","grants":["present"]}`).want(200)
	s.people.roles["wim"] = directory.Student
	s.send("wim", "POST", class+"/join", "").want(200)
	scene := s.scene(class)
	wim, tina, sam, sue := s.socket("wim", class, ""), s.socket("tina", class, ""), s.socket("sam", class, ""), s.socket("sue", class, "")
	hidden := []event.ID{userID("sue"), userID("wim")}
	check := func(holds func(*gateway.Ephemeral) bool) func(*gateway.Ephemeral) bool {
		return func(e *gateway.Ephemeral) bool {
			for _, id := range hidden {
				if text := fmt.Sprintf("%+v, %+v", *e, e.Presence); strings.Contains(text, id.String()) {
					t.Errorf("a student is told of %s", text)
				}
			}
			return holds(e)
		}
	}
	tina.ephemeral("three online", online(3))
	sam.ephemeral("three online", check(online(3)))
	sue.write(typesAll)
	tina.ephemeral("Sue typing", func(e *gateway.Ephemeral) bool { return typing(e) && e.Typing[0].UserID == userID("sue") })
	sue.write(typesStaff)
	tina.ephemeral("Sue typing to staff", func(e *gateway.Ephemeral) bool { return typing(e) && e.Typing[0].Audience == "staff" })
	sue.write(point(scene, 3))
	if p := tina.ephemeral("Sue's pointer", pointing).Pointers[0]; p.UserID != userID("sue") {
		t.Errorf("to staff: %+v", p)
	}
	if p := sam.ephemeral("a pointer", check(pointing)).Pointers[0]; !p.UserID.IsZero() || p.X != 3 {
		t.Errorf("to a student: %+v", p)
	}
	_ = sue.conn.CloseNow()
	if p := tina.ephemeral("Sue away", func(e *gateway.Ephemeral) bool { return e.Presence != nil && len(e.Presence.Away) == 1 }).Presence; p.Away[0] != userID("sue") || *p.Waiting != 1 {
		t.Errorf("to staff: %+v", p)
	}
	if p := sam.ephemeral("two online", check(online(2))).Presence; p.Waiting != nil || len(p.Away) > 0 {
		t.Errorf("to a student: %+v", p)
	}
	wim.write(typesAll)
	for {
		m := wim.next()
		if m.Ephemeral != nil || m.Status != nil {
			t.Errorf("the waiting room was told %+v", m)
		}
		if m.Error != nil {
			if m.Error.Code != "not_joined" {
				t.Errorf("the waiting room types: %+v", m.Error)
			}
			return
		}
	}
}

// TestSignalDown: while the bus is down people are told so, everything else goes on, and it comes back by itself.
func TestSignalDown(t *testing.T) {
	f := newSignals()
	s := open(t, quick(f))
	class := s.live("sam", "sue")
	sam := s.socket("sam", class, "")
	sam.ephemeral("presence", online(1))
	feature := func(c *client, state string) {
		t.Helper()
		for {
			m := c.next()
			if m.Status != nil && m.Status.Feature == "presence" {
				if m.Status.State != state {
					t.Errorf("presence is %s, want %s", m.Status.State, state)
				}
				return
			}
		}
	}
	f.set(true)
	feature(sam, "degraded")
	sue := s.socket("sue", class, "")
	feature(sue, "degraded")
	sue.write(typesAll)
	if m := sue.next(); m.Error == nil || m.Error.Code != "feature_degraded" {
		t.Errorf("typing while the bus is down: %+v", m)
	}
	sue.write(`{"command":{"type":"chat.send","key":"c1","payload":{"content":"hello","to":{"audience":"all"}}}}`)
	sam.until("chat.message")
	f.set(false)
	feature(sam, "working")
	feature(sue, "working")
	if p := sam.ephemeral("presence again", online(2)).Presence; len(p.Away) != 1 {
		t.Errorf("afterwards: %+v", p)
	}
}

// TestSignalFlood: a flood from one client is dropped unread and delays neither its own commands nor others' events.
func TestSignalFlood(t *testing.T) {
	f := newSignals()
	s := open(t, func(o *gateway.Options) { o.Signals = f; o.Pace.SignalsPer10 = 20 })
	class := s.live("sam", "sue")
	sam, sue := s.socket("sam", class, ""), s.socket("sue", class, "")
	sue.next()
	var worst time.Duration
	for round := range 10 {
		for range 500 {
			sam.write(typesAll)
		}
		began := time.Now()
		sam.write(fmt.Sprintf(`{"command":{"type":"reaction.send","key":"r%d","payload":{"reaction":"clap"}}}`, round))
		sue.until("reaction.sent")
		worst = max(worst, time.Since(began))
	}
	t.Logf("an event behind 500 signals came after %s at most", worst.Round(time.Microsecond))
	f.mu.Lock()
	said := f.said
	f.mu.Unlock()
	if said > 40 {
		t.Errorf("%d of 5000 signals went on the bus", said)
	}
	metrics := s.scrape()
	if !strings.Contains(metrics, `edge_signals_total{kind="unread",result="too_fast"} 49`) {
		t.Errorf("the metrics do not tell of the flood: %s", metrics[strings.Index(metrics, "edge_signals"):][:400])
	}
}

// TestSignalsSlowClient: a client that does not read gets no ephemeral frames once something is on its way, and every event.
func TestSignalsSlowClient(t *testing.T) {
	f := newSignals()
	s := open(t, func(o *gateway.Options) {
		quick(f)(o)
		o.Pace.Ping = time.Hour // nothing but the writer's own patience brings back what was kept
	})
	class := s.live("sam", "sue")
	scene := s.scene(class)
	slow, tina := s.socket("sam", class, ""), s.socket("tina", class, "")
	at := slow.next().UpTo
	last := at
	say := func(text string) {
		s.send("tina", "POST", class+"/chat", `{"content":"`+text+`","to":{"audience":"all"}}`).want(201)
		for tina.upTo <= last {
			tina.next()
		}
		last = tina.upTo
	}
	// More than both machines keep on the way; the writer stands still from then on, or all of it is on its way.
	big := strings.Repeat("€", 2000)
	s.until("its ephemeral frames are dropped", func() bool {
		for range 100 {
			say(big)
		}
		tina.pointed(scene, 1)
		return strings.Contains(s.scrape(), `edge_ephemeral_dropped_total{kind="pointer",reason="slow"}`)
	})
	const later = 10_000
	for n := range 50 {
		say("small")
		tina.pointed(scene, later+n)
	}
	s.socket("sue", class, "") // changes presence, and no event follows
	tina.ephemeral("three online", online(3))
	for slow.upTo < last {
		if m := slow.next(); m.Ephemeral != nil && pointing(m.Ephemeral) && m.Ephemeral.Pointers[0].X >= later {
			t.Errorf("a pointer went before an event: %+v", m.Ephemeral.Pointers)
		}
	}
	t.Logf("the slow client got all %d events", last-at)
	slow.ephemeral("the latest presence", online(3))
}

// TestSignalsLargeClass: in a large class students are told numbers, staff the names.
func TestSignalsLargeClass(t *testing.T) {
	s := open(t, quick(newSignals()))
	var names []string
	for i := range 62 {
		names = append(names, fmt.Sprintf("s%02d", i))
		s.people.roles[names[i]] = directory.Student
	}
	class := s.live(names...)
	first, tina := s.socket("s00", class, ""), s.socket("tina", class, "")
	if p := first.ephemeral("two online", online(2)).Presence; p.Present != 63 || p.Away != nil {
		t.Errorf("to a student: %+v", p)
	}
	if p := tina.ephemeral("two online", online(2)).Presence; p.Present != 63 || len(p.Away) != 61 {
		t.Errorf("to staff: %+v", p)
	}
	for _, name := range names[60:] {
		s.send(name, "POST", class+"/leave", "").want(200)
	}
	s.send(names[59], "POST", class+"/leave", "").want(200)
	if p := first.ephemeral("names in a smaller class", func(e *gateway.Ephemeral) bool { return e.Presence != nil && len(e.Presence.Away) > 0 }).Presence; p.Present != 60 || len(p.Away) != 58 {
		t.Errorf("to a student: %+v", p)
	}
}
