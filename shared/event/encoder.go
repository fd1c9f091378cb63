package event

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"sync"
)

// An encoder appends the JSON of a value of one type.
type encoder func(dst []byte, v reflect.Value) ([]byte, error)

var encoders sync.Map // reflect.Type → encoder

// encoderOf gives the encoder of a type, made once.
func encoderOf(t reflect.Type) encoder {
	if known, ok := encoders.Load(t); ok {
		return known.(encoder)
	}
	made, _ := encoders.LoadOrStore(t, makeEncoder(t, map[reflect.Type]bool{}))
	return made.(encoder)
}

var (
	appenderType      = reflect.TypeFor[appender]()
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	zeroerType        = reflect.TypeFor[interface{ IsZero() bool }]()
)

// makeEncoder makes the encoder of a type within others. Types that contain themselves, maps, floats, bytes and types with a
// JSON of their own that is not known here are left to encoding/json.
func makeEncoder(t reflect.Type, within map[reflect.Type]bool) encoder {
	switch t {
	case reflect.TypeFor[ID]():
		return encodeID
	case reflect.TypeFor[Time]():
		return encodeTime
	case reflect.TypeFor[Hash]():
		return encodeHash
	}
	kind, pointer := t.Kind(), reflect.PointerTo(t)
	switch {
	case kind == reflect.Pointer && !within[t]:
		return makePointerEncoder(t, within)
	case kind == reflect.Interface && t.NumMethod() == 0:
		return encodeInterface
	case kind == reflect.Interface || kind == reflect.Pointer || within[t]:
		return byStandard
	case pointer.Implements(appenderType):
		return encodeAppender
	case pointer.Implements(marshalerType) || pointer.Implements(textMarshalerType):
		return byStandard
	}
	within[t] = true
	defer delete(within, t)
	switch kind {
	case reflect.String:
		if t == reflect.TypeFor[json.Number]() {
			return byStandard
		}
		return encodeText
	case reflect.Bool:
		return encodeBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return encodeInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return encodeUint
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 { // base64
			return byStandard
		}
		return makeListEncoder(t, within)
	case reflect.Array:
		return makeListEncoder(t, within)
	case reflect.Struct:
		return makeStructEncoder(t, within)
	}
	return byStandard
}

func makePointerEncoder(t reflect.Type, within map[reflect.Type]bool) encoder {
	within[t] = true
	defer delete(within, t)
	element := makeEncoder(t.Elem(), within)
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return element(dst, v.Elem())
	}
}

func encodeInterface(dst []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	return encoderOf(v.Elem().Type())(dst, v.Elem())
}

func makeListEncoder(t reflect.Type, within map[reflect.Type]bool) encoder {
	element := makeEncoder(t.Elem(), within)
	return func(dst []byte, v reflect.Value) (_ []byte, err error) {
		if v.Kind() == reflect.Slice && v.IsNil() {
			return append(dst, "null"...), nil
		}
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = element(dst, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
}

// memberEncoder writes one field of a struct.
type memberEncoder struct {
	index []int
	name  string // with quotes and colon
	omit  func(reflect.Value) bool
	value encoder
}

func makeStructEncoder(t reflect.Type, within map[reflect.Type]bool) encoder {
	members, ok := membersOf(t, nil, within)
	names := map[string]bool{}
	for _, m := range members {
		ok = ok && !names[m.name]
		names[m.name] = true
	}
	if !ok {
		return byStandard
	}
	return func(dst []byte, v reflect.Value) (_ []byte, err error) {
		begin := len(dst)
		dst = append(dst, '{')
		for i := range members {
			m := &members[i]
			field := v
			for _, n := range m.index {
				field = field.Field(n)
			}
			if m.omit != nil && m.omit(field) {
				continue
			}
			if len(dst) > begin+1 {
				dst = append(dst, ',')
			}
			if dst, err = m.value(append(dst, m.name...), field); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	}
}

// membersOf lists the fields of a struct and of those embedded in it, in order; false where encoding/json has rules for them
// that are not written down here.
func membersOf(t reflect.Type, prefix []int, within map[reflect.Type]bool) (out []memberEncoder, ok bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		index := append(prefix[:len(prefix):len(prefix)], i)
		if f.Anonymous {
			inner, ok := []memberEncoder(nil), false
			if f.Type.Kind() == reflect.Struct && tag == "" && !within[f.Type] {
				inner, ok = membersOf(f.Type, index, within)
			}
			if !ok {
				return nil, false
			}
			out = append(out, inner...)
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = f.Name
		}
		m := memberEncoder{index: index, name: `"` + name + `":`, value: makeEncoder(f.Type, within)}
		switch options {
		case "":
		case "omitempty":
			m.omit = empty
		case "omitzero":
			m.omit = zeroOf(f.Type)
		default:
			return nil, false
		}
		if m.omit == nil && options != "" || strings.ContainsFunc(name, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_'
		}) {
			return nil, false
		}
		out = append(out, m)
	}
	return out, true
}

// empty is what omitempty means.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// zeroOf is what omitzero means for a type; nil where that is not written down here.
func zeroOf(t reflect.Type) func(reflect.Value) bool {
	switch {
	case t == reflect.TypeFor[ID]() || !reflect.PointerTo(t).Implements(zeroerType) && !t.Implements(zeroerType):
		return reflect.Value.IsZero
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		return nil
	}
	return func(v reflect.Value) bool {
		if !v.CanAddr() {
			copied := reflect.New(t).Elem()
			copied.Set(v)
			v = copied
		}
		return v.Addr().Interface().(interface{ IsZero() bool }).IsZero()
	}
}
