package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep canonical JSON may be nested.
const maxDepth = 100

// CanonicalJSON gives the one form of v's JSON that digests are made over: RFC 8785 (names sorted by UTF-16 code units, no
// white space, shortest escapes) with integers between -(2^53-1) and 2^53-1 only, as every language reads them alike. It returns an error for
// other numbers, a name that comes twice, text that isn't UTF-8 or has U+0000, and nesting deeper than 100.
func CanonicalJSON(v any) ([]byte, error) {
	if err := CheckText(v); err != nil {
		return nil, fmt.Errorf("canonical JSON of %T: %w", v, err)
	}
	b, err := marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	c := canonical{in: b, out: make([]byte, 0, len(b))}
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("canonical JSON of %T: %w", v, ErrText)
	}
	if err := c.value(0); err != nil {
		return nil, fmt.Errorf("canonical JSON of %T: %w", v, err)
	}
	return c.out, nil
}

// canonical rewrites compact, valid JSON.
type canonical struct {
	in  []byte
	at  int
	out []byte
}

func (c *canonical) value(depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deep")
	}
	switch ch := c.in[c.at]; {
	case ch == '{':
		return c.object(depth)
	case ch == '[':
		return c.array(depth)
	case ch == '"':
		s, err := c.text()
		if err != nil {
			return err
		}
		c.out = appendText(c.out, s)
		return nil
	case ch == '-' || '0' <= ch && ch <= '9':
		return c.number()
	}
	start := c.at // true, false, null
	for c.at < len(c.in) && 'a' <= c.in[c.at] && c.in[c.at] <= 'z' {
		c.at++
	}
	c.out = append(c.out, c.in[start:c.at]...)
	return nil
}

func (c *canonical) number() error {
	start := c.at
	for c.at < len(c.in) && c.in[c.at] != ',' && c.in[c.at] != '}' && c.in[c.at] != ']' {
		c.at++
	}
	text := c.in[start:c.at]
	digits := bytes.TrimPrefix(text, []byte("-"))
	const largest = "9007199254740991"
	switch {
	case bytes.ContainsAny(text, ".eE"), string(text) == "-0":
		return fmt.Errorf("number %s: want an integer", clip(string(text)))
	case len(digits) > len(largest), len(digits) == len(largest) && string(digits) > largest:
		return fmt.Errorf("number %s: beyond ±%s", clip(string(text)), largest)
	}
	c.out = append(c.out, text...)
	return nil
}

// text reads a quoted text, escapes resolved.
func (c *canonical) text() (string, error) {
	end, err := checkQuoted(c.in, c.at)
	if err != nil {
		return "", err
	}
	quoted := c.in[c.at : end+1]
	c.at = end + 1
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	err = json.Unmarshal(quoted, &s)
	return s, err
}

func (c *canonical) array(depth int) error {
	c.out = append(c.out, '[')
	for c.at++; c.in[c.at] != ']'; {
		if c.in[c.at] == ',' {
			c.out = append(c.out, ',')
			c.at++
		}
		if err := c.value(depth + 1); err != nil {
			return err
		}
	}
	c.at++
	c.out = append(c.out, ']')
	return nil
}

type member struct {
	name  string
	units []uint16 // the name in UTF-16, which sorts it
	value []byte
}

func (c *canonical) object(depth int) error {
	outer := c.out
	var members []member
	for c.at++; c.in[c.at] != '}'; {
		if c.in[c.at] == ',' {
			c.at++
		}
		name, err := c.text()
		if err != nil {
			return err
		}
		c.at++ // ':'
		c.out = nil
		if err := c.value(depth + 1); err != nil {
			return err
		}
		members = append(members, member{name: name, units: utf16.Encode([]rune(name)), value: c.out})
	}
	c.at++
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.units, b.units) })
	c.out = append(outer, '{')
	for i, m := range members {
		if i > 0 {
			if m.name == members[i-1].name {
				return fmt.Errorf("name %q comes twice", clip(m.name))
			}
			c.out = append(c.out, ',')
		}
		c.out = appendText(c.out, m.name)
		c.out = append(c.out, ':')
		c.out = append(c.out, m.value...)
	}
	c.out = append(c.out, '}')
	return nil
}

// appendText quotes s as JSON.stringify does: only quotes, backslashes and control characters are escaped.
func appendText(b []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch ch := s[i]; ch {
		case '"', '\\':
			b = append(b, '\\', ch)
		case '\b':
			b = append(b, '\\', 'b')
		case '\t':
			b = append(b, '\\', 't')
		case '\n':
			b = append(b, '\\', 'n')
		case '\f':
			b = append(b, '\\', 'f')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			if ch < 0x20 {
				b = append(b, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
			} else {
				b = append(b, ch)
			}
		}
	}
	return append(b, '"')
}
