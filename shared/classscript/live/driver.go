package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"multistream/shared/classclient"
	"multistream/shared/classscript"
	"multistream/shared/event"
)

// driver is a classscript.Driver that speaks to an edge.
type driver struct {
	ctx     context.Context // of the run; a Driver's functions take none
	o       Options
	api     *api
	people  map[string]*person
	order   []string // names, as the script has them
	start   event.Time
	run     string // makes the script's keys those of this run
	session event.ID
	head    event.Position // of the last event that is known of
	first   map[once]bool  // commands that made events
	code    string         // by which guests join
	counts  Summary
}

type person struct {
	classscript.Person
	id       event.ID
	token    string
	follower *follower
}

type once struct{ actor, key string }

// ID gives the id of a person, of the class, or of its course; else a fixed one made of the name.
func (d *driver) ID(name string) event.ID {
	switch p := d.people[name]; {
	case p != nil:
		return p.id
	case name == "class":
		return d.session
	case name == "course":
		return d.o.Course
	}
	return classscript.NameID(name)
}

// Start is when everybody had signed in.
func (d *driver) Start() event.Time { return d.start }

// Do gives a command as its actor: over their socket if they have one, else over REST.
func (d *driver) Do(c classscript.Command) (classscript.Answer, error) {
	if d.o.Realtime {
		due := d.start + event.Time(c.At)
		if err := sleep(d.ctx, time.Until(due.Std())); err != nil {
			return classscript.Answer{}, err
		}
	}
	began := time.Now()
	d.catchUp()
	var a classscript.Answer
	var err error
	took := time.Duration(0)
	if c.Actor.Box {
		a, err = d.expectBox(c)
		took = time.Since(began)
	} else {
		a, took, err = d.give(c)
	}
	if err == nil {
		d.counts.Commands++
		d.o.Step(Step{Line: c.Line, Actor: c.Actor.Name, What: c.Type, Outcome: outcome(&a), Took: took})
	}
	return a, err
}

// catchUp takes note of what happened by itself since the last command, such as somebody who was away too long.
func (d *driver) catchUp() {
	for _, p := range d.following() {
		if at := p.follower.position(); at.Sequence > d.head.Sequence {
			d.head = at
		}
	}
}

func (d *driver) give(c classscript.Command) (classscript.Answer, time.Duration, error) {
	who := d.people[c.Actor.Name]
	c.Key = d.run + c.Key
	v, err := classscript.Decode(c.Payload)
	if err != nil {
		return classscript.Answer{}, 0, err
	}
	payload, _ := v.(map[string]any)
	if c.Type == "session.end" { // its sockets are closed afterwards: now is the time to look
		if err := d.compareAll(); err != nil {
			return classscript.Answer{}, 0, err
		}
	}
	if c.Type == "session.schedule" && payload["courseId"] == nil && !d.o.Course.IsZero() {
		payload["courseId"] = d.o.Course.String()
	}
	if code, ok := payload["joinCode"].(string); ok && strings.HasPrefix(c.Type, "session.") {
		d.code = code
	}
	began := time.Now()
	body, err := d.send(who, c, payload)
	took := time.Since(began)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		d.counts.Refused++
		return classscript.Answer{Refused: refusal.Code}, took, nil
	}
	if err != nil {
		return classscript.Answer{}, took, err
	}
	a, err := d.came(who, c, payload, body)
	return a, took, err
}

// send gives a command and its key, again over REST if the socket closed before its answer came: the key makes that safe.
func (d *driver) send(who *person, c classscript.Command, payload map[string]any) (json.RawMessage, error) {
	if c.Type == "participant.join" && who.Guest && who.token == "" {
		return d.joinByCode(who, c.Key, payload)
	}
	at := d.api.Commands[c.Type]
	inClass := strings.Contains(at.Path, "{sessionId}")
	// A page that closes tells that over REST: its socket may be gone before the answer.
	if who.follower != nil && who.follower.open() && inClass && !at.Raw && c.Type != "participant.leave" {
		for {
			body, err := who.follower.command(d.ctx, c.Type, c.Key, payload)
			var refusal *Refusal
			switch {
			case errors.As(err, &refusal) && refusal.Pause() > 0:
				d.api.waited++
				if err := sleep(d.ctx, refusal.Pause()); err != nil {
					return nil, err
				}
				continue
			case !errors.Is(err, errClosed):
				return body, err
			}
			break
		}
	}
	return d.api.command(d.ctx, who.token, d.session, c.Type, c.Key, payload)
}

