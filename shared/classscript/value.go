package classscript

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// words goes through a line: words are parted by blanks outside quotes and brackets.
type words struct{ rest string }

var errMissing = errors.New("the line ends too early")

func (w *words) more() bool {
	w.rest = strings.TrimLeft(w.rest, " \t")
	return w.rest != ""
}

func (w *words) next() (string, error) {
	if !w.more() {
		return "", errMissing
	}
	end, err := endOfWord(w.rest)
	word := w.rest[:end]
	w.rest = w.rest[end:]
	return word, err
}

func (w *words) done() error {
	if w.more() {
		return fmt.Errorf("%q is too much", w.rest)
	}
	return nil
}

// fields reads the rest of a line as name=value pairs.
func (w *words) fields() (map[string]any, error) {
	fields := map[string]any{}
	for w.more() {
		word, err := w.next()
		if err != nil {
			return nil, err
		}
		name, text, ok := strings.Cut(word, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want name=value", word)
		}
		value, err := parseValue(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := nested(fields, name, value); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// endOfWord finds the first blank outside quotes and brackets.
func endOfWord(s string) (int, error) {
	quoted, depth := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case (c == ' ' || c == '\t') && depth <= 0:
			return i, nil
		}
	}
	if quoted || depth > 0 {
		return len(s), errors.New("a quote or bracket is not closed on its line")
	}
	return len(s), nil
}

// parseValue reads a value that is written like JSON: see the package comment. The result is built of string, int64, bool,
// nil, []any, map[string]any, Ref and Absent.
func parseValue(text string) (any, error) {
	p := valueParser{s: text}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.blank(); p.i < len(p.s) {
		return nil, fmt.Errorf("%q is too much", p.s[p.i:])
	}
	return v, nil
}

type valueParser struct {
	s string
	i int
}

const maxDepth = 16

func (p *valueParser) blank() {
	for p.i < len(p.s) && strings.IndexByte(" \t", p.s[p.i]) >= 0 {
		p.i++
	}
}

func (p *valueParser) take(c byte) bool {
	if p.blank(); p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *valueParser) value(depth int) (any, error) {
	p.blank()
	switch {
	case depth > maxDepth:
		return nil, fmt.Errorf("more than %d brackets in one another", maxDepth)
	case p.i >= len(p.s):
		return nil, errors.New("a value is missing")
	case p.s[p.i] == '"':
		return p.quoted()
	case p.take('['):
		list := []any{}
		for !p.take(']') {
			if len(list) > 0 && !p.take(',') {
				return nil, errors.New("the entries of a list are parted by commas")
			}
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case p.take('{'):
		return p.object(depth)
	}
	return p.word()
}

func (p *valueParser) object(depth int) (any, error) {
	object := map[string]any{}
	for !p.take('}') {
		if len(object) > 0 && !p.take(',') {
			return nil, errors.New("the fields of an object are parted by commas")
		}
		p.blank()
		start := p.i
		for p.i < len(p.s) && strings.IndexByte(`:,{}[]" `, p.s[p.i]) < 0 {
			p.i++
		}
		name := p.s[start:p.i]
		if name == "" || !p.take(':') {
			return nil, errors.New("a field of an object is written name: value")
		}
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("field %q is said twice", name)
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		object[name] = v
	}
	return object, nil
}

func (p *valueParser) quoted() (any, error) {
	for end := p.i + 1; end < len(p.s); end++ {
		switch p.s[end] {
		case '\\':
			end++
		case '"':
			var text string
			if err := json.Unmarshal([]byte(p.s[p.i:end+1]), &text); err != nil {
				return nil, fmt.Errorf("text %s: %w", p.s[p.i:end+1], err)
			}
			if err := event.CheckText(text); err != nil {
				return nil, err
			}
			p.i = end + 1
			return text, nil
		}
	}
	return nil, errors.New("a quote is not closed")
}

// word reads what has no quotes.
func (p *valueParser) word() (any, error) {
	start := p.i
	for p.i < len(p.s) && strings.IndexByte(`,{}[]":= `+"\t", p.s[p.i]) < 0 {
		p.i++
	}
	word := p.s[start:p.i]
	switch word {
	case "":
		return nil, fmt.Errorf("%q begins no value", p.s[start:])
	case "true", "false":
		return word == "true", nil
	case "null":
		return nil, nil
	case "absent":
		return Absent{}, nil
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil && word[0] != '+' {
		return n, nil
	}
	switch kind, name := word[0], word[1:]; kind {
	case '+':
		d, err := time.ParseDuration(name)
		if err != nil || d < 0 || d%time.Millisecond != 0 {
			return nil, fmt.Errorf("time %q: want one like +90s or +1m30s", word)
		}
		return Ref{'+', strconv.FormatInt(d.Milliseconds(), 10)}, nil
	case '@', '$', '#':
		if !isName(name) {
			return nil, fmt.Errorf("%q names nothing", word)
		}
		return Ref{kind, name}, nil
	}
	if strings.IndexFunc(word, func(r rune) bool { return !isName(string(r)) && r != '.' }) >= 0 {
		return nil, fmt.Errorf("%q must stand in quotes", word)
	}
	return word, nil
}

func knownEvent(typ string) error {
	if _, known := event.TypeOf(typ); !known {
		return fmt.Errorf("there is no event type %q", typ)
	}
	return nil
}

func knownCode(code string) error {
	if !slices.Contains(fault.Codes(), fault.Code(code)) {
		return fmt.Errorf("there is no refusal with the code %q", code)
	}
	return nil
}
