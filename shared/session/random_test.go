package session_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// randomClass gives random commands to a class. Most fit its state, so that much happens; some don't. Texts that not
// everybody may read carry a mark, and who may read it is noted.
type randomClass struct {
	*classscript.Rules
	rnd     *rand.Rand
	people  []classscript.Person
	now     event.Time
	keys    int
	before  func([]event.Fact) // called before the facts of the next command are applied, if there are any
	secrets map[string]reader
}

// reader tells who may read a text, by where they stand now.
type reader func(viewer event.ID, standing session.Standing) bool

var cast = []classscript.Person{
	{Name: "Rivera", Role: "teacher", DisplayName: "Ms Rivera"}, {Name: "Tom", Role: "assistant", DisplayName: "Tom"},
	{Name: "Ann", Role: "assistant", DisplayName: "Ann"}, {Name: "Ida", Role: "admin", DisplayName: "Ida"},
	{Name: "Ada", Role: "student", DisplayName: "Ada"}, {Name: "Ben", Role: "student", DisplayName: "Ben"},
	{Name: "Cleo", Role: "student", DisplayName: "Cleo"}, {Name: "Gus", Role: "student", DisplayName: "Gus", Guest: true},
	{Name: "Zoe", DisplayName: "Zoe"},
}

func newRandomClass(seed uint64) *randomClass {
	c := &randomClass{Rules: classscript.NewRules(cast), rnd: rand.New(rand.NewPCG(seed, 77)), people: cast, now: classscript.Epoch,
		secrets: map[string]reader{}}
	c.Decided = c.decided
	return c
}

func (c *randomClass) decided(_ *session.Command, facts []event.Fact, _ error) {
	if len(facts) > 0 && c.before != nil {
		c.before(facts)
	}
}

func (c *randomClass) users() []event.ID {
	var out []event.ID
	for _, p := range c.people {
		out = append(out, classscript.NameID(p.Name))
	}
	return out
}

func (c *randomClass) give(by classscript.Person, typ string, payload any) {
	c.keys++
	// A refusal is as good as facts here; what Decide must not do is checked elsewhere.
	_, _, _ = c.Give(by, typ, "k"+strconv.Itoa(c.keys), c.now, payload)
	c.before = nil
}

// open plans and starts the class and lets most people in.
func (c *randomClass) open() {
	lead := c.people[0]
	yes, private := c.chance(2), pick(c, []string{"off", "staff", "all", "all"})
	words := []string{c.secret(staffOnly)}
	c.give(lead, "session.schedule", &session.SessionSchedule{Title: "Maps", ScheduledStart: c.now + 1, ScheduledEnd: c.now + 3_600_000,
		Staff:    []session.PlannedStaff{{UserID: classscript.NameID("Rivera"), Role: "teacher"}, {UserID: classscript.NameID("Tom"), Role: "assistant"}},
		Settings: &session.SessionSettings{WaitingRoom: &yes}, Chat: &session.PlannedChat{Private: &private, Words: &words},
		JoinCode: c.secret(staffOnly), AssistantMayEnd: c.chance(2)})
	for range 6 {
		c.step()
	}
	c.give(lead, "session.start", &session.SessionStart{})
	for _, p := range c.people {
		if c.chance(4) {
			continue
		}
		c.give(p, "participant.join", &session.ParticipantJoin{})
		c.give(lead, "participant.admit", &session.ParticipantAdmit{All: true})
		c.give(p, "participant.join", &session.ParticipantJoin{})
	}
}

func (c *randomClass) chance(n int) bool { return c.rnd.IntN(n) == 0 }

func pick[T any](c *randomClass, list []T) (v T) {
	if len(list) > 0 {
		v = list[c.rnd.IntN(len(list))]
	}
	return v
}

func (c *randomClass) anybody() classscript.Person { return pick(c, c.people) }

func (c *randomClass) student() classscript.Person { return c.people[4+c.rnd.IntN(4)] }

func (c *randomClass) staff() classscript.Person { return c.people[c.rnd.IntN(4)] }

func (c *randomClass) user() event.ID { return classscript.NameID(c.anybody().Name) }

// secret makes a text that only those may read whom allowed names.
func (c *randomClass) secret(allowed reader) string {
	mark := fmt.Sprintf("S3CRET%dX", len(c.secrets))
	c.secrets[mark] = allowed
	return mark
}

func nobody(event.ID, session.Standing) bool { return false }

func staffOnly(_ event.ID, standing session.Standing) bool { return standing == session.StandingStaff }

func insideOnly(_ event.ID, standing session.Standing) bool {
	return standing == session.StandingStaff || standing == session.StandingMember
}

// among lets some people read, and perhaps staff.
func among(staff bool, users ...event.ID) reader {
	return func(viewer event.ID, standing session.Standing) bool {
		if staff && standing == session.StandingStaff {
			return true
		}
		for _, u := range users {
			if u == viewer {
				return insideOnly(viewer, standing)
			}
		}
		return false
	}
}

// widen lets further people read what a mark stands in.
func (c *randomClass) widen(text string, allowed reader) {
	if before, known := c.secrets[text]; known {
		c.secrets[text] = func(v event.ID, s session.Standing) bool { return before(v, s) || allowed(v, s) }
	}
}

// step gives one random command.
func (c *randomClass) step() {
	c.now += event.Time(c.rnd.IntN(4000))
	if c.State.Life.Status == session.Halted && c.chance(4) {
		c.give(classscript.Box, "session.resume", &session.SessionResume{Reason: "log_unavailable"})
	}
	randomSteps[c.rnd.IntN(len(randomSteps))](c)
}

// end ends the class, if it runs.
func (c *randomClass) end() {
	c.give(c.people[0], "session.end", &session.SessionEnd{})
	c.now += 20_000
	c.give(classscript.Box, "session.end_now", &session.SessionEndNow{})
}
