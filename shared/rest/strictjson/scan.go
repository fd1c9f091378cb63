package strictjson

import (
	"bytes"

	"multistream/shared/fault"
)

// maxName bounds the names of members, so that an error can name them.
const maxName = 100

// scanner checks a document byte by byte. It never looks behind data's end.
type scanner struct {
	data      []byte
	at        int
	depthLeft int
}

// bad says what is wrong at this place.
func (s *scanner) bad(what string) error {
	return fault.New(fault.InvalidBody, "The request is not valid JSON: at byte %d %s. Nothing was changed.", s.at, what)
}

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

func (s *scanner) value() error {
	switch c := s.peek(); {
	case c == '{':
		return s.object(nil)
	case c == '[':
		return s.array()
	case c == '"':
		return s.text()
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.at:], []byte(word)) {
			s.at += len(word)
			return nil
		}
	}
	if s.at >= len(s.data) {
		return s.bad("it ends too early")
	}
	return s.bad("a value is expected")
}

// object checks an object and, with into, keeps its members.
func (s *scanner) object(into *Object) error {
	if s.peek() != '{' {
		return s.bad("an object is expected")
	}
	if s.depthLeft--; s.depthLeft < 0 {
		return s.bad("it is nested too deep")
	}
	s.at++
	seen := names{}
	for s.space(); s.peek() != '}'; s.space() {
		if seen.n > 0 {
			if s.peek() != ',' {
				return s.bad("a comma or } is expected")
			}
			s.at++
			s.space()
		}
		name, err := s.name()
		if err != nil {
			return err
		}
		if seen.add(name) {
			return within(fault.New(fault.InvalidBody, "The field %q comes twice. Nothing was changed.", name), name)
		}
		s.space()
		if s.peek() != ':' {
			return s.bad("a colon is expected")
		}
		s.at++
		s.space()
		start := s.at
		if err := s.value(); err != nil {
			return within(err, name)
		}
		if into != nil {
			into.Members = append(into.Members, Member{Name: name, Raw: s.data[start:s.at]})
		}
	}
	s.at++
	s.depthLeft++
	return nil
}

func (s *scanner) name() (string, error) {
	start := s.at
	if s.peek() != '"' {
		return "", s.bad("a name in quotes is expected")
	}
	if err := s.text(); err != nil {
		return "", err
	}
	if s.at-start > maxName {
		return "", s.bad("a name is too long")
	}
	return unquote(s.data[start:s.at])
}

func (s *scanner) array() error {
	if s.depthLeft--; s.depthLeft < 0 {
		return s.bad("it is nested too deep")
	}
	s.at++
	i := 0
	for s.space(); s.peek() != ']'; s.space() {
		if i > 0 {
			if s.peek() != ',' {
				return s.bad("a comma or ] is expected")
			}
			s.at++
			s.space()
		}
		if err := s.value(); err != nil {
			return within(err, index(i))
		}
		i++
	}
	s.at++
	s.depthLeft++
	return nil
}

func (s *scanner) number() error {
	digits := func() int {
		n := 0
		for ; '0' <= s.peek() && s.peek() <= '9'; n++ {
			s.at++
		}
		return n
	}
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if digits() == 0 {
		return s.bad("a digit is expected")
	}
	if s.peek() == '.' {
		s.at++
		if digits() == 0 {
			return s.bad("a digit is expected")
		}
	}
	if s.peek() == 'e' || s.peek() == 'E' {
		s.at++
		if s.peek() == '+' || s.peek() == '-' {
			s.at++
		}
		if digits() == 0 {
			return s.bad("a digit is expected")
		}
	}
	return nil
}
