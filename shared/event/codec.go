package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// MaxPayload is the most bytes of JSON that a payload may have.
const MaxPayload = 1 << 20

// ErrPayload says that bytes can't be the payload of an event.
var ErrPayload = errors.New("not a payload")

// Encode gives the bytes of a payload (or of a stored state) as they are kept: JSON without HTML escapes. It returns an
// error for text that isn't UTF-8 or has U+0000, for numbers that aren't integers, for more than MaxPayload bytes of an event's
// payload, and for a personal field that isn't sealed: what is written is written for ever.
func Encode(payload any) ([]byte, error) {
	b, err := EncodeState(payload)
	if err != nil {
		return nil, err
	}
	if len(b) > MaxPayload {
		return nil, fmt.Errorf("encode %T: %w: %d bytes, at most %d", payload, ErrPayload, len(b), MaxPayload)
	}
	return b, nil
}

// EncodeState is Encode without the limit of size.
func EncodeState(state any) ([]byte, error) {
	if err := refusePlain(state); err != nil {
		return nil, fmt.Errorf("encode %T: %w", state, err)
	}
	if err := CheckText(state); err != nil {
		return nil, fmt.Errorf("encode %T: %w", state, err)
	}
	b, err := marshal(state)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if err := checkTokens(b); err != nil {
		return nil, fmt.Errorf("encode %T: %w", state, err)
	}
	return b, nil
}

// refusePlain returns an error naming the first personal field that should have been sealed.
func refusePlain(v any) error {
	root, p, err := rootOf(v)
	if err != nil || p == nil || !p.seals {
		return err
	}
	w := newWalker(Context{}, false)
	w.visit = func(f personalField, _ reflect.Value, _ ID, _ []byte) error {
		if sealed, erased := f.condition(); sealed == nil && !erased && !f.IsZero() {
			return fmt.Errorf("personal field %s is not sealed", w.path())
		}
		return nil
	}
	return w.walk(root, p, ID{})
}

// Decode reads a payload into a new struct of its type, personal fields as they are stored. It gives nil without an error for a
// type, or a version of a type, that only newer programs know. Fields that it does not know are ignored.
func Decode(typeName string, version int64, payload []byte) (any, error) {
	t, known := TypeOf(typeName)
	if !known || version > int64(t.Version) {
		return nil, nil
	}
	if version < 1 {
		return nil, fmt.Errorf("%s: %w: version %d", typeName, ErrPayload, version)
	}
	if err := checkOutside(payload); err != nil {
		return nil, fmt.Errorf("%s: %w", typeName, err)
	}
	p := t.New()
	if err := json.Unmarshal(payload, p); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", typeName, ErrPayload, err)
	}
	if err := checkTokens(payload); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", typeName, ErrPayload, err)
	}
	return p, nil
}

// OpenEvent decodes an event and opens its personal fields. After an error that wraps ErrNoKey or ErrTampered the event
// given back is complete but for the fields that the error names, which are still sealed; after any other its Payload is nil.
func OpenEvent(e *Event, keys KeyRing) (Opened, error) {
	o := Opened{Type: e.Type, Version: e.SchemaVersion, Epoch: e.Epoch, Sequence: e.Sequence, ActorID: e.ActorID, CreatedAt: e.CreatedAt}
	p, err := Decode(e.Type, e.SchemaVersion, e.Payload)
	if err != nil {
		return o, fmt.Errorf("sequence %d: %w", e.Sequence, err)
	}
	o.Payload = p
	if p == nil {
		return o, nil
	}
	if err := Open(p, e.Context(), keys); err != nil {
		return o, fmt.Errorf("sequence %d, %s: %w", e.Sequence, e.Type, err)
	}
	return o, nil
}

// CheckPayload returns an error if b can't be the payload of an event of any type: one JSON object of at most MaxPayload
// bytes, UTF-8, all numbers integers, no text with U+0000 or a lone surrogate.
func CheckPayload(b []byte) error {
	if err := checkOutside(b); err != nil {
		return err
	}
	if !json.Valid(b) {
		return fmt.Errorf("%w: broken JSON", ErrPayload)
	}
	if err := checkTokens(b); err != nil {
		return fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return nil
}

// checkOutside checks what needs no parsing.
func checkOutside(b []byte) error {
	if len(b) > MaxPayload {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrPayload, len(b), MaxPayload)
	}
	if first := bytes.TrimLeft(b, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return fmt.Errorf("%w: no JSON object", ErrPayload)
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("%w: %w", ErrPayload, ErrText)
	}
	return nil
}

// checkTokens looks through valid JSON for fractions, exponents, and escapes of U+0000 and of lone surrogates.
func checkTokens(b []byte) error {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			end, err := checkQuoted(b, i)
			if err != nil {
				return err
			}
			i = end
		case c == '.', c == 'E', c == 'e' && i > 0 && '0' <= b[i-1] && b[i-1] <= '9':
			return errors.New("a number has a fraction or an exponent")
		}
	}
	return nil
}

// checkQuoted checks the text that begins at b[i] and gives the place of its closing quote.
func checkQuoted(b []byte, i int) (end int, err error) {
	for i++; b[i] != '"'; i++ {
		if b[i] != '\\' {
			continue
		}
		if i++; b[i] != 'u' {
			continue
		}
		unit := hexUnit(b[i+1:])
		i += 4
		switch {
		case unit == 0:
			return 0, ErrText
		case unit >= 0xdc00 && unit < 0xe000:
			return 0, ErrText
		case unit >= 0xd800 && unit < 0xdc00:
			if low := b[i+1:]; low[0] != '\\' || low[1] != 'u' || hexUnit(low[2:]) < 0xdc00 || hexUnit(low[2:]) >= 0xe000 {
				return 0, ErrText
			}
			i += 6
		}
	}
	return i, nil
}

// hexUnit reads the four hex digits of an escape, in either case, that valid JSON has there.
func hexUnit(b []byte) (unit int) {
	for _, c := range b[:4] {
		unit = unit<<4 | int(hexValue(c|0x20)&15)
	}
	return unit
}
