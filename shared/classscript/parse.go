package classscript

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"multistream/shared/session"
)

// maxPeople bounds a range of people, so that a slip like 1..1000000000 is an error and no memory.
const maxPeople = 5000

// Parse reads a script. Errors name the line of the file and what is wrong with it.
func Parse(data []byte) (*Script, error) {
	p := parser{script: &Script{}}
	for i, line := range strings.Split(string(data), "\n") {
		if strings.TrimRight(line, "\r") == "-- --" { // txtar panics over it
			return nil, fmt.Errorf("line %d: a section without a name", i+1)
		}
	}
	archive := txtar.Parse(data)
	p.script.Prose = strings.TrimSpace(string(archive.Comment))
	p.script.Title, _, _ = strings.Cut(p.script.Prose, "\n")
	starts := sectionLines(data)
	if len(starts) != len(archive.Files) {
		return nil, fmt.Errorf("the sections of the script can't be told apart")
	}
	sections := map[string]bool{}
	for i, f := range archive.Files {
		parse := map[string]func(string) error{"people": p.person, "class": p.line}[f.Name]
		switch {
		case parse == nil:
			return nil, fmt.Errorf("line %d: section %q: there are only people and class", starts[i], f.Name)
		case sections[f.Name], f.Name == "class" && !sections["people"]:
			return nil, fmt.Errorf("line %d: section %q: want people once, then class once", starts[i], f.Name)
		}
		sections[f.Name] = true
		for j, text := range strings.Split(string(f.Data), "\n") {
			p.at = starts[i] + 1 + j
			if text = strings.TrimSpace(uncomment(text)); text == "" {
				continue
			}
			if err := parse(text); err != nil {
				return nil, fmt.Errorf("line %d: %w", p.at, err)
			}
		}
	}
	if !sections["class"] {
		return nil, fmt.Errorf("the script has no section %q", "class")
	}
	return p.script, p.complete()
}

// sectionLines gives the numbers of the lines that begin a section, as txtar tells them.
func sectionLines(data []byte) []int {
	var lines []int
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --") && len(line) > len("--  --") && strings.TrimSpace(line[3:len(line)-3]) != "" {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// uncomment cuts off what follows a # at the start or after a blank, outside quotes, unless it is a digest (#name).
func uncomment(text string) string {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '#' && !quoted && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') && (i+1 == len(text) || text[i+1] == ' '):
			return text[:i]
		}
	}
	return text
}

type parser struct {
	script *Script
	at     int   // line of the file
	now    int64 // milliseconds of the class
}

// person reads "Name role [guest] ["Display Name"]".
func (p *parser) person(text string) error {
	words := words{rest: text}
	name, err := words.next()
	if err != nil {
		return err
	}
	names, err := people(name)
	if err != nil {
		return err
	}
	who := Person{}
	for words.more() {
		word, err := words.next()
		switch {
		case err != nil:
			return err
		case word == "guest":
			who.Guest = true
		case strings.HasPrefix(word, `"`):
			v, err := parseValue(word)
			if err != nil {
				return err
			}
			who.DisplayName, _ = v.(string)
		case slices.Contains([]string{"teacher", "assistant", "admin", "student"}, word) && who.Role == "":
			who.Role = word
		case word == "nobody" && who.Role == "":
		default:
			return fmt.Errorf("person %s: %q: want teacher, assistant, admin, student or nobody, then guest or a name in quotes", name, word)
		}
	}
	for _, n := range names {
		if _, twice := p.script.Person(n); twice || n == "class" || n == "me" {
			return fmt.Errorf("person %s: the name is taken", n)
		}
		named := who
		if named.Name = n; named.DisplayName == "" || len(names) > 1 {
			named.DisplayName = n
		}
		p.script.People = append(p.script.People, named)
	}
	if len(p.script.People) > maxPeople {
		return fmt.Errorf("a script has at most %d people", maxPeople)
	}
	return nil
}

// people gives the names of a range like Pupil-1..70, or the one name.
func people(text string) ([]string, error) {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		if !isName(text) {
			return nil, fmt.Errorf("%q is no name: letters, digits, - and _", text)
		}
		return []string{text}, nil
	}
	base := strings.TrimRight(from, "0123456789")
	low, err1 := strconv.Atoi(from[len(base):])
	high, err2 := strconv.Atoi(to)
	if err1 != nil || err2 != nil || !isName(base) || high < low || high-low >= maxPeople {
		return nil, fmt.Errorf("%q is no range of names: want one like Pupil-1..70, %d at most", text, maxPeople)
	}
	var names []string
	for i := low; i <= high; i++ {
		names = append(names, base+strconv.Itoa(i))
	}
	return names, nil
}

func isName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
	}) < 0
}

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
