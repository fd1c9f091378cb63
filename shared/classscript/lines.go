package classscript

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"multistream/shared/session"
)

// line reads one line of the class.
func (p *parser) line(text string) error {
	words := words{rest: text}
	word, err := words.next()
	if err != nil {
		return err
	}
	if word == "at" {
		if err := p.clock(&words); err != nil || !words.more() {
			return err
		}
		if word, err = words.next(); err != nil {
			return err
		}
	}
	switch word {
	case ">", "!", "=", "^":
		return p.expectation(word, &words)
	case "see":
		return p.see(&words)
	}
	return p.command(word, &words)
}

func (p *parser) clock(words *words) error {
	text, err := words.next()
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d%time.Millisecond != 0 {
		return fmt.Errorf("time %q: want one like 90s, 1m30s or 250ms", text)
	}
	if d.Milliseconds() < p.now {
		return fmt.Errorf("time %s: the class is at %s already, and time does not run backwards", d, time.Duration(p.now)*time.Millisecond)
	}
	p.now = d.Milliseconds()
	return nil
}

// command reads "Actor command name=value …".
func (p *parser) command(actor string, words *words) error {
	step := Step{Line: p.at, At: p.now, Args: map[string]any{}}
	names, err := people(actor)
	if err != nil {
		return err
	}
	for _, name := range names {
		who, known := p.script.Person(name)
		if !known {
			return fmt.Errorf("%q is none of the people of this class", name)
		}
		step.Actors = append(step.Actors, who)
	}
	if step.Command, err = words.next(); err != nil {
		return fmt.Errorf("%s: a command is missing", actor)
	}
	if _, known := session.CommandOf(step.Command); !known {
		return fmt.Errorf("there is no command %q", step.Command)
	}
	if step.Args, err = words.fields(); err != nil {
		return fmt.Errorf("%s: %w", step.Command, err)
	}
	if key, given := step.Args["key"]; given {
		text, ok := key.(string)
		if !ok || text == "" {
			return fmt.Errorf("key: want a word")
		}
		step.Key = text
		delete(step.Args, "key")
	}
	p.script.Steps = append(p.script.Steps, step)
	return nil
}

// expectation reads what must come of the latest command.
func (p *parser) expectation(sign string, words *words) error {
	if len(p.script.Steps) == 0 || p.script.Steps[len(p.script.Steps)-1].See != nil {
		return fmt.Errorf("%q follows no command", sign)
	}
	e := &p.script.Steps[len(p.script.Steps)-1].Expect
	if sign == ">" && e.Refused == "" && !e.Nothing && !e.Again && !e.More {
		typ, err := words.next()
		switch {
		case err != nil:
			return fmt.Errorf("> names an event")
		case typ == "...":
			e.More = true
			return words.done()
		}
		if err := knownEvent(typ); err != nil {
			return err
		}
		fields, err := words.fields()
		e.Events = append(e.Events, ExpectEvent{Line: p.at, Type: typ, Fields: fields})
		return err
	}
	if e.said() {
		return fmt.Errorf("%q: it is said already what comes of the command", sign)
	}
	switch sign {
	case "!":
		code, err := words.next()
		if err != nil {
			return fmt.Errorf("! names the code of a refusal")
		}
		if err := knownCode(code); err != nil {
			return err
		}
		e.Refused = code
	case "=":
		e.Nothing = true
	case "^":
		e.Again = true
	default:
		return fmt.Errorf("%q: it is said already that nothing comes of the command", sign)
	}
	return words.done()
}

// see reads "Name path value".
func (p *parser) see(words *words) error {
	name, err := words.next()
	if err != nil {
		return fmt.Errorf("see names a person, or the class")
	}
	if _, known := p.script.Person(name); !known && name != "class" || name == Box.Name {
		return fmt.Errorf("see %s: %q is none of the people of this class", name, name)
	}
	path, err := words.next()
	if err != nil {
		return fmt.Errorf("see %s: say what, like roster.present", name)
	}
	value, err := parseValue(words.rest)
	if err != nil {
		return fmt.Errorf("see %s %s: %w", name, path, err)
	}
	p.script.Steps = append(p.script.Steps, Step{Line: p.at, At: p.now, See: &See{Name: name, Path: path, Value: value}})
	return nil
}

// complete checks that each command says what comes of it.
func (p *parser) complete() error {
	for i := range p.script.Steps {
		if s := &p.script.Steps[i]; s.See == nil && !s.Expect.said() {
			return fmt.Errorf("line %d: it is not said what comes of %s: events (>), a refusal (!), nothing (=) or the first answer (^)", s.Line, s.Command)
		}
	}
	return nil
}

// nested turns "to.audience" into an object "to" with a member "audience".
func nested(into map[string]any, name string, value any) error {
	first, rest, deeper := strings.Cut(name, ".")
	if !isName(first) {
		return fmt.Errorf("%q is no name of a field", name)
	}
	if !deeper {
		if _, twice := into[first]; twice {
			return fmt.Errorf("field %q is said twice", first)
		}
		into[first] = value
		return nil
	}
	inner, isObject := into[first].(map[string]any)
	if _, there := into[first]; there && !isObject {
		return fmt.Errorf("field %q is said twice", first)
	}
	inner = maps.Clone(inner)
	if inner == nil {
		inner = map[string]any{}
	}
	into[first] = inner
	return nested(inner, rest, value)
}
