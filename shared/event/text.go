package event

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// ErrText says that a text can't be kept: it isn't UTF-8 (a lone surrogate is not), or has U+0000.
var ErrText = errors.New("text must be UTF-8 without U+0000")

// CheckText returns an error naming the first text in v, wherever it is, that is not UTF-8 or has U+0000. Go's JSON would
// replace such text silently.
func CheckText(v any) error {
	if s, ok := v.(string); ok {
		return checkString(s, "")
	}
	value := reflect.ValueOf(v)
	if !value.IsValid() {
		return nil
	}
	p, err := planOf(value.Type())
	if err != nil {
		return err
	}
	return checkTexts(value, p, "")
}

func checkString(s, name string) error {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return nil
	}
	if name == "" {
		return ErrText
	}
	return fmt.Errorf("field %s: %w", name, ErrText)
}

// checkTexts reports by the nearest JSON name only: who made the text knows where it put it.
func checkTexts(v reflect.Value, p *plan, name string) error {
	if p == nil {
		return nil
	}
	switch {
	case p.personal:
		return checkTexts(v.Field(0), p.elem, name)
	case p.kind == reflect.String:
		return checkString(v.String(), name)
	case p.kind == reflect.Struct:
		for i := range p.fields {
			if err := checkTexts(v.FieldByIndex(p.fields[i].index), p.fields[i].plan, p.fields[i].name); err != nil {
				return err
			}
		}
	case p.kind == reflect.Slice, p.kind == reflect.Array:
		for i := range v.Len() {
			if err := checkTexts(v.Index(i), p.elem, name); err != nil {
				return err
			}
		}
	case p.kind == reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if key := entries.Key(); key.Kind() == reflect.String {
				if err := checkString(key.String(), name); err != nil {
					return err
				}
			}
			if err := checkTexts(entries.Value(), p.elem, name); err != nil {
				return err
			}
		}
	case p.kind == reflect.Pointer && !v.IsNil():
		return checkTexts(v.Elem(), p.elem, name)
	case p.kind == reflect.Interface && !v.IsNil():
		below, err := planOf(v.Elem().Type())
		if err != nil {
			return err
		}
		return checkTexts(v.Elem(), below, name)
	}
	return nil
}
