package session

import (
	"multistream/shared/event"
	"multistream/shared/fault"
)

// Actor is who gives a command. Role is their role in this class, from its plan, the enrolment or the log.
type Actor struct {
	UserID      event.ID
	Role        string
	DisplayName string
	Guest       bool
	System      bool // a part of the box; UserID is absent
}

// Command asks for facts.
type Command struct {
	Type    string
	Key     string // the client's idempotency key
	Actor   Actor
	Voter   event.ID   // pseudonym of the actor in the anonymous poll that the command votes in
	Now     event.Time // the createdAt that the facts will get
	Payload any        // pointer to the struct of the command's type
}

// Author is the actor of the facts: the user, the pseudonym of an anonymous vote, or absent for the system.
func (c *Command) Author() event.ID {
	if !c.Voter.IsZero() {
		return c.Voter
	}
	return c.Actor.UserID
}

// byStaff reports whether staff of the class, or a part of the box, give the command.
func (c *Command) byStaff() bool { return c.Actor.System || IsStaff(c.Actor.Role) }

// widened reports whether the actor may more than students may: by their role, or because they were given that permission.
func (s *State) widened(c *Command, grant string) bool {
	return c.byStaff() || s.Granted(c.Actor.UserID, grant)
}

// newID derives the n-th id that the command makes.
func (c *Command) newID(s *State, n int) event.ID {
	return event.DeriveID(s.SessionID, c.Author(), c.Key, n)
}

// CommandType describes one command.
type CommandType struct {
	Name    string
	Lane    Lane       // of staff and the box; see LaneOf
	Feature string     // the async feature of ownership.md it belongs to, "" for core ones
	New     func() any // a pointer to an empty payload
	decide  func(s *State, c *Command) ([]event.Fact, error)
}

var commands = named(merge(lifecycleCommands, rosterCommands, handCommands, mediaCommands, studioCommands, boardCommands,
	chatCommands, moderationCommands, questionCommands, pollCommands, artifactCommands))

func named(table map[string]*CommandType) map[string]*CommandType {
	for name, t := range table {
		t.Name = name
	}
	return table
}

// CommandOf gives the description of a command type.
func CommandOf(name string) (t *CommandType, ok bool) {
	t, ok = commands[name]
	return t, ok
}

// Commands lists all command types, in no order.
func Commands() []*CommandType {
	out := make([]*CommandType, 0, len(commands))
	for _, t := range commands {
		out = append(out, t)
	}
	return out
}

// command makes a command type of a function over its payload struct.
func command[P any](lane Lane, feature string, decide func(s *State, c *Command, p *P) ([]event.Fact, error)) *CommandType {
	return &CommandType{Lane: lane, Feature: feature, New: func() any { return new(P) },
		decide: func(s *State, c *Command) ([]event.Fact, error) {
			p, ok := c.Payload.(*P)
			if !ok || p == nil {
				return nil, fault.New(fault.InvalidBody, "The command %s came without its content.", c.Type)
			}
			return decide(s, c, p)
		}}
}

// Decide says which facts a command makes of a state. It changes nothing. An error is a refusal (a *fault.Fault): no facts.
// No facts and no error is a no-op: what was asked for is so already. Who may give the command was checked before, by
// package access; Decide checks what depends on the class.
func Decide(s *State, c Command) ([]event.Fact, error) {
	t, known := commands[c.Type]
	if !known {
		return nil, fault.New(fault.NotFound, "There is no command %q.", c.Type)
	}
	if err := openFor(s, &c); err != nil {
		return nil, err
	}
	return t.decide(s, &c)
}

// one makes the result of a decision with a single fact.
func one(typ string, payload any) ([]event.Fact, error) {
	return []event.Fact{{Type: typ, Payload: payload}}, nil
}
