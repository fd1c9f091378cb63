package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// class runs a class in a test: commands in, events out, each refusal and no-op asked for by name. finish checks the law
// over all that happened.
type class struct {
	t      *testing.T
	s      *State
	events []event.Opened
	now    event.Time
	epoch  int64
	keys   int
}

const testStart = event.Time(1_795_420_800_000) // 2026-11-23T08:00:00Z

// who makes the id of a person, or of anything else, from a name.
func who(name string) event.ID { return event.DeriveID(event.ID{}, event.ID{}, "person "+name, 0) }

// as makes an actor with a role; the name is also the display name.
func as(role, name string) Actor { return Actor{UserID: who(name), Role: role, DisplayName: name} }

func teacher() Actor              { return as("teacher", "Tess") }
func assistant(name string) Actor { return as("assistant", name) }
func student(name string) Actor   { return as("student", name) }
func system() Actor               { return Actor{System: true} }

func newClass(t *testing.T) *class {
	t.Helper()
	return &class{t: t, s: New(who("class")), now: testStart, epoch: 1}
}

// testPlan is a plan of one hour with a teacher and an assistant.
func testPlan() *SessionSchedule {
	return &SessionSchedule{Title: "Fractions", ScheduledStart: testStart, ScheduledEnd: testStart + 3_600_000,
		Staff: []PlannedStaff{{UserID: who("Tess"), Role: "teacher"}, {UserID: who("Ann"), Role: "assistant"}}}
}

// liveClass is a class that was scheduled and started, with these people in it; the teacher is always there.
func liveClass(t *testing.T, people ...Actor) *class {
	t.Helper()
	c := newClass(t)
	c.do(teacher(), "session.schedule", testPlan())
	c.do(teacher(), "session.start", nil)
	c.join(teacher())
	for _, p := range people {
		c.join(p)
	}
	return c
}

func (c *class) join(a Actor) { c.t.Helper(); c.do(a, "participant.join", nil) }

// decide asks for a command with a fresh key; a nil payload is an empty one.
func (c *class) decide(a Actor, typ string, payload any) ([]event.Fact, error) {
	c.t.Helper()
	c.keys++
	if payload == nil {
		known, ok := CommandOf(typ)
		if !ok {
			c.t.Fatalf("no command %q", typ)
		}
		payload = known.New()
	}
	return Decide(c.s, Command{Type: typ, Key: fmt.Sprint("k", c.keys), Actor: a, Now: c.now, Payload: payload})
}

// do gives a command that must be accepted and change something; it applies and gives the facts.
func (c *class) do(a Actor, typ string, payload any) []event.Opened {
	c.t.Helper()
	facts, err := c.decide(a, typ, payload)
	if err != nil {
		c.t.Fatalf("%s by %s: refused: %v", typ, a.DisplayName, err)
	}
	if len(facts) == 0 {
		c.t.Fatalf("%s by %s: changed nothing", typ, a.DisplayName)
	}
	for _, f := range facts {
		if known, ok := event.TypeOf(f.Type); !ok || !slices.Contains(known.Causes, typ) {
			c.t.Errorf("%s made %s, whose type does not name it as a cause", typ, f.Type)
		}
	}
	return c.append(a.UserID, facts...)
}

// append makes events of facts, their payloads through JSON as the log keeps them, and applies them.
func (c *class) append(author event.ID, facts ...event.Fact) []event.Opened {
	c.t.Helper()
	from := len(c.events)
	for _, f := range facts {
		known, ok := event.TypeOf(f.Type)
		if !ok {
			c.t.Fatalf("a fact of the unknown type %q", f.Type)
		}
		p := known.New()
		b, err := json.Marshal(f.Payload)
		if err == nil {
			err = json.Unmarshal(b, p)
		}
		if err != nil {
			c.t.Fatalf("%s: payload: %v", f.Type, err)
		}
		e := event.Opened{Type: f.Type, Version: int64(known.Version), Epoch: c.epoch, Sequence: int64(len(c.events)) + 1,
			ActorID: author, CreatedAt: c.now, Payload: p}
		c.events = append(c.events, e)
		Apply(c.s, e)
	}
	return c.events[from:]
}

// refused gives a command that must be refused with this code.
func (c *class) refused(code fault.Code, a Actor, typ string, payload any) {
	c.t.Helper()
	facts, err := c.decide(a, typ, payload)
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != code {
		c.t.Errorf("%s by %s: got %d facts, error %v; want a refusal with %s", typ, a.DisplayName, len(facts), err, code)
	}
	if len(facts) > 0 {
		c.t.Errorf("%s by %s: facts beside a refusal", typ, a.DisplayName)
	}
}

// noop gives a command that must be accepted and change nothing.
func (c *class) noop(a Actor, typ string, payload any) {
	c.t.Helper()
	facts, err := c.decide(a, typ, payload)
	if err != nil || len(facts) > 0 {
		c.t.Errorf("%s by %s: got %d facts, error %v; want neither", typ, a.DisplayName, len(facts), err)
	}
}

// wait lets time pass.
func (c *class) wait(millis int64) { c.now += event.Time(millis) }

// finish checks the law over all events of the class.
func (c *class) finish() { c.t.Helper(); checkLaw(c.t, c.s.SessionID, c.events) }

// typesOf lists the types of events, for comparison.
func typesOf(events []event.Opened) []string {
	var out []string
	for _, e := range events {
		out = append(out, e.Type)
	}
	return out
}
