package classscript

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"multistream/shared/event"
)

// Driver takes the commands of a script: the rules themselves, or an edge over its socket.
type Driver interface {
	// Do gives a command and waits for what comes of it. An error says that it could not be asked; a refusal is an Answer.
	Do(c Command) (Answer, error)
	// See gives the JSON of what somebody sees now, or for "class" of the full state.
	See(name string) (json.RawMessage, error)
	// ID gives the id that a name stands for: of a person, or of anything else a script names.
	ID(name string) event.ID
	// Start is the time of the script's 0s.
	Start() event.Time
}

// Command is one command of a script with its references resolved.
type Command struct {
	Line    int   // of the script's file, for messages
	At      int64 // milliseconds since Start
	Actor   Person
	Type    string
	Key     string
	Payload json.RawMessage
}

// Answer is what came of a command.
type Answer struct {
	Events  []Event // in order; none for a no-op
	Refused string  // code of the refusal, "" for none
	Again   bool    // the first answer to a key that was used before; Events are then not new
}

// Event is what somebody who may see all of it learns of a fact.
type Event struct {
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// Result is what came of one command of the script.
type Result struct {
	Step   *Step
	Actor  Person
	Answer Answer
}

// Run gives the commands of a script to a driver and compares what comes of them. It returns an error naming the line at
// which the class went another way, along with the results up to there.
func Run(s *Script, d Driver) ([]Result, error) {
	r := runner{script: s, driver: d, bound: map[string]any{}}
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.See != nil {
			if err := r.see(step); err != nil {
				return r.results, fmt.Errorf("line %d: see %s %s: %w", step.Line, step.See.Name, step.See.Path, err)
			}
			continue
		}
		for j, actor := range step.Actors {
			if err := r.command(step, i, j, actor); err != nil {
				return r.results, fmt.Errorf("line %d: %s %s: %w", step.Line, actor.Name, step.Command, err)
			}
		}
	}
	return r.results, nil
}

type runner struct {
	script  *Script
	driver  Driver
	bound   map[string]any // by name of a $reference
	me      Person
	results []Result
}

func (r *runner) command(step *Step, number, device int, actor Person) error {
	r.me = actor
	args, err := r.resolve(step.Args)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(args)
	if err != nil {
		return err
	}
	key := step.Key
	if key == "" {
		key = fmt.Sprintf("script-%d-%d", number+1, device+1)
	}
	answer, err := r.driver.Do(Command{Line: step.Line, At: step.At, Actor: actor, Type: step.Command, Key: key, Payload: payload})
	if err != nil {
		return err
	}
	r.results = append(r.results, Result{Step: step, Actor: actor, Answer: answer})
	return r.expect(&step.Expect, &answer)
}

// expect compares what came with what was said.
func (r *runner) expect(e *Expect, a *Answer) error {
	switch {
	case a.Refused != e.Refused:
		return fmt.Errorf("want %s, got %s", said(e), told(a))
	case a.Again != e.Again:
		return fmt.Errorf("want %s, got %s", said(e), told(a))
	case e.Refused != "", e.Again:
		return nil
	case len(a.Events) < len(e.Events), len(a.Events) > len(e.Events) && !e.More:
		return fmt.Errorf("want %s, got %s", said(e), told(a))
	}
	for i, want := range e.Events {
		got := a.Events[i]
		if got.Type != want.Type {
			return fmt.Errorf("want %s, got %s", said(e), told(a))
		}
		payload, err := Decode(got.Payload)
		if err != nil {
			return fmt.Errorf("%s: %w", got.Type, err)
		}
		if err := r.match(want.Fields, payload); err != nil {
			return fmt.Errorf("%s (said in line %d): %w", got.Type, want.Line, err)
		}
	}
	return nil
}

func said(e *Expect) string {
	switch {
	case e.Refused != "":
		return "the refusal " + e.Refused
	case e.Again:
		return "the first answer again"
	case e.Nothing:
		return "nothing"
	}
	var types []string
	for _, want := range e.Events {
		types = append(types, want.Type)
	}
	if e.More {
		types = append(types, "...")
	}
	return strings.Join(types, ", ")
}

func told(a *Answer) string {
	switch {
	case a.Refused != "":
		return "the refusal " + a.Refused
	case a.Again:
		return "the first answer again"
	case len(a.Events) == 0:
		return "nothing"
	}
	var types []string
	for _, e := range a.Events {
		types = append(types, e.Type)
	}
	return strings.Join(types, ", ")
}

func (r *runner) see(step *Step) error {
	r.me = Person{Name: step.See.Name}
	b, err := r.driver.See(step.See.Name)
	if err != nil {
		return err
	}
	v, err := Decode(b)
	if err != nil {
		return err
	}
	parts := strings.Split(step.See.Path, ".")
	for i, part := range parts {
		if ref := part[:min(len(part), 1)]; ref == "@" || ref == "$" {
			id, err := r.resolve(Ref{part[0], part[1:]})
			if err != nil {
				return err
			}
			parts[i] = fmt.Sprint(id)
		}
	}
	got, err := lookup(v, strings.Join(parts, "."))
	if err != nil {
		return err
	}
	return r.match(step.See.Value, got)
}

// match binds the $references that are new where they match, then compares.
func (r *runner) match(want, got any) error {
	if err := r.bind(want, got); err != nil {
		return err
	}
	resolved, err := r.resolve(want)
	if err != nil {
		return err
	}
	return Match(resolved, got)
}

var errUnbound = errors.New("no event has brought it along yet")

func (r *runner) bind(want, got any) error {
	switch w := want.(type) {
	case Ref:
		if _, known := r.bound[w.Name]; w.Kind == '$' && !known {
			if empty(got) {
				return fmt.Errorf("$%s: there is nothing to take", w.Name)
			}
			r.bound[w.Name] = got
		}
	case map[string]any:
		for _, name := range sortedNames(w) {
			var inner any
			switch g := got.(type) {
			case map[string]any:
				inner = g[name]
			case []any:
				if inner, _ = entryOf(g, name); inner == nil {
					continue
				}
			}
			if err := r.bind(w[name], inner); err != nil {
				return err
			}
		}
	case []any:
		list, _ := got.([]any)
		for i := range min(len(w), len(list)) {
			if err := r.bind(w[i], list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// resolve puts values in the place of references.
func (r *runner) resolve(v any) (any, error) {
	switch v := v.(type) {
	case Ref:
		return r.reference(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, name := range sortedNames(v) {
			inner, err := r.resolve(v[name])
			if err != nil {
				return nil, err
			}
			if strings.HasPrefix(name, "@") {
				name = r.driver.ID(name[1:]).String()
			}
			out[name] = inner
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			inner, err := r.resolve(v[i])
			if err != nil {
				return nil, err
			}
			out[i] = inner
		}
		return out, nil
	}
	return v, nil
}

func (r *runner) reference(ref Ref) (any, error) {
	switch ref.Kind {
	case '$':
		v, known := r.bound[ref.Name]
		if !known {
			return nil, fmt.Errorf("$%s: %w", ref.Name, errUnbound)
		}
		return v, nil
	case '+':
		ms, err := strconv.ParseInt(ref.Name, 10, 64)
		return (r.driver.Start() + event.Time(ms)).String(), err
	case '#':
		return event.Hash(sha256.Sum256([]byte(ref.Name))).String(), nil
	}
	if ref.Name == "me" {
		return r.driver.ID(r.me.Name).String(), nil
	}
	return r.driver.ID(ref.Name).String(), nil
}
