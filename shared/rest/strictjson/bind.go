package strictjson

import (
	"encoding"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"multistream/shared/fault"
	"multistream/shared/limits"
)

// MaxText bounds, in code points, a text whose tag names no limit.
const MaxText = 4000

// Bind fills the struct that into points to. Fields named in path come from the address of the request; the object may
// repeat them, but not contradict them.
func Bind(o Object, path map[string]string, into any) error {
	v := reflect.ValueOf(into).Elem()
	s := shapeOf(v.Type())
	if err := s.bindObject(o, v, path); err != nil {
		return err
	}
	return nil
}

func (s *shape) bindObject(o Object, v reflect.Value, path map[string]string) error {
	given := make([]bool, len(s.fields))
	for _, m := range o.Members {
		i, known := s.byName[m.Name]
		if !known {
			return within(fault.New(fault.UnknownField, "There is no field %q here. Nothing was changed.", m.Name), m.Name)
		}
		f := &s.fields[i]
		if string(m.Raw) == "null" {
			if !f.optional {
				return fault.At(fault.InvalidField, m.Name, "%s must not be null. Nothing was changed.", m.Name)
			}
			continue
		}
		if err := f.shape.bind(m.Raw, v.FieldByIndex(f.index)); err != nil {
			return within(err, m.Name)
		}
		given[i] = true
	}
	for name, text := range path {
		if err := s.bindPath(v, given, name, text); err != nil {
			return err
		}
	}
	for i := range s.fields {
		if f := &s.fields[i]; !given[i] && !f.optional {
			return fault.At(fault.InvalidField, f.name, "%s is missing. Nothing was changed.", f.name)
		}
	}
	return nil
}

func (s *shape) bindPath(v reflect.Value, given []bool, name, text string) error {
	i, known := s.byName[name]
	if !known {
		panic("strictjson: " + s.typ.String() + " has no field for " + name + " of the address")
	}
	f := &s.fields[i]
	sent := reflect.New(f.shape.typ).Elem()
	if err := f.shape.bind([]byte(strconv.Quote(text)), sent); err != nil {
		return within(err, name)
	}
	target := v.FieldByIndex(f.index)
	if given[i] && !reflect.DeepEqual(target.Interface(), sent.Interface()) {
		return fault.At(fault.InvalidField, name, "%s is another one than in the address. Nothing was changed.", name)
	}
	target.Set(sent)
	given[i] = true
	return nil
}

// bind reads one checked value.
func (s *shape) bind(raw []byte, v reflect.Value) error {
	switch s.kind {
	case kindRaw:
		v.SetBytes(raw)
		return nil
	case kindPersonal:
		return s.elem.bind(raw, v.FieldByName("V"))
	case kindPointer:
		v.Set(reflect.New(s.elem.typ))
		return s.elem.bind(raw, v.Elem())
	case kindObject:
		if raw[0] != '{' {
			return wrong("an object")
		}
		var o Object
		if err := (&scanner{data: raw, depthLeft: math.MaxInt}).object(&o); err != nil {
			return err
		}
		return s.bindObject(o, v, nil)
	case kindList:
		return s.bindList(raw, v)
	case kindBool:
		if raw[0] != 't' && raw[0] != 'f' {
			return wrong("true or false")
		}
		v.SetBool(raw[0] == 't')
		return nil
	case kindInt:
		return s.bindInt(raw, v)
	}
	if raw[0] != '"' {
		return wrong("a text")
	}
	text, err := unquote(raw)
	if err != nil {
		return err
	}
	if s.kind == kindID {
		return bindID(text, v)
	}
	return s.bindText(text, v)
}

func wrong(want string) error {
	return fault.New(fault.InvalidField, "This must be %s. Nothing was changed.", want)
}

func bindID(text string, v reflect.Value) error {
	if text == "" {
		return wrong("set; leave it out if there is none")
	}
	if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
		return wrong("in its form (" + err.Error() + ")")
	}
	return nil
}

func (s *shape) bindText(text string, v reflect.Value) error {
	n := utf8.RuneCountInString(text)
	switch {
	case s.rules.enum != nil && !slices.Contains(s.rules.enum, text):
		return wrong("one of " + strings.Join(s.rules.enum, ", "))
	case n < s.limit().Min || n > s.limit().Max:
		return wrong(span(s.limit().Min, s.limit().Max) + " characters long; it has " + strconv.Itoa(n))
	}
	v.SetString(text)
	return nil
}

// limit of a text; one without a tag is bounded too.
func (s *shape) limit() limits.Limit {
	if s.rules.limit != nil {
		return *s.rules.limit
	}
	return limits.Limit{Max: MaxText}
}

func (s *shape) bindInt(raw []byte, v reflect.Value) error {
	const exact = 1<<53 - 1 // what every language reads alike
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < -exact || n > exact || string(raw) == "-0" {
		return wrong("a whole number")
	}
	if l := s.rules.limit; l != nil && (n < int64(l.Min) || n > int64(l.Max)) {
		return wrong(span(l.Min, l.Max))
	}
	v.SetInt(n)
	return nil
}

func (s *shape) bindList(raw []byte, v reflect.Value) error {
	if raw[0] != '[' {
		return wrong("a list")
	}
	most := math.MaxInt
	if s.rules.limit != nil {
		most = s.rules.limit.Max
	}
	list := reflect.MakeSlice(s.typ, 0, 8)
	scan := &scanner{data: raw, at: 1, depthLeft: math.MaxInt}
	for i := 0; ; i++ {
		for scan.space(); scan.peek() == ','; scan.space() {
			scan.at++
		}
		if scan.peek() == ']' {
			break
		}
		if i == most {
			return wrong("a list of " + span(s.rules.limit.Min, most) + " entries; it has more")
		}
		start := scan.at
		if err := scan.value(); err != nil {
			return err
		}
		entry := reflect.New(s.elem.typ).Elem()
		if err := s.elem.bind(raw[start:scan.at], entry); err != nil {
			return within(err, index(i))
		}
		list = reflect.Append(list, entry)
	}
	if s.rules.limit != nil && list.Len() < s.rules.limit.Min {
		return wrong("a list of " + span(s.rules.limit.Min, most) + " entries; it has " + strconv.Itoa(list.Len()))
	}
	v.Set(list)
	return nil
}

func span(least, most int) string { return "from " + strconv.Itoa(least) + " to " + strconv.Itoa(most) }
