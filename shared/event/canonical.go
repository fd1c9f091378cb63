package event

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// CanonicalJSON gives the one form of v's JSON that digests are made over: RFC 8785 (names sorted by UTF-16 code units, no
// white space, shortest escapes) with integers between -(2^53-1) and 2^53-1 only, as every language reads them alike. It returns
// an error for other numbers, a name that comes twice, and text that isn't UTF-8 or has U+0000.
func CanonicalJSON(v any) ([]byte, error) {
	if err := CheckText(v); err != nil {
		return nil, fmt.Errorf("canonical JSON of %T: %w", v, err)
	}
	b, err := marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("canonical JSON of %T: %w", v, ErrText)
	}
	r := reader{b: b}
	out, err := appendCanonical(make([]byte, 0, len(b)), &r, 0)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON of %T: %w", v, err)
	}
	return out, r.end()
}

func appendCanonical(out []byte, r *reader, depth int) ([]byte, error) {
	if depth > maxNested {
		return out, errNested
	}
	switch c := r.peek(); {
	case c == '{':
		return appendObject(out, r, depth)
	case c == '[':
		out = append(out, '[')
		err := r.items(func() (err error) {
			if out[len(out)-1] != '[' {
				out = append(out, ',')
			}
			out, err = appendCanonical(out, r, depth+1)
			return err
		})
		return append(out, ']'), err
	case c == '"':
		s, err := r.text()
		return appendText(out, s), err
	}
	word, err := r.raw(depth)
	return append(out, word...), err
}

type member struct {
	name  string
	units []uint16 // the name in UTF-16, which sorts it
	value []byte
}

func appendObject(out []byte, r *reader, depth int) ([]byte, error) {
	var members []member
	var values []byte
	err := r.members(func(raw []byte) error {
		name, start, err := string(raw), len(values), error(nil)
		values, err = appendCanonical(values, r, depth+1)
		members = append(members, member{name: name, units: utf16.Encode([]rune(name)), value: values[start:]})
		return err
	})
	if err != nil {
		return out, err
	}
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.units, b.units) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendText(out, m.name)
		out = append(out, ':')
		out = append(out, m.value...)
	}
	return append(out, '}'), nil
}

// appendText quotes s as JSON.stringify does: only quotes, backslashes and control characters are escaped.
func appendText(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	const short = "\b\t\n\f\r"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"', c == '\\':
			b = append(b, '\\', c)
		case c >= 0x20:
			b = append(b, c)
		default:
			if at := bytes.IndexByte([]byte(short), c); at >= 0 {
				b = append(b, '\\', "btnfr"[at])
			} else {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
	}
	return append(b, '"')
}
