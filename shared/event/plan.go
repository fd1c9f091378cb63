package event

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// plan says where in values of one Go type the texts and the personal fields are, so that a walk touches nothing else. It
// is made once per type. A nil plan means that there is nothing to find.
type plan struct {
	kind     reflect.Kind // Struct, Slice, Array, Map, Pointer, Interface, String
	personal bool         // the type itself is a Personal[T]; elem is T's plan
	seals    bool         // a personal field is here or below
	fields   []fieldPlan  // of a struct; embedded ones in the flat form that JSON gives them
	elem     *plan        // of a slice, array, map, pointer or Personal
}

type fieldPlan struct {
	index  []int
	name   string // in JSON
	plan   *plan
	person []int // personal:"…": index of the field that names the person; nil: the actor
	actor  []int // personalActor:"…": index of the field that names the actor for everything below; nil: unchanged
}

var (
	plans        sync.Map // reflect.Type → planned
	idType       = reflect.TypeFor[ID]()
	personalType = reflect.TypeFor[personalField]()
	jsonType     = reflect.TypeFor[json.Marshaler]()
	textType     = reflect.TypeFor[encoding.TextMarshaler]()
)

type planned struct {
	plan *plan
	err  error
}

// planOf gives the plan of a type. It returns an error for a type whose tags name no sibling, and for one that contains
// itself.
func planOf(t reflect.Type) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(planned).plan, p.(planned).err
	}
	p, err := makePlan(t, map[reflect.Type]bool{})
	plans.Store(t, planned{p, err})
	return p, err
}

func makePlan(t reflect.Type, within map[reflect.Type]bool) (*plan, error) {
	switch {
	case reflect.PointerTo(t).Implements(personalType):
		elem, err := makePlan(t.Field(0).Type, within)
		return &plan{kind: reflect.Struct, personal: true, seals: true, elem: elem}, err
	case t.Implements(jsonType), t.Implements(textType):
		return nil, nil // writes its own text: ids, times, hashes
	}
	switch t.Kind() {
	case reflect.String:
		return &plan{kind: reflect.String}, nil
	case reflect.Interface:
		return &plan{kind: reflect.Interface, seals: true}, nil // known when it is walked
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
		elem, err := makePlan(t.Elem(), within)
		keys := t.Kind() == reflect.Map && t.Key() != idType
		if err != nil || elem == nil && !keys {
			return nil, err
		}
		return &plan{kind: t.Kind(), elem: elem, seals: elem != nil && elem.seals}, nil
	case reflect.Struct:
		if within[t] {
			return nil, fmt.Errorf("type %s contains itself", t)
		}
		within[t] = true
		defer delete(within, t)
		return makeStructPlan(t, within)
	}
	return nil, nil
}

func makeStructPlan(t reflect.Type, within map[reflect.Type]bool) (*plan, error) {
	all, err := jsonFields(t, nil)
	if err != nil {
		return nil, err
	}
	byName := map[string]reflect.StructField{}
	for _, f := range all {
		name := jsonName(f)
		if _, twice := byName[name]; twice {
			return nil, fmt.Errorf("type %s has two fields %q", t, name)
		}
		byName[name] = f
	}
	sibling := func(f reflect.StructField, tag string) ([]int, error) {
		named, ok := byName[tag]
		if !ok || named.Type != idType {
			return nil, fmt.Errorf("type %s: tag of %s names %q, which is no id beside it", t, f.Name, tag)
		}
		return named.Index, nil
	}
	p := &plan{kind: reflect.Struct}
	for _, f := range all {
		below, err := makePlan(f.Type, within)
		if err != nil {
			return nil, err
		}
		if below == nil {
			continue
		}
		fp := fieldPlan{index: f.Index, name: jsonName(f), plan: below}
		switch tag := f.Tag.Get("personal"); {
		case below.personal && tag == "", !below.personal && tag != "":
			return nil, fmt.Errorf("type %s: field %s must be a Personal with a tag `personal`, or neither", t, f.Name)
		case tag != "" && tag != "actor":
			if fp.person, err = sibling(f, tag); err != nil {
				return nil, err
			}
		}
		if tag := f.Tag.Get("personalActor"); tag != "" {
			if fp.actor, err = sibling(f, tag); err != nil {
				return nil, err
			}
		}
		p.fields = append(p.fields, fp)
		p.seals = p.seals || below.seals
	}
	if len(p.fields) == 0 {
		return nil, nil
	}
	return p, nil
}

// jsonFields lists the fields that encoding/json writes, those of embedded structs in the place of the struct.
func jsonFields(t reflect.Type, prefix []int) ([]reflect.StructField, error) {
	var out []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		f.Index = append(append([]int(nil), prefix...), i)
		tag := f.Tag.Get("json")
		switch {
		case tag == "-":
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			inner, err := jsonFields(f.Type, f.Index)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
		case f.Anonymous && tag == "":
			return nil, fmt.Errorf("type %s embeds %s, which is not a struct", t, f.Type)
		case f.IsExported():
			out = append(out, f)
		}
	}
	return out, nil
}

func jsonName(f reflect.StructField) string {
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}
