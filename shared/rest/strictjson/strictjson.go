// Package strictjson reads what clients send: JSON of which every byte is accounted for, into Go structs whose tags say
// what each field may hold.
//
// Refused are broken UTF-8, U+0000, lone surrogates, names that come twice, unknown fields, wrong types, numbers that are
// not whole, missing fields, values beyond their limit, deep nesting, and anything after the document. Errors are
// *fault.Fault and name the field by its path, like operations[3].stroke.points. Tags, beside json:
//
//	limit:"name"    limits.Table: code points of a text, entries of a list, value of a number
//	each:"name"     the same for each entry of a list
//	enum:"a,b"      the only texts allowed; for a list, of its entries
//	optional:"true" may be absent or null
package strictjson

import (
	"strconv"

	"multistream/shared/fault"
)

// Member is one field of an object as it was sent.
type Member struct {
	Name string
	Raw  []byte // its value, checked
}

// Object is a checked JSON object. Each name is there once.
type Object struct {
	Members []Member
}

// Parse checks a whole document, which must be an object nested at most maxDepth deep. It keeps parts of data.
func Parse(data []byte, maxDepth int) (Object, error) {
	s := &scanner{data: data, depthLeft: maxDepth}
	s.space()
	if s.at < len(data) && data[s.at] != '{' {
		return Object{}, fault.New(fault.InvalidBody, "The request must be a JSON object. Nothing was changed.")
	}
	var o Object
	if err := s.object(&o); err != nil {
		return Object{}, err
	}
	s.space()
	if s.at != len(data) {
		return Object{}, s.bad("there is more after the end of the JSON object")
	}
	return o, nil
}

// Get gives a member's raw value, nil if it is absent.
func (o Object) Get(name string) []byte {
	for _, m := range o.Members {
		if m.Name == name {
			return m.Raw
		}
	}
	return nil
}

// Without gives the object with some members left out.
func (o Object) Without(names ...string) Object {
	var out Object
	for _, m := range o.Members {
		keep := true
		for _, n := range names {
			keep = keep && m.Name != n
		}
		if keep {
			out.Members = append(out.Members, m)
		}
	}
	return out
}

// Text reads a member that must be a text; ok is false where it is absent.
func (o Object) Text(name string) (text string, ok bool, err error) {
	raw := o.Get(name)
	if raw == nil {
		return "", false, nil
	}
	if raw[0] != '"' {
		return "", false, fault.At(fault.InvalidField, name, "%s must be a text. Nothing was changed.", name)
	}
	text, err = unquote(raw)
	return text, err == nil, err
}

// within puts a field's name before the path of an error about something in it.
func within(err error, name string) error {
	f := fault.Of(err)
	g := *f
	switch {
	case f.Field == "":
		g.Field = name
	case f.Field[0] == '[':
		g.Field = name + f.Field
	default:
		g.Field = name + "." + f.Field
	}
	return &g
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }
