package event

import (
	"bytes"
	"encoding/json"
	"reflect"
)

// Personal is a field that belongs to a person: a name, free text, an answer. In the log and in snapshots it is sealed
// under a key of the person named by the struct tag `personal:"<json name of a sibling field>"` (or `personal:"actor"`);
// rules and screens see it opened. JSON: the plain value; {"keyId","nonce","ciphertext"} when sealed; {"erased":true} when
// the key is gone. T's own JSON must not be an object, or the forms could not be told apart.
type Personal[T any] struct {
	V      T
	Erased bool
	Sealed *Sealed
}

// Text is the commonest personal field.
type Text = Personal[string]

// Plain makes an opened personal field.
func Plain[T any](v T) Personal[T] { return Personal[T]{V: v} }

// IsZero lets `omitzero` leave out an empty field.
func (p Personal[T]) IsZero() bool {
	if p.Erased || p.Sealed != nil {
		return false
	}
	if s, ok := any(&p.V).(*string); ok {
		return *s == ""
	}
	b, err := json.Marshal(p.V)
	return err == nil && (string(b) == `""` || string(b) == "null" || string(b) == "[]")
}

// MarshalJSON writes the form that fits the field's condition.
func (p Personal[T]) MarshalJSON() ([]byte, error) {
	return p.AppendJSON(nil)
}

// AppendJSON is MarshalJSON into a buffer.
func (p *Personal[T]) AppendJSON(dst []byte) ([]byte, error) {
	switch {
	case p.Sealed != nil:
		return p.Sealed.appendJSON(dst), nil
	case p.Erased:
		return append(dst, `{"erased":true}`...), nil
	}
	if s, ok := any(&p.V).(*string); ok {
		return appendQuoted(dst, *s)
	}
	v := reflect.ValueOf(&p.V).Elem()
	return encoderOf(v.Type())(dst, v)
}

// UnmarshalJSON reads any of the three forms. It returns an error for an object that is neither sealed nor erased.
func (p *Personal[T]) UnmarshalJSON(b []byte) error {
	*p = Personal[T]{}
	if trimmed := bytes.TrimLeft(b, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return json.Unmarshal(b, &p.V)
	}
	sealed, erased, err := readSealed(b)
	p.Sealed, p.Erased = sealed, erased
	return err
}

// plaintext, setSealed, sealed, open let Seal and Open work on any Personal[T] through its pointer.
func (p *Personal[T]) plaintext() ([]byte, error)               { return marshal(p.V) }
func (p *Personal[T]) condition() (sealed *Sealed, erased bool) { return p.Sealed, p.Erased }
func (p *Personal[T]) setSealed(s *Sealed)                      { *p = Personal[T]{Sealed: s} }
func (p *Personal[T]) setErased()                               { *p = Personal[T]{Erased: true} }
func (p *Personal[T]) setPlaintext(b []byte) error {
	var v T
	if err := decodeInto(b, &v); err != nil {
		return err
	}
	*p = Personal[T]{V: v}
	return nil
}

type personalField interface {
	plaintext() ([]byte, error)
	condition() (*Sealed, bool)
	setSealed(*Sealed)
	setErased()
	setPlaintext([]byte) error
	IsZero() bool
}
