package event

import (
	"fmt"
	"reflect"
	"sync"
)

// Member is one field of a struct as Marshal writes it.
type Member struct {
	Name string // with quotes and colon
	JSON []byte // the value
}

var memberLists sync.Map // reflect.Type → []memberEncoder

// Members encodes the struct that v points to field by field: name and value after each other, joined by commas in braces,
// they are what Marshal gives. So whoever shows nearly the same to many encodes once what is the same.
func Members(v any) ([]Member, error) {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Pointer || r.IsNil() || r.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("the fields of a %T can't be encoded one by one: it is no pointer to a struct", v)
	}
	r = r.Elem()
	list, ok := memberLists.Load(r.Type())
	if !ok {
		made, plain := membersOf(r.Type(), nil, map[reflect.Type]bool{r.Type(): true})
		if !plain {
			return nil, fmt.Errorf("the fields of a %T can't be encoded one by one: encoding/json has rules for them", v)
		}
		list, _ = memberLists.LoadOrStore(r.Type(), made)
	}
	var out []Member
	for _, m := range list.([]memberEncoder) {
		field := r
		for _, n := range m.index {
			field = field.Field(n)
		}
		if m.omit != nil && m.omit(field) {
			continue
		}
		b, err := m.value(nil, field)
		if err != nil {
			return nil, err
		}
		out = append(out, Member{m.name, b})
	}
	return out, nil
}
