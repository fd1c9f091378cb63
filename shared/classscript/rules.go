package classscript

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"multistream/shared/access"
	"multistream/shared/event"
	"multistream/shared/fault"
	"multistream/shared/session"
)

// Epoch is the time at which a class run by Rules begins: 2026-11-23T08:00:00Z.
const Epoch event.Time = 1_795_420_800_000

// Rules runs a class by the rules alone, in memory: access, repeated keys, Decide, Apply. It is a Driver.
type Rules struct {
	State *session.State
	Log   []event.Opened
	// Seen is called after each event was applied, if set. It must not change the state.
	Seen func(e *event.Opened)
	// Decided is called after each decision, before anything of it is applied, if set.
	Decided func(c *session.Command, facts []event.Fact, refusal error)

	directory map[event.ID]Person
	first     map[once]answered
	now       event.Time
}

// once names a command by its author and key, as the log does.
type once struct {
	author event.ID
	key    string
}

type answered struct {
	digest event.Hash
	events []event.Opened
}

// NewRules makes an empty class. People are those whom the course knows, with the roles that it gives them; what the plan
// and the log say goes before.
func NewRules(people []Person) *Rules {
	r := &Rules{State: session.New(NameID("class")), directory: map[event.ID]Person{}, first: map[once]answered{}, now: Epoch}
	for _, p := range people {
		r.directory[NameID(p.Name)] = p
	}
	return r
}

// NameID is the fixed id of a name.
func NameID(name string) event.ID { return event.DeriveID(event.ID{}, event.ID{}, "name "+name, 0) }

// ID is NameID.
func (r *Rules) ID(name string) event.ID { return NameID(name) }

// Start is Epoch.
func (r *Rules) Start() event.Time { return Epoch }

// See gives the JSON of somebody's view, or of the full state.
func (r *Rules) See(name string) (json.RawMessage, error) {
	if name == "class" {
		return json.Marshal(r.State)
	}
	return json.Marshal(session.View(r.State, NameID(name)))
}

// Do gives a command of a script.
func (r *Rules) Do(c Command) (Answer, error) {
	t, known := session.CommandOf(c.Type)
	if !known {
		return Answer{}, fmt.Errorf("there is no command %q", c.Type)
	}
	payload := t.New()
	dec := json.NewDecoder(bytes.NewReader(c.Payload))
	dec.DisallowUnknownFields()
	if err := dec.Decode(payload); err != nil {
		return Answer{}, err
	}
	if err := event.CheckText(payload); err != nil {
		return Answer{}, err
	}
	events, again, err := r.Give(c.Actor, c.Type, c.Key, Epoch+event.Time(c.At), payload)
	var refusal *fault.Fault
	if errors.As(err, &refusal) {
		return Answer{Refused: string(refusal.Code)}, nil
	} else if err != nil {
		return Answer{}, err
	}
	a := Answer{Again: again}
	for _, e := range events {
		b, err := json.Marshal(e.Payload)
		if err != nil {
			return Answer{}, err
		}
		a.Events = append(a.Events, Event{Type: e.Type, Payload: b})
	}
	return a, nil
}

// Give gives a command with the pointer to its content. It returns the events that came of it, or, again, those that came
// of the same key before. Its error is a *fault.Fault for a refusal.
func (r *Rules) Give(by Person, typ, key string, now event.Time, payload any) (events []event.Opened, again bool, err error) {
	r.now = max(r.now, now)
	c := session.Command{Type: typ, Key: key, Now: r.now, Payload: payload}
	if by.Box {
		c.Actor.System = true
	} else {
		role, grants := r.rights(NameID(by.Name))
		if ok, why := access.May(role, grants, typ); !ok {
			return nil, false, fault.New(fault.Forbidden, "%s", why)
		}
		c.Actor = session.Actor{UserID: NameID(by.Name), Role: role, DisplayName: by.DisplayName, Guest: by.Guest}
	}
	if poll, anonymous := session.AnonymousPoll(r.State, &c); anonymous {
		c.Voter = Voter(poll, c.Actor.UserID)
	}
	content, err := json.Marshal(payload)
	if err != nil {
		return nil, false, err
	}
	name, digest := once{c.Author(), key}, event.Hash(sha256.Sum256(append([]byte(typ+" "), content...)))
	if before, seen := r.first[name]; seen {
		if before.digest != digest {
			return nil, false, fault.New(fault.KeyConflict, "The key was used for something else.")
		}
		return before.events, true, nil
	}
	facts, err := session.Decide(r.State, c)
	if r.Decided != nil {
		r.Decided(&c, facts, err)
	}
	if err != nil || len(facts) == 0 {
		return nil, false, err
	}
	from := len(r.Log)
	for _, f := range facts {
		if err := r.append(c.Author(), f); err != nil {
			return nil, false, err
		}
	}
	r.first[name] = answered{digest, r.Log[from:len(r.Log):len(r.Log)]}
	return r.Log[from:], false, nil
}

// append makes an event of a fact, its payload through JSON as the log keeps it, and applies it.
func (r *Rules) append(author event.ID, f event.Fact) error {
	t, known := event.TypeOf(f.Type)
	if !known {
		return fmt.Errorf("a fact of the unknown type %q", f.Type)
	}
	b, err := json.Marshal(f.Payload)
	if err != nil {
		return err
	}
	payload, err := event.Decode(f.Type, int64(t.Version), b)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Type, err)
	}
	e := event.Opened{Type: f.Type, Version: int64(t.Version), Epoch: max(r.State.Epoch, 1), Sequence: r.State.Sequence + 1,
		ActorID: author, CreatedAt: r.now, Payload: payload}
	if transfer, ok := payload.(*event.SessionTransferred); ok {
		e.Epoch = transfer.ToEpoch
	}
	r.Log = append(r.Log, e)
	session.Apply(r.State, e)
	if r.Seen != nil {
		r.Seen(&e)
	}
	return nil
}

// rights gives somebody's role and session permissions: what the log says, else the plan, else the course.
func (r *Rules) rights(user event.ID) (role string, grants []string) {
	_, present := session.StandingOf(r.State, user)
	plan := &r.State.Life.Plan
	planned := ""
	for _, m := range plan.Staff {
		if m.UserID == user {
			planned = m.Role
		}
	}
	for _, role = range []string{r.State.RoleOf(user), present, planned, r.directory[user].Role} {
		if role != "" {
			break
		}
	}
	grants = append(grants, r.State.GrantsOf(user)...)
	if role == access.Assistant && plan.AssistantMayStart {
		grants = append(grants, access.Start)
	}
	if role == access.Assistant && plan.AssistantMayEnd {
		grants = append(grants, access.End)
	}
	return role, grants
}

// Voter is the pseudonym of a person in an anonymous poll of a class run by Rules.
func Voter(poll, user event.ID) event.ID { return event.Pseudonym(poll[:], user) }