// came finds out what came of a command that was taken: by the position of its answer and what followers got up to there.
func (d *driver) came(who *person, c classscript.Command, payload map[string]any, body json.RawMessage) (classscript.Answer, error) {
	var told answerBody
	if err := json.Unmarshal(body, &told); err != nil {
		return classscript.Answer{}, fmt.Errorf("an answer that can't be read: %w", err)
	}
	if err := told.at.UnmarshalText(told.Position); err != nil {
		return classscript.Answer{}, fmt.Errorf("an answer without a position: %s", body)
	}
	if c.Type == "session.schedule" && d.head.Sequence == 0 {
		d.session = told.ID
	}
	key, before := once{who.Name, c.Key}, d.head
	if told.at.Sequence <= before.Sequence {
		if d.first[key] {
			d.counts.Repeated++
		}
		return classscript.Answer{Again: d.first[key]}, nil
	}
	d.head, d.first[key] = event.Position(told.at), true
	events, err := d.collect(who, before.Sequence, &told, c.Type, payload)
	if err != nil {
		return classscript.Answer{}, err
	}
	if c.Type == "participant.join" {
		err = d.joined(who, &told)
	}
	return classscript.Answer{Events: events}, err
}

// joined makes somebody follow the class from the view of their join's answer.
func (d *driver) joined(who *person, told *answerBody) error {
	if who.follower == nil {
		who.follower = newFollower(who.Name, d.o.Patience)
	}
	if who.follower.open() {
		return nil
	}
	if err := who.follower.begin(told.View, event.Position(told.at)); err != nil {
		return err
	}
	return who.follower.follow(d.ctx, d.o.Edge, d.session, who.token)
}

// See gives somebody's view: the one that they folded, held against a fresh one.
func (d *driver) See(name string) (json.RawMessage, error) {
	who := d.people[name]
	if who == nil {
		return nil, errors.New("the full state is the box's own; a run over the API sees what people see")
	}
	began := time.Now()
	view, err := d.compare(who)
	if err == nil {
		d.counts.Looks++
		d.o.Step(Step{Actor: name, What: "see", Outcome: fmt.Sprintf("their view at %s", classclient.PositionText(d.head)), Took: time.Since(began)})
	}
	return view, err
}

// compare asks for a fresh view of somebody and, if they follow the class, holds the one that they folded to it.
func (d *driver) compare(who *person) (json.RawMessage, error) {
	var fresh struct {
		View     json.RawMessage `json:"view"`
		Position position        `json:"position"`
	}
	if err := d.api.call(d.ctx, http.MethodGet, "/api/sessions/"+d.session.String()+"/state", who.token, nil, &fresh); err != nil {
		return nil, err
	}
	f := who.follower
	if f == nil || !f.open() {
		return fresh.View, nil
	}
	if err := f.reach(d.ctx, fresh.Position.Sequence); err != nil {
		return nil, err
	}
	folded, want, err := f.viewBeside(fresh.View)
	switch {
	case err != nil:
		return nil, err
	case f.position() != event.Position(fresh.Position):
		return folded, nil // it went on meanwhile, or the person was put out: the two can't be compared
	case !bytes.Equal(folded, want):
		return nil, fmt.Errorf("the view that %s folded is not the one that the edge gives\nfolded %s\nfresh  %s", who.Name, folded, want)
	}
	d.counts.Compared++
	return folded, nil
}

// compareAll compares the views of all who still follow, and what their sockets told them with what REST tells.
func (d *driver) compareAll() error {
	var errs []error
	for _, p := range d.following() {
		_, err := d.compare(p)
		errs = append(errs, err, d.reread(p))
	}
	return errors.Join(errs...)
}
