package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"multistream/shared/fault"
)

// text checks a quoted text: UTF-8, no control characters, no U+0000, surrogates in pairs only.
func (s *scanner) text() error {
	for s.at++; ; {
		switch c := s.peek(); {
		case s.at >= len(s.data):
			return s.bad("a text has no end")
		case c == '"':
			s.at++
			return nil
		case c < 0x20:
			return s.bad("a text has a control character, which must be written as an escape")
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < utf8.RuneSelf:
			s.at++
		default:
			r, size := utf8.DecodeRune(s.data[s.at:])
			if r == utf8.RuneError && size <= 1 {
				return s.bad("a text is not UTF-8")
			}
			s.at += size
		}
	}
}

func (s *scanner) escape() error {
	s.at++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return nil
	case 'u':
	default:
		return s.bad("a text has an unknown escape")
	}
	first, ok := s.hex()
	switch {
	case !ok:
		return s.bad("a text has an escape without four hex digits")
	case first == 0:
		return s.bad("a text has U+0000, which can't be kept")
	case first < 0xd800 || first > 0xdfff:
		return nil
	case first < 0xdc00 && bytes.HasPrefix(s.data[s.at:], []byte(`\u`)):
		s.at++
		if second, ok := s.hex(); ok && 0xdc00 <= second && second <= 0xdfff {
			return nil
		}
	}
	return s.bad("a text has half of a surrogate pair")
}

// hex reads u and four digits.
func (s *scanner) hex() (value int, ok bool) {
	s.at++
	for range 4 {
		c := s.peek() | 0x20
		switch {
		case '0' <= s.peek() && s.peek() <= '9':
			value = value<<4 | int(s.peek()-'0')
		case 'a' <= c && c <= 'f':
			value = value<<4 | int(c-'a'+10)
		default:
			return 0, false
		}
		s.at++
	}
	return value, true
}

// unquote gives the text of a checked quoted text.
func unquote(raw []byte) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fault.New(fault.InvalidBody, "A text can't be read. Nothing was changed.").Because(fmt.Errorf("unquote: %w", err))
	}
	return text, nil
}
