package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"multistream/shared/classclient"
	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// answerBody is what the answers of commands have in common, and what some of them have besides.
type answerBody struct {
	ID          event.ID        `json:"id"`
	Position    json.RawMessage `json:"position"`
	Session     map[string]any  `json:"session"`
	Participant map[string]any  `json:"participant"`
	View        json.RawMessage `json:"view"`

	at position
}

// position is a client position, written like 1.42.
type position event.Position

// UnmarshalText reads a position, as JSON quotes it or plain.
func (p *position) UnmarshalText(text []byte) error {
	if _, err := fmt.Sscanf(strings.Trim(string(text), `"`), "%d.%d", &p.Epoch, &p.Sequence); err != nil || p.Epoch < 1 {
		return fmt.Errorf("%q is no position", text)
	}
	return nil
}

// told are events that a command's answer tells, each with the name that its payload has for the answer's id: for the time
// when nobody who follows the class could see them, before the first of its staff has joined and after its end; and for
// changes of what people may see of others, in place of which everybody gets a fresh view.
var told = map[string]struct{ typ, id string }{
	"session.schedule":   {event.TypeSessionScheduled, ""},
	"session.reschedule": {event.TypeSessionRescheduled, ""},
	"session.cancel":     {event.TypeSessionCancelled, ""},
	"session.start":      {event.TypeSessionStarted, ""},
	"session.archive":    {event.TypeSessionArchived, ""},
	"session.settings":   {event.TypeSettingsChanged, ""},
	"permission.change":  {event.TypePermissionChanged, ""},
	"scene.create":       {event.TypeSceneCreated, "sceneId"},
	"participant.leave":  {event.TypeParticipantLeft, ""},
	"consent.give":       {event.TypeConsentGiven, ""},
	"consent.withdraw":   {event.TypeConsentWithdrawn, ""},
}

// unseen is the type of an event that nobody who follows the class was shown, and that no answer tells.
const unseen = "(an event that nobody was shown: is a teacher in the class?)"

