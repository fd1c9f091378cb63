package event

import (
	"bytes"
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
	if err := decodeInto(payload, p); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", typeName, ErrPayload, err)
	}
	return p, nil
}

// OpenEvent decodes an event and opens its personal fields. After an error that wraps ErrNoKey or ErrTampered the event
// given back is complete but for the fields that the error names, which are still sealed; after any other its Payload is nil.
func OpenEvent(e *Event, keys KeyRing) (Opened, error) {
	var opened keyCache
	return openEvent(e, keys, &opened)
}

// OpenEvents is OpenEvent for many events of one session, and faster: each key is asked for once, so a key that is destroyed
// meanwhile may still open the rest. All events are given back; the errors are joined.
func OpenEvents(events []Event, keys KeyRing) ([]Opened, error) {
	var cache keyCache
	out := make([]Opened, len(events))
	var failed []error
	for i := range events {
		if e := &events[i]; e.TenantID != events[0].TenantID {
			return nil, fmt.Errorf("open events: sequence %d is of another tenant", e.Sequence)
		}
		var err error
		if out[i], err = openEvent(&events[i], keys, &cache); err != nil && len(failed) < maxFailures {
			failed = append(failed, err)
		}
	}
	return out, errors.Join(failed...)
}

func openEvent(e *Event, keys KeyRing, cache *keyCache) (Opened, error) {
	o := Opened{Type: e.Type, Version: e.SchemaVersion, Epoch: e.Epoch, Sequence: e.Sequence, ActorID: e.ActorID, CreatedAt: e.CreatedAt}
	p, err := Decode(e.Type, e.SchemaVersion, e.Payload)
	if err != nil {
		return o, fmt.Errorf("sequence %d: %w", e.Sequence, err)
	}
	o.Payload = p
	if p == nil {
		return o, nil
	}
	if err := open(p, e.Context(), keys, cache); err != nil {
		return o, fmt.Errorf("sequence %d, %s: %w", e.Sequence, e.Type, err)
	}
	return o, nil
}

// CheckPayload returns an error if b can't be the payload of an event of any type: one JSON object of at most MaxPayload
// bytes, UTF-8, all numbers integers within ±(2^53-1), no name twice in an object, no text with U+0000 or a lone surrogate.
func CheckPayload(b []byte) error {
	if err := checkOutside(b); err != nil {
		return err
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

// checkTokens returns an error for what is no JSON, a number that is no integer within ±(2^53-1), a name that comes twice, and
// escapes of U+0000 and of lone surrogates.
func checkTokens(b []byte) error {
	r := reader{b: b}
	if err := r.skip(0); err != nil {
		return err
	}
	return r.end()
}
