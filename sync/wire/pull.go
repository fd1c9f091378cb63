package wire

import (
	"multistream/shared/directory"
	"multistream/shared/event"
)

// The kinds of frames of the road from the hub to an edge.
const (
	KindLook    Kind = 64 // edge: which schools are mine, what is to be done, and what I did
	KindSchools Kind = 65 // hub: the schools with their versions, and what is to be done
	KindAsk     Kind = 66 // edge: what of a school has changed since a version
	KindPage    Kind = 67 // hub: some of it
	KindNudge   Kind = 68 // hub: look again; it has no body
)

// Bounds of the road down.
const (
	MaxSchools  = 1000 // of one edge
	MaxCommands = 100  // in one answer
	MaxOutcomes = 500  // in one look
	MaxRows     = 5000 // of a page
	maxToken    = 600
	maxPayload  = 64 << 10 // of a command
)

// Look asks what there is for this edge. Its form never changes: it is read before a level is agreed upon. What the edge did goes with
// it, and is stored before the answer: an outcome that is answered need not be told again.
type Look struct {
	Oldest, Newest uint16 // levels that the edge speaks
	Edge           event.ID
	Outcomes       []directory.Outcome
}

// Append adds the message's bytes.
func (m *Look) Append(dst []byte) []byte {
	w := writer{dst}
	w.u16(m.Oldest)
	w.u16(m.Newest)
	w.id(m.Edge)
	w.u32(len(m.Outcomes))
	for _, o := range m.Outcomes {
		w.id(o.TenantID)
		w.id(o.ID)
		w.i64(o.Revision)
		w.bytes([]byte(o.Code))
		w.bytes([]byte(clip(o.Why)))
	}
	return w.b
}

// ReadLook takes a Look apart; its errors are ErrMalformed.
func ReadLook(b []byte) (m Look, err error) {
	r := reader{b: b}
	m.Oldest, m.Newest, m.Edge = r.u16("oldest level"), r.u16("newest level"), r.present("edge")
	for range r.size(MaxOutcomes, 48, "outcomes") {
		m.Outcomes = append(m.Outcomes, directory.Outcome{TenantID: r.present("tenant"), ID: r.present("id"), Revision: r.natural("revision"),
			Code: r.text(maxName, "code"), Why: r.text(maxSentence, "reason")})
	}
	return m, r.end()
}

// School is where the directory of a school is at the hub.
type School struct {
	Tenant  event.ID
	Lineage event.ID // of the hub's directory of it: another one after the hub was restored
	Version int64
}

// Command is something that the hub wants done with a class. It is done once: its id is the idempotency key.
type Command struct {
	Tenant  event.ID
	ID      event.ID
	Kind    string // end, cancel, reschedule; what an edge does not know it refuses as not built
	Session event.ID
	Payload []byte // JSON of what the kind wants
}

// Schools answers a Look: all schools of the edge, and the first of the commands that have no outcome yet, in order.
type Schools struct {
	Level    uint16 // to be spoken from now on
	Edge     event.ID
	Schools  []School
	Commands []Command
	More     bool // there are more commands than that
}

// Append adds the message's bytes.
func (m *Schools) Append(dst []byte) []byte {
	w := writer{dst}
	w.u16(m.Level)
	w.id(m.Edge)
	w.u32(len(m.Schools))
	for _, s := range m.Schools {
		w.id(s.Tenant)
		w.id(s.Lineage)
		w.i64(s.Version)
	}
	w.u32(len(m.Commands))
	for _, c := range m.Commands {
		w.id(c.Tenant)
		w.id(c.ID)
		w.bytes([]byte(c.Kind))
		w.id(c.Session)
		w.bytes(c.Payload)
	}
	w.flag(m.More)
	return w.b
}

// ReadSchools takes Schools apart; its errors are ErrMalformed.
func ReadSchools(b []byte) (m Schools, err error) {
	r := reader{b: b}
	m.Level, m.Edge = r.u16("level"), r.present("edge")
	seen := map[event.ID]bool{}
	for range r.size(MaxSchools, 40, "schools") {
		s := School{r.present("tenant"), r.present("lineage"), r.i64("version")}
		if s.Version < 1 || seen[s.Tenant] {
			r.fail("school %s has version %d, or comes twice", s.Tenant, s.Version)
		}
		seen[s.Tenant] = true
		m.Schools = append(m.Schools, s)
	}
	for range r.size(MaxCommands, 56, "commands") {
		m.Commands = append(m.Commands, Command{r.present("tenant"), r.present("id"), r.text(maxName, "kind"), r.id("session"), r.bytes(maxPayload, "payload")})
	}
	m.More = r.flag("more")
	return m, r.end()
}

func (w *writer) flag(set bool) {
	if set {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

func (r *reader) flag(what string) bool {
	b := r.take(1, what)
	if b != nil && b[0] > 1 {
		r.fail("%s is %d", what, b[0])
	}
	return b != nil && b[0] == 1
}
