package strictjson

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"multistream/shared/limits"
)

// shape is what a Go type may hold and how it is filled. It is made once per type.
type shape struct {
	kind   kind
	typ    reflect.Type
	fields []field // of an object
	byName map[string]int
	elem   *shape // of a list, a pointer, or a personal field
	rules  rules
}

type kind int

const (
	kindText kind = iota
	kindBool
	kindInt
	kindID // a type that reads its own text: ids, times, hashes
	kindList
	kindObject
	kindPointer
	kindPersonal // event.Personal: only the plain value may come from outside
	kindRaw
)

type field struct {
	name     string
	index    []int
	optional bool
	shape    *shape
}

// rules are what the tags say.
type rules struct {
	limit *limits.Limit
	enum  []string
}

var (
	shapes   sync.Map // reflect.Type → *shape
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// shapeOf panics for a type that can't come from outside: a mistake in the code, found by the first test that names it.
func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := makeShape(t, rules{}, rules{})
	shapes.Store(t, s)
	return s
}

// makeShape makes the shape of t; own rules are for the value, each for the entries of a list.
func makeShape(t reflect.Type, own, each rules) *shape {
	s := &shape{typ: t, rules: own}
	switch {
	case t == rawType:
		s.kind = kindRaw
	case strings.HasPrefix(t.Name(), "Personal[") && t.Kind() == reflect.Struct:
		v, _ := t.FieldByName("V")
		s.kind, s.elem = kindPersonal, makeShape(v.Type, own, each)
	case reflect.PointerTo(t).Implements(textType):
		s.kind = kindID
	case t.Kind() == reflect.Pointer:
		s.kind, s.elem = kindPointer, makeShape(t.Elem(), own, each)
	case t.Kind() == reflect.Slice:
		each.enum = append(each.enum, own.enum...)
		s.kind, s.elem, s.rules.enum = kindList, makeShape(t.Elem(), each, rules{}), nil
	case t.Kind() == reflect.String:
		s.kind = kindText
	case t.Kind() == reflect.Bool:
		s.kind = kindBool
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		s.kind = kindInt
	case t.Kind() == reflect.Struct:
		s.kind, s.byName = kindObject, map[string]int{}
		s.addFields(t, nil)
	default:
		panic(fmt.Sprintf("strictjson: %s can't come from outside", t))
	}
	return s
}

// addFields lists the fields of a struct, those of embedded structs in their place.
func (s *shape) addFields(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			s.addFields(f.Type, index)
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			panic(fmt.Sprintf("strictjson: %s.%s has no json name", t, f.Name))
		}
		own := rules{limit: limitNamed(t, f, "limit")}
		if enum := f.Tag.Get("enum"); enum != "" {
			own.enum = strings.Split(enum, ",")
		}
		s.byName[name] = len(s.fields)
		s.fields = append(s.fields, field{
			name: name, index: index, optional: f.Tag.Get("optional") == "true",
			shape: makeShape(f.Type, own, rules{limit: limitNamed(t, f, "each")}),
		})
	}
}

func limitNamed(t reflect.Type, f reflect.StructField, tag string) *limits.Limit {
	name := f.Tag.Get(tag)
	if name == "" {
		return nil
	}
	l, ok := limits.Table[name]
	if !ok {
		panic(fmt.Sprintf("strictjson: %s.%s names the limit %q, which the table does not have", t, f.Name, name))
	}
	return &l
}
