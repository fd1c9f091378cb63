package classscript

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
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
