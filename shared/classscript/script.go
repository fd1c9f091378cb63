// Package classscript tells a class as a text that a teacher could review: who says what, and what comes of it. A parsed
// script is run against anything that takes commands: the rules themselves (Rules) or an edge over its socket.
//
// A script is a txtar archive. Its comment says in prose what the class is about; the section "people" names who takes
// part, the section "class" tells the class line by line:
//
//	-- people --
//	Rivera       teacher    "Ms Rivera"
//	Ada          student
//	Pupil-1..70  student                        # Pupil-1, Pupil-2 … Pupil-70
//	Gus          student    guest
//	-- class --
//	at 0s   Rivera  session.schedule  title="Fractions" scheduledStart=+1m scheduledEnd=+1h staff=[{userId: @Rivera, role: teacher}]
//	        > session.scheduled
//	at 10s  Ada     participant.join
//	        > participant.requested userId=@Ada
//	        Ada     chat.send  content="hi" to.audience=all
//	        ! not_started
//	at 1m   Rivera  poll.start  prompt="Ready?" options=["yes", "no"]
//	        > poll.started pollId=$ready
//	at 65s  Ada     poll.vote  pollId=$ready choices=[0] key=first
//	        > poll.voted
//	        Ada     poll.vote  pollId=$ready choices=[0]
//	        =
//	        see Rivera  polls.0.counts [1, 0]
//
// One command a line: when ("at", the time since the class began; it stays until the next one), who, the command's name, its
// content as name=value. What must come of it follows: "> type field=value …" for each event in order ("> ..." lets further
// ones come), "! code" for a refusal, "=" for nothing at all because it is so already, "^" for the first answer to a key
// that was used before. "see NAME path value" looks at what somebody sees then; "see class" at the full state.
//
// Values are written like JSON, but names and plain words need no quotes: @Ada is the id of a person (any other @name is a
// fixed id made of the name), $ready an id that an event brought along, +1m a time since the class began, #name a digest.
// The actor "box" is the box itself: recorder, captions, timers. Pupil-1..70 as an actor gives the command for each of
// them; @me is then the id of each.
package classscript

// Script is a parsed class.
type Script struct {
	Title  string // first line of the comment
	Prose  string // all of it
	People []Person
	Steps  []Step
}

// Person takes part in a class.
type Person struct {
	Name        string
	Role        string // teacher, assistant, admin, student; "" for nobody in this class
	DisplayName string
	Guest       bool
	Box         bool // the box itself
}

// Box is the actor of system commands.
var Box = Person{Name: "box", Box: true}

// Step is one command with what must come of it, or one look at what somebody sees.
type Step struct {
	Line    int
	At      int64 // milliseconds since the class began
	Actors  []Person
	Command string
	Key     string // the client's key; "" lets the runner make one of the step's number
	Args    map[string]any
	Expect  Expect
	See     *See // instead of a command
}

// Expect is what must come of a command. Exactly one of Events, Refused, Nothing and Again is said.
type Expect struct {
	Events  []ExpectEvent
	More    bool // further events may come
	Refused string
	Nothing bool
	Again   bool
}

func (e *Expect) said() bool {
	return len(e.Events) > 0 || e.More || e.Refused != "" || e.Nothing || e.Again
}

// ExpectEvent is an event that must come, with some of its fields.
type ExpectEvent struct {
	Line   int
	Type   string
	Fields map[string]any
}

// See is a look at what somebody sees.
type See struct {
	Name  string // of a person, or "class" for the full state
	Path  string // names and places of a list joined by dots; # is the length of a list, -1 its last entry
	Value any    // what must be there; Absent for nothing
}

// Ref is a value that stands for another one until the script runs.
type Ref struct {
	Kind byte   // '@' id of a name, '$' bound id, '+' time in milliseconds since the class began, '#' digest of a name
	Name string // of '+' the number
}

// Absent is the value "absent": nothing must be there.
type Absent struct{}

// Person finds somebody by name.
func (s *Script) Person(name string) (Person, bool) {
	if name == Box.Name {
		return Box, true
	}
	for _, p := range s.People {
		if p.Name == name {
			return p, true
		}
	}
	return Person{}, false
}
