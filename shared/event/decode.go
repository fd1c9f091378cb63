package event

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
)

// decoder reads the next value into v, which is addressable and of the type that the decoder was made for. There is one
// beside encoding/json because logs are read a lot (this is three times as fast), and because names are compared exactly, as
// every other language does.
type decoder func(r *reader, v reflect.Value, depth int) error

var (
	decoders  sync.Map // reflect.Type → decoder
	rawType   = reflect.TypeFor[json.Unmarshaler]()
	plainType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decodeInto reads one JSON value into v, a pointer. Unknown members are ignored; a name that comes twice is an error. null
// leaves a value empty.
func decodeInto(b []byte, v any) error {
	root := reflect.ValueOf(v).Elem()
	r := reader{b: b}
	if err := decoderOf(root.Type())(&r, root, 0); err != nil {
		return fmt.Errorf("byte %d: %w", r.at, err)
	}
	return r.end()
}

func decoderOf(t reflect.Type) decoder {
	if d, ok := decoders.Load(t); ok {
		return d.(decoder)
	}
	d := makeDecoder(t)
	decoders.Store(t, d)
	return d
}

func makeDecoder(t reflect.Type) decoder {
	pointer := reflect.PointerTo(t)
	switch {
	case pointer.Implements(personalType):
		return personalDecoder(decoderOf(t.Field(0).Type))
	case pointer.Implements(rawType):
		return decodeRaw
	case pointer.Implements(plainType):
		return orNull(decodeText)
	}
	switch t.Kind() {
	case reflect.String:
		return orNull(decodeString)
	case reflect.Bool:
		return orNull(decodeBool)
	case reflect.Int, reflect.Int64:
		return orNull(decodeInt)
	case reflect.Pointer:
		return orNull(pointerDecoder(t.Elem()))
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return orNull(sliceDecoder(decoderOf(t.Elem())))
		}
	case reflect.Struct:
		if fields, err := jsonFields(t, nil); err == nil {
			return orNull(structDecoder(fields))
		}
	}
	return decodeRaw // maps, bytes: rare enough
}

// orNull empties the value for null.
func orNull(d decoder) decoder {
	return func(r *reader, v reflect.Value, depth int) error {
		if r.peek() == 'n' {
			v.SetZero()
			return r.word("null")
		}
		return d(r, v, depth)
	}
}

func decodeRaw(r *reader, v reflect.Value, depth int) error {
	raw, err := r.raw(depth)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v.Addr().Interface())
}

func decodeText(r *reader, v reflect.Value, _ int) error {
	raw, escaped, err := r.quoted()
	if err != nil {
		return err
	}
	if escaped {
		return fmt.Errorf("an escape in a %s", v.Type().Name())
	}
	return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(raw)
}

func decodeString(r *reader, v reflect.Value, _ int) error {
	s, err := r.text()
	v.SetString(s)
	return err
}

func decodeBool(r *reader, v reflect.Value, _ int) error {
	yes := r.peek() == 't'
	v.SetBool(yes)
	if yes {
		return r.word("true")
	}
	return r.word("false")
}

func decodeInt(r *reader, v reflect.Value, _ int) error {
	n, err := r.int64()
	if err == nil && v.OverflowInt(n) {
		return errNumber
	}
	v.SetInt(n)
	return err
}

func personalDecoder(plain decoder) decoder {
	return func(r *reader, v reflect.Value, depth int) error {
		v.SetZero()
		if r.peek() != '{' {
			return plain(r, v.Field(0), depth)
		}
		raw, err := r.raw(depth)
		if err != nil {
			return err
		}
		field := v.Addr().Interface().(personalField)
		sealed, erased, err := readSealed(raw)
		switch {
		case err != nil:
			return err
		case erased:
			field.setErased()
		default:
			field.setSealed(sealed)
		}
		return nil
	}
}

func pointerDecoder(t reflect.Type) decoder {
	elem := decoderOf(t)
	return func(r *reader, v reflect.Value, depth int) error {
		v.Set(reflect.New(t))
		return elem(r, v.Elem(), depth)
	}
}

func sliceDecoder(elem decoder) decoder {
	return func(r *reader, v reflect.Value, depth int) error {
		if depth > maxNested {
			return errNested
		}
		v.Set(reflect.MakeSlice(v.Type(), 0, 4))
		return r.items(func() error {
			n := v.Len()
			if n == v.Cap() {
				v.Grow(1)
			}
			v.SetLen(n + 1)
			return elem(r, v.Index(n), depth+1)
		})
	}
}

type fieldDecoder struct {
	name   string
	index  []int
	decode decoder
}

func structDecoder(fields []reflect.StructField) decoder {
	byPlace := make([]fieldDecoder, len(fields))
	byName := make(map[string]int, len(fields))
	for i, f := range fields {
		byPlace[i] = fieldDecoder{jsonName(f), f.Index, decoderOf(f.Type)}
		byName[byPlace[i].name] = i
	}
	return func(r *reader, v reflect.Value, depth int) error {
		if depth > maxNested {
			return errNested
		}
		v.SetZero()
		next := 0 // members mostly come in the order of the fields
		return r.members(func(name []byte) error {
			if next == len(byPlace) || byPlace[next].name != string(name) {
				at, known := byName[string(name)]
				if !known {
					return r.skip(depth + 1)
				}
				next = at
			}
			f := &byPlace[next]
			next++
			if err := f.decode(r, v.FieldByIndex(f.index), depth+1); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			return nil
		})
	}
}
