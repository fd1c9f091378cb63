package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"multistream/edge/gateway"
	"multistream/shared/classclient"
	"multistream/shared/event"
	"multistream/shared/rest"
	"multistream/shared/session"
)

// quick is a pace by which a test of minutes takes seconds.
var quick = gateway.Pace{Ping: 500 * time.Millisecond, Write: 500 * time.Millisecond, Beat: 400 * time.Millisecond, Gather: 20 * time.Millisecond,
	Linger: time.Second, Sockets: 40, Pace: rest.Pace{Renew: 400 * time.Millisecond, CommandsPer10: 5000}}

// quickly are a client's times beside it.
var quickly = classclient.Options{Silence: 1900 * time.Millisecond, Wait: time.Second, Retry: time.Second, Pause: 200 * time.Millisecond, Answer: 2 * time.Second}

// patience is how long a test waits for anything that must come.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// comes joins a class and follows it through a network.
func (p *person) comes(n *badnet, class string, o classclient.Options) *classclient.Client {
	p.s.t.Helper()
	p.call("POST", class+"/join", map[string]any{}).want(200)
	return p.wakes(n, class, o, p.token)
}

// wakes follows a class with a token that may have run out.
func (p *person) wakes(n *badnet, class string, o classclient.Options, first string) *classclient.Client {
	p.s.t.Helper()
	if p.s.commands == nil {
		learn := classclient.REST{Edge: p.s.url, HTTP: client}
		if err := learn.Learn(p.s.t.Context()); err != nil {
			p.s.t.Fatal(err)
		}
		p.s.commands = learn.Commands
	}
	o.Edge, o.Session, o.Commands = n.url(), event.MustID(strings.TrimPrefix(class, "/api/sessions/")), p.s.commands
	o.Token = func(_ context.Context, refused string) (string, error) {
		switch refused {
		case "":
			return first, nil
		case p.token:
			return "", errors.New("the token was refused")
		}
		return p.token, nil
	}
	c, err := classclient.Start(context.Background(), o, nil, event.Position{})
	if err != nil {
		p.s.t.Fatal(err)
	}
	p.s.t.Cleanup(c.Close)
	return c
}

// reach waits until a client knows of a sequence, and tells how long after a moment that was.
func reach(ctx context.Context, t *testing.T, c *classclient.Client, sequence int64, since time.Time) time.Duration {
	t.Helper()
	if err := c.Until(ctx, func(s *classclient.Screen, _ classclient.Mode) bool { return s.At.Sequence >= sequence }); err != nil {
		c.Look(func(s *classclient.Screen, m classclient.Mode) {
			t.Errorf("%s at %d, want %d: %v; %v", m, s.At.Sequence, sequence, err, c.Why())
		})
	}
	return time.Since(since)
}

// sound wants what clients know to be what the box gives afresh, and no frame to have broken the rules.
func (s *server) sound(class string, people []*person, clients []*classclient.Client) {
	s.t.Helper()
	for i, c := range clients {
		fresh := people[i].call("GET", class+"/state", nil).want(200)
		c.Look(func(screen *classclient.Screen, _ classclient.Mode) {
			if len(screen.Wrongs) > 0 || screen.Lost > 0 || screen.Doubled > 0 {
				s.t.Errorf("%s: lost %d, doubled %d, %v", people[i].name, screen.Lost, screen.Doubled, screen.Wrongs)
			}
			if at := classclient.PositionText(screen.At); at != fresh.text("position") {
				s.t.Errorf("%s is at %s, the class at %s", people[i].name, at, fresh.text("position"))
				return
			}
			var body struct{ View *session.State }
			if err := json.Unmarshal(fresh.body, &body); err != nil {
				s.t.Fatal(err)
			}
			got, err := event.CanonicalJSON(screen.View)
			want, wrong := event.CanonicalJSON(body.View)
			if err != nil || wrong != nil || !bytes.Equal(got, want) {
				s.t.Errorf("%s: the view grew apart\ngrown %s\nfresh %s", people[i].name, got, want)
			}
		})
	}
}

