package event

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// walker goes through a value along its plan and calls visit for each personal field.
type walker struct {
	// visit is told the field, its person (absent: nobody is named) and the AAD, which ends with the path.
	visit func(f personalField, value reflect.Value, person ID, aad []byte) error
	// copying leaves the value given untouched below its root: what leads to a personal field is copied before it is changed.
	copying bool
	aad     []byte // document prefix ‖ path so far
	prefix  int    // length of the document prefix
}

// path is the way to the field that is visited, in JSON names and indices.
func (w *walker) path() string { return string(w.aad[w.prefix:]) }

func (w *walker) down(name string) int {
	mark := len(w.aad)
	if mark > w.prefix {
		w.aad = append(w.aad, '.')
	}
	w.aad = append(w.aad, name...)
	return mark
}

func (w *walker) downIndex(i int) int {
	mark := len(w.aad)
	if mark > w.prefix {
		w.aad = append(w.aad, '.')
	}
	w.aad = strconv.AppendInt(w.aad, int64(i), 10)
	return mark
}

// walk visits the personal fields of v, which must be addressable.
func (w *walker) walk(v reflect.Value, p *plan, actor ID) error {
	if p == nil || !p.seals {
		return nil
	}
	switch p.kind {
	case reflect.Struct:
		return w.walkStruct(v, p, actor)
	case reflect.Slice, reflect.Array:
		if w.copying && p.kind == reflect.Slice && !v.IsNil() {
			own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(own, v)
			v.Set(own)
		}
		for i := range v.Len() {
			mark := w.downIndex(i)
			if err := w.walk(v.Index(i), p.elem, actor); err != nil {
				return err
			}
			w.aad = w.aad[:mark]
		}
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		w.own(v)
		return w.walk(v.Elem(), p.elem, actor)
	case reflect.Map:
		return w.walkMap(v, p, actor)
	case reflect.Interface:
		return w.walkInterface(v, actor)
	}
	return nil
}

// own replaces the pointer v by one to a copy of what it points to, when copying.
func (w *walker) own(v reflect.Value) {
	if w.copying {
		copied := reflect.New(v.Type().Elem())
		copied.Elem().Set(v.Elem())
		v.Set(copied)
	}
}

func (w *walker) walkStruct(v reflect.Value, p *plan, actor ID) error {
	for i := range p.fields {
		f := &p.fields[i]
		if !f.plan.seals {
			continue
		}
		mark := w.down(f.name)
		inner := actor
		if f.actor != nil {
			inner = v.FieldByIndex(f.actor).Interface().(ID)
		}
		field := v.FieldByIndex(f.index)
		var err error
		if f.plan.personal {
			person := inner
			if f.person != nil {
				if named := v.FieldByIndex(f.person).Interface().(ID); !named.IsZero() {
					person = named
				}
			}
			err = w.visit(field.Addr().Interface().(personalField), field, person, w.aad)
		} else {
			err = w.walk(field, f.plan, inner)
		}
		if err != nil {
			return err
		}
		w.aad = w.aad[:mark]
	}
	return nil
}

// walkMap works on copies of the values, which a map does not let change in place.
func (w *walker) walkMap(v reflect.Value, p *plan, actor ID) error {
	if v.IsNil() {
		return nil
	}
	out := v
	if w.copying {
		out = reflect.MakeMapWithSize(v.Type(), v.Len())
	}
	for keys := v.MapRange(); keys.Next(); {
		name, err := keyText(keys.Key())
		if err != nil {
			return err
		}
		mark := w.down(name)
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(keys.Value())
		if err := w.walk(value, p.elem, actor); err != nil {
			return err
		}
		out.SetMapIndex(keys.Key(), value)
		w.aad = w.aad[:mark]
	}
	if w.copying {
		v.Set(out)
	}
	return nil
}

func (w *walker) walkInterface(v reflect.Value, actor ID) error {
	if v.IsNil() {
		return nil
	}
	held := v.Elem()
	p, err := planOf(held.Type())
	if err != nil || p == nil || !p.seals {
		return err
	}
	if held.Kind() != reflect.Pointer {
		return fmt.Errorf("%s: a %s with personal fields must be held by a pointer", w.path(), held.Type())
	}
	if held.IsNil() {
		return nil
	}
	pointer := reflect.New(held.Type()).Elem()
	pointer.Set(held)
	w.own(pointer)
	v.Set(pointer)
	return w.walk(pointer.Elem(), p.elem, actor)
}

// keyText gives a map's key as JSON writes it.
func keyText(key reflect.Value) (string, error) {
	if key.Kind() == reflect.String {
		return key.String(), nil
	}
	if m, ok := key.Interface().(encoding.TextMarshaler); ok {
		b, err := m.MarshalText()
		return string(b), err
	}
	return "", errors.New("map keys must be texts or ids")
}