// collect gathers the events after a sequence up to an answer's position, from those who follow: staff and the actor know
// most of them; where they were not told, all others are asked.
func (d *driver) collect(actor *person, after int64, a *answerBody, command string, payload map[string]any) ([]classscript.Event, error) {
	found := map[int64]*event.Copy{}
	raws := map[int64]map[string]any{}
	take := func(asked func(*person) bool) error {
		for _, p := range d.following() {
			if !asked(p) {
				continue
			}
			if err := p.follower.reach(d.ctx, a.at.Sequence); err != nil {
				return err
			}
			for seq := after + 1; seq <= a.at.Sequence; seq++ {
				if raw := p.follower.copyOf(seq); raw != nil {
					if err := addTo(found, raws, seq, raw); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	knows := func(p *person) bool { return p == actor || p.follower.staff() }
	if err := take(knows); err != nil {
		return nil, err
	}
	if int64(len(found)) < a.at.Sequence-after {
		if err := take(func(p *person) bool { return !knows(p) }); err != nil {
			return nil, err
		}
	}
	var events []classscript.Event
	hidden := 0
	for seq := after + 1; seq <= a.at.Sequence; seq++ {
		e := classscript.Event{Type: unseen}
		content := raws[seq]
		if c := found[seq]; c != nil {
			e.Type = c.Type
		} else if hidden++; hidden == 1 {
			e.Type, content = tell(a, command, actor, payload)
		}
		b, err := json.Marshal(content)
		if err != nil {
			return nil, err
		}
		e.Payload = b
		events = append(events, e)
	}
	return events, nil
}

// addTo takes a copy in: what an earlier one has already stays, for staff are asked first and know most.
func addTo(found map[int64]*event.Copy, raws map[int64]map[string]any, seq int64, raw json.RawMessage) error {
	var c event.Copy
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	var whole struct {
		Payload map[string]any `json:"payload"`
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		return err
	}
	if found[seq] == nil {
		found[seq], raws[seq] = &c, map[string]any{}
	}
	for name, value := range whole.Payload {
		if _, known := raws[seq][name]; !known {
			raws[seq][name] = value
		}
	}
	return nil
}

// tell makes an event of what the answer says.
func tell(a *answerBody, command string, actor *person, payload map[string]any) (string, map[string]any) {
	if command == "participant.join" {
		if a.Participant == nil {
			return event.TypeParticipantRequested, map[string]any{"userId": actor.id.String(), "role": actor.Role}
		}
		return event.TypeParticipantJoined, a.Participant
	}
	e, known := told[command]
	if !known {
		return unseen, nil
	}
	content := maps.Clone(payload)
	maps.Copy(content, a.Session)
	if content["userId"] == nil {
		content["userId"] = actor.id.String()
	}
	if e.id != "" {
		content[e.id] = a.ID.String()
	}
	return e.typ, content
}

// expectBox waits for what the box does by itself: the announced end of the class.
func (d *driver) expectBox(c classscript.Command) (classscript.Answer, error) {
	if c.Type != "session.end_now" {
		return classscript.Answer{}, fmt.Errorf("only the box itself can do this; over the API a script can but wait for session.end_now")
	}
	before := d.head
	ended := int64(0)
	for _, p := range d.following() {
		f := p.follower
		err := f.wait(d.ctx, "the end of the class", func() bool {
			if f.screen.View.Life.Status == session.Ended {
				ended = f.screen.At.Sequence
			}
			return ended > 0 || f.conn == nil
		})
		if err != nil {
			return classscript.Answer{}, err
		}
	}
	if ended == 0 {
		return classscript.Answer{}, errors.New("nobody follows the class, so nobody can see its end")
	}
	d.head = event.Position{Epoch: before.Epoch, Sequence: ended}
	a := answerBody{at: position(d.head)}
	events, err := d.collectSeen(before.Sequence, &a)
	return classscript.Answer{Events: events}, err
}

// collectSeen is collect over everybody who ever followed: the end of a class closes all sockets.
func (d *driver) collectSeen(after int64, a *answerBody) ([]classscript.Event, error) {
	found, raws := map[int64]*event.Copy{}, map[int64]map[string]any{}
	var events []classscript.Event
	for seq := after + 1; seq <= a.at.Sequence; seq++ {
		for _, name := range d.order {
			if f := d.people[name].follower; f != nil {
				if raw := f.copyOf(seq); raw != nil {
					if err := addTo(found, raws, seq, raw); err != nil {
						return nil, err
					}
				}
			}
		}
		if found[seq] == nil {
			events = append(events, classscript.Event{Type: unseen, Payload: json.RawMessage("{}")})
			continue
		}
		b, err := json.Marshal(raws[seq])
		if err != nil {
			return nil, err
		}
		events = append(events, classscript.Event{Type: found[seq].Type, Payload: b})
	}
	return events, nil
}

// reread asks REST for all that somebody could see since they joined, and counts what their socket kept back or made up.
func (d *driver) reread(who *person) error {
	f := who.follower
	for after, more := f.beginning(), true; more; {
		var page struct {
			UpTo   int64             `json:"upTo"`
			Epoch  int64             `json:"epoch"`
			Events []json.RawMessage `json:"events"`
			More   bool              `json:"more"`
		}
		path := "/api/sessions/" + d.session.String() + "/events?after=" + classclient.PositionText(after)
		if err := d.api.call(d.ctx, http.MethodGet, path, who.token, nil, &page); err != nil {
			return fmt.Errorf("%s can't read the events: %w", who.Name, err)
		}
		if err := f.hold(after.Sequence, page.UpTo, page.Events); err != nil {
			return err
		}
		after, more = event.Position{Epoch: page.Epoch, Sequence: page.UpTo}, page.More
	}
	return nil
}

// outcome says in words what came of a command.
func outcome(a *classscript.Answer) string {
	switch {
	case a.Refused != "":
		return "refused: " + a.Refused
	case a.Again:
		return "the first answer again"
	case len(a.Events) == 0:
		return "nothing: it is so already"
	}
	var types []string
	for _, e := range a.Events {
		types = append(types, e.Type)
	}
	return strings.Join(types, ", ")
}