// types are those of all events of a class that somebody may see, in order.
func (p *person) types(class string) (out []string) {
	p.s.t.Helper()
	for after, more := "1.0", true; more; {
		page := p.call("GET", class+"/events?after="+after, nil).want(200)
		events, _ := page.at("events").([]any)
		for _, e := range events {
			typ, _ := e.(map[string]any)["type"].(string)
			out = append(out, typ)
		}
		more, _ = page.at("more").(bool)
		after = fmt.Sprintf("1.%.0f", page.at("upTo"))
	}
	return out
}

func sequenceOf(t *testing.T, position string) (sequence int64) {
	t.Helper()
	if _, err := fmt.Sscanf(position, "1.%d", &sequence); err != nil {
		t.Fatalf("position %q: %v", position, err)
	}
	return sequence
}

// span is a length of time that an operator may ask for instead: NETWORK_LIFE=60s makes the test what the fault is.
func span(t *testing.T, name string, otherwise time.Duration) (d time.Duration, asked bool) {
	text := os.Getenv(name)
	if text == "" {
		return otherwise, false
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d, true
}

// TestFirewall: every connection is swallowed some time after it was opened. All fall back to polls, nobody is ever ten
// seconds behind, nothing is lost, nobody is logged as gone, and the box gets rid of the dead ends.
func TestFirewall(t *testing.T) {
	life, real := span(t, "NETWORK_LIFE", 1500*time.Millisecond)
	pace, times := quick, quickly
	if real {
		pace, times = gateway.Pace{Pace: rest.Pace{CommandsPer10: 5000}}, classclient.Options{}
	}
	s := newServerAt(t, pace)
	teacher := s.signIn("teacher")
	class := s.schedule(teacher, nil)
	teacher.call("POST", class+"/start", map[string]any{}).want(200)
	teacher.call("POST", class+"/join", map[string]any{}).want(200)
	n := newBadnet(t, s.url, life)
	var people []*person
	var clients []*classclient.Client
	for i := range 5 {
		p := s.signIn(fmt.Sprintf("student%02d", i+1))
		people, clients = append(people, p), append(clients, p.comes(n, class, times))
	}
	hold := teacher.comes(newBadnet(t, s.url, 0), class, times) // the teacher's own network is fine
	ctx := patience(t)
	if real {
		ctx = t.Context()
	}
	var lags []time.Duration
	cut := func() bool {
		return !slices.ContainsFunc(clients, func(c *classclient.Client) bool { n := c.Counts(); return n.Sockets < 2 || n.Polls < 5 })
	}
	for began := time.Now(); !cut() && ctx.Err() == nil || time.Since(began) < 3*life; {
		at := sequenceOf(t, teacher.call("POST", class+"/chat", map[string]any{"content": "on", "to": map[string]any{"audience": "all"}}).want(201).text("position"))
		answered := time.Now()
		var all sync.WaitGroup
		var last time.Duration
		var mu sync.Mutex
		for _, c := range clients {
			all.Go(func() {
				lag := reach(ctx, t, c, at, answered)
				mu.Lock()
				last = max(last, lag)
				mu.Unlock()
			})
		}
		all.Wait()
		lags = append(lags, last)
		<-time.After(20 * time.Millisecond) // a class that speaks, not a flood
	}
	slices.Sort(lags)
	t.Logf("connections swallowed after %s: %d messages, lag of the last of %d people p50 %s, p99 %s, max %s", life, len(lags), len(clients),
		lags[len(lags)/2].Round(time.Millisecond), lags[len(lags)*99/100].Round(time.Millisecond), lags[len(lags)-1].Round(time.Millisecond))
	if worst := lags[len(lags)-1]; worst >= 10*time.Second {
		t.Errorf("somebody was %s behind", worst)
	}
	for i, c := range clients {
		t.Logf("%s: %+v", people[i].name, c.Counts())
	}
	s.sound(class, people, clients)
	if types := teacher.types(class); slices.Contains(types, event.TypeParticipantLeft) {
		t.Error("somebody was logged as gone")
	}
	for _, c := range append(clients, hold) {
		c.Close()
	}
	s.shows("edge_sockets 0")
	s.shows("edge_polls 0")
}

// shows waits until the metrics have a line.
func (s *server) shows(line string) {
	s.t.Helper()
	s.waitUntil("the metrics say "+line, func() bool { return slices.Contains(s.metrics(), line) })
}

func (s *server) metrics() []string {
	s.t.Helper()
	return strings.Split(s.door().text("/metrics"), "\n")
}
