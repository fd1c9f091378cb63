package event

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// reader goes through JSON once. It is stricter than encoding/json: numbers are integers that every language can hold, no name
// comes twice in an object, and no text has U+0000 or a lone surrogate. That all of it is UTF-8 must be checked before.
type reader struct {
	b  []byte
	at int
}

// maxNested is how deep values may be nested, as in encoding/json.
const maxNested = 10000

var (
	errSyntax = errors.New("broken JSON")
	errNumber = errors.New("a number is not an integer from -(2^53-1) to 2^53-1, or is -0")
	errNested = errors.New("nested too deep")
)

// peek gives the first byte of the next token, 0 at the end.
func (r *reader) peek() byte {
	for r.at < len(r.b) {
		switch c := r.b[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// take moves past c, if it is next.
func (r *reader) take(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.at++
	return true
}

// word moves past true, false or null.
func (r *reader) word(w string) error {
	if r.peek(); len(r.b)-r.at < len(w) || string(r.b[r.at:r.at+len(w)]) != w {
		return errSyntax
	}
	r.at += len(w)
	return nil
}

// end returns an error if something follows.
func (r *reader) end() error {
	if r.peek() != 0 || r.at < len(r.b) {
		return errSyntax
	}
	return nil
}

// number reads an integer's digits.
func (r *reader) number() ([]byte, error) {
	r.peek()
	start := r.at
	if r.at < len(r.b) && r.b[r.at] == '-' {
		r.at++
	}
	first := r.at
	for r.at < len(r.b) && '0' <= r.b[r.at] && r.b[r.at] <= '9' {
		r.at++
	}
	digits := r.at - first
	if digits == 0 || digits > 1 && r.b[first] == '0' {
		return nil, errSyntax
	}
	if r.at < len(r.b) && (r.b[r.at] == '.' || r.b[r.at]|0x20 == 'e') {
		return nil, errNumber
	}
	const largest = "9007199254740991"
	text := r.b[start:r.at]
	switch magnitude := r.b[first:r.at]; {
	case string(text) == "-0":
		return nil, errNumber
	case digits > len(largest), digits == len(largest) && string(magnitude) > largest:
		return nil, errNumber
	}
	return text, nil
}

func (r *reader) int64() (int64, error) {
	digits, err := r.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0, errNumber
	}
	return n, nil
}

// quoted gives what lies between the quotes, and whether there are escapes in it. The escapes have been checked.
func (r *reader) quoted() (text []byte, escaped bool, err error) {
	if !r.take('"') {
		return nil, false, errSyntax
	}
	start := r.at
	for r.at < len(r.b) {
		switch c := r.b[r.at]; {
		case c == '"':
			r.at++
			return r.b[start : r.at-1], escaped, nil
		case c == '\\':
			escaped = true
			if err := r.escape(); err != nil {
				return nil, false, err
			}
		case c < 0x20:
			return nil, false, errSyntax
		default:
			r.at++
		}
	}
	return nil, false, errSyntax
}

// escape moves past one escape, a pair of surrogates counting as one.
func (r *reader) escape() error {
	if r.at+1 >= len(r.b) {
		return errSyntax
	}
	switch r.b[r.at+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		r.at += 2
		return nil
	case 'u':
		_, size, err := codePoint(r.b[r.at:])
		r.at += size
		return err
	}
	return errSyntax
}

// codePoint reads \uXXXX, or two of them that are a pair of surrogates. It refuses U+0000 and a lone surrogate.
func codePoint(b []byte) (c rune, size int, err error) {
	high, ok := hexUnit(b)
	switch {
	case !ok:
		return 0, 0, errSyntax
	case high == 0:
		return 0, 0, ErrText
	case !utf16.IsSurrogate(high):
		return high, 6, nil
	}
	low, ok := hexUnit(b[6:])
	if c = utf16.DecodeRune(high, low); !ok || c == utf8.RuneError {
		return 0, 0, ErrText
	}
	return c, 12, nil
}

func hexUnit(b []byte) (unit rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		if 'A' <= c && c <= 'F' {
			c |= 0x20
		}
		digit := hexValue(c)
		if digit > 15 {
			return 0, false
		}
		unit = unit<<4 | rune(digit)
	}
	return unit, true
}

// text reads a quoted text.
func (r *reader) text() (string, error) {
	raw, escaped, err := r.quoted()
	if err != nil || !escaped {
		return string(raw), err
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		switch i++; raw[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			c, size, err := codePoint(raw[i-1:])
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, c)
			i += size - 2
		default: // quote, backslash, slash
			out = append(out, raw[i])
		}
	}
	return string(out), nil
}

// skip moves past any value, checking it.
func (r *reader) skip(depth int) error {
	if depth > maxNested {
		return errNested
	}
	switch r.peek() {
	case '{':
		return r.members(func([]byte) error { return r.skip(depth + 1) })
	case '[':
		return r.items(func() error { return r.skip(depth + 1) })
	case '"':
		_, _, err := r.quoted()
		return err
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	}
	_, err := r.number()
	return err
}

// raw gives the bytes of the next value.
func (r *reader) raw(depth int) ([]byte, error) {
	r.peek()
	start := r.at
	err := r.skip(depth)
	return r.b[start:r.at], err
}

// nameSet finds the name that comes twice in an object. Most objects have few names, which need no map.
type nameSet struct {
	few  [][]byte
	many map[string]bool
}

const fewNames = 12

func (s *nameSet) add(name []byte) error {
	twice := s.many[string(name)]
	for _, other := range s.few {
		twice = twice || string(other) == string(name)
	}
	switch {
	case twice:
		return fmt.Errorf("name %q comes twice", clip(string(name)))
	case len(s.few) < fewNames:
		s.few = append(s.few, name)
		return nil
	case s.many == nil:
		s.many = map[string]bool{}
	}
	s.many[string(name)] = true
	return nil
}

// name reads the name of a member, without its escapes.
func (r *reader) name() ([]byte, error) {
	if r.peek() != '"' {
		return nil, errSyntax
	}
	start := r.at
	raw, escaped, err := r.quoted()
	if err != nil || !escaped {
		return raw, err
	}
	inner := reader{b: r.b[start:r.at]}
	text, err := inner.text()
	return []byte(text), err
}

// members reads an object; value is called at each value, with its name.
func (r *reader) members(value func(name []byte) error) error {
	if !r.take('{') {
		return errSyntax
	}
	if r.take('}') {
		return nil
	}
	var few [fewNames][]byte
	seen := nameSet{few: few[:0]}
	for {
		name, err := r.name()
		if err != nil {
			return err
		}
		if err := seen.add(name); err != nil {
			return err
		}
		if !r.take(':') {
			return errSyntax
		}
		if err := value(name); err != nil {
			return err
		}
		if r.take('}') {
			return nil
		}
		if !r.take(',') {
			return errSyntax
		}
	}
}

// items reads an array; item is called at each item.
func (r *reader) items(item func() error) error {
	if !r.take('[') {
		return errSyntax
	}
	if r.take(']') {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if r.take(']') {
			return nil
		}
		if !r.take(',') {
			return errSyntax
		}
	}
}
