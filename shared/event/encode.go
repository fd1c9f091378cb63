package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// Marshal writes JSON without HTML escapes and without a line break at its end, of a value whose personal fields may be open.
func Marshal(v any) ([]byte, error) { return marshal(v) }

// Append is Marshal into a buffer.
func Append(dst []byte, v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	return encoderOf(r.Type())(dst, r)
}

// marshal writes JSON without HTML escapes: byte for byte what encoding/json writes, several times as fast, because every
// command waits for it. Whatever it has no way of its own for (see makeEncoder) encoding/json writes.
func marshal(v any) ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	r := reflect.ValueOf(v)
	return encoderOf(r.Type())(make([]byte, 0, 512), r)
}

// byStandard has encoding/json write a value.
func byStandard(dst []byte, v reflect.Value) ([]byte, error) {
	if v.CanAddr() { // methods of the pointer count, as they do within a larger value
		v = v.Addr()
	}
	buf := bytes.NewBuffer(dst)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v.Interface()); err != nil {
		return nil, err
	}
	return buf.Bytes()[:buf.Len()-1], nil // without the newline
}

// appender is a type that writes its own JSON, as its MarshalJSON would, which encoding/json checks and copies.
type appender interface {
	AppendJSON(dst []byte) ([]byte, error)
}

// held gives a pointer to a value, which is copied if it has no address.
func held[T any](v reflect.Value) *T {
	if v.CanAddr() {
		return v.Addr().Interface().(*T)
	}
	return new(v.Interface().(T))
}

func encodeAppender(dst []byte, v reflect.Value) ([]byte, error) {
	if v.CanAddr() {
		return v.Addr().Interface().(appender).AppendJSON(dst)
	}
	if a, ok := v.Interface().(appender); ok {
		return a.AppendJSON(dst)
	}
	return byStandard(dst, v)
}

func encodeID(dst []byte, v reflect.Value) ([]byte, error) {
	dst, err := held[ID](v).AppendText(append(dst, '"'))
	return append(dst, '"'), err
}

func encodeHash(dst []byte, v reflect.Value) ([]byte, error) {
	return append(hex.AppendEncode(append(dst, '"'), held[Hash](v)[:]), '"'), nil
}

func encodeTime(dst []byte, v reflect.Value) ([]byte, error) {
	dst = append(dst, '"')
	if t := Time(v.Int()); t != 0 {
		dst = t.Std().AppendFormat(dst, isoMillis)
	}
	return append(dst, '"'), nil
}

func encodeText(dst []byte, v reflect.Value) ([]byte, error) { return appendQuoted(dst, v.String()) }

// appendQuoted writes a text. Rare ones (control characters, line separators, what is not UTF-8) are left to encoding/json.
func appendQuoted(dst []byte, s string) ([]byte, error) {
	begin := len(dst)
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
				return byStandard(dst[:begin], reflect.ValueOf(s))
			}
			i += size
			continue
		}
		switch {
		case b == '"' || b == '\\':
			dst = append(append(dst, s[from:i]...), '\\', b)
			from = i + 1
		case b < ' ':
			return byStandard(dst[:begin], reflect.ValueOf(s))
		}
		i++
	}
	return append(append(dst, s[from:]...), '"'), nil
}

func encodeBool(dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendBool(dst, v.Bool()), nil
}

func encodeInt(dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendInt(dst, v.Int(), 10), nil
}

func encodeUint(dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendUint(dst, v.Uint(), 10), nil
}
