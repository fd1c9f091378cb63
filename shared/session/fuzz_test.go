package session_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"multistream/shared/classscript"
	"multistream/shared/event"
	"multistream/shared/session"
)

// FuzzApply folds events of any type with any content in any order, as they might lie in a log that a newer or a broken
// program wrote. Nothing panics, each event moves the position, and one that says nothing moves nothing else; a state can
// be kept and read again whatever it was made of.
func FuzzApply(f *testing.F) {
	f.Add([]byte("everything begins"))
	for i := range event.Types() {
		f.Add(slices.Concat([]byte{byte(i), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, bytes.Repeat([]byte{byte(i), 255, 3}, 20)))
	}
	types := event.Types()
	ids := []event.ID{{}, classscript.NameID("Rivera"), classscript.NameID("Tom"), classscript.NameID("Ada"), classscript.NameID("thing"), classscript.NameID("other")}
	f.Fuzz(func(t *testing.T, data []byte) {
		src := &bytesSource{data: data, ids: ids}
		s := session.New(classscript.NameID("class"))
		views := []*session.State{}
		for _, viewer := range []session.Viewer{{UserID: ids[2], Role: "assistant", Standing: session.StandingStaff},
			{UserID: ids[3], Role: "student", Standing: session.StandingMember}, {UserID: ids[3], Standing: session.StandingOut}} {
			views = append(views, session.ViewAs(s, viewer))
		}
		for n := 0; len(src.data) > 0 && n < 30; n++ {
			e := event.Opened{Epoch: 1 + int64(src.byte()%2), Sequence: s.Sequence + 1 + int64(src.byte()%3), ActorID: src.id(), CreatedAt: classscript.Epoch + event.Time(n)}
			if k := int(src.byte()); k < len(types) {
				payload := types[k].New()
				src.fill(reflect.ValueOf(payload).Elem(), 0)
				e.Type, e.Version, e.Payload = types[k].Name, 1, payload
			} else if e.Type = "newer.kind"; k%2 == 0 {
				e.Type = types[k%len(types)].Name // without a payload: a version that is not known here
			}
			take(t, s, e)
			for i, v := range views {
				take(t, v, e)
				if v.Private != nil || v.Viewer == nil {
					t.Fatalf("%s: view %d became something else", e.Type, i)
				}
			}
			session.Deliver(s, &e)
			for _, u := range ids {
				session.View(s, u)
			}
		}
	})
}

// take applies e and holds what must be so whatever it says.
func take(t *testing.T, s *session.State, e event.Opened) {
	t.Helper()
	var before []byte
	if e.Payload == nil {
		before = encoded(t, s)
	}
	session.Apply(s, e)
	after := encoded(t, s)
	if s.Sequence != e.Sequence || s.Epoch != e.Epoch {
		t.Fatalf("%s: the position is %d.%d, want %d.%d", e.Type, s.Epoch, s.Sequence, e.Epoch, e.Sequence)
	}
	again := new(session.State)
	if err := json.Unmarshal(after, again); err != nil {
		t.Fatalf("%s: the state can't be read again: %v", e.Type, err)
	}
	if kept := encoded(t, again); !bytes.Equal(kept, after) {
		t.Fatalf("%s: kept and read again\n%s\nwant\n%s", e.Type, kept, after)
	}
	if e.Payload == nil {
		var still session.State
		if err := json.Unmarshal(before, &still); err != nil {
			t.Fatal(err)
		}
		if still.Epoch, still.Sequence = e.Epoch, e.Sequence; still.Private != nil {
			still.Private.At = e.CreatedAt
		}
		if got := encoded(t, &still); !bytes.Equal(got, after) {
			t.Fatalf("%s without a payload changed\n%s\nto\n%s", e.Type, before, after)
		}
	}
	session.Apply(s, e) // a repeat
	if got := encoded(t, s); !bytes.Equal(got, after) {
		t.Fatalf("%s twice changed\n%s\nto\n%s", e.Type, after, got)
	}
}

// FuzzStoredState: what a snapshot holds is read to an end; what was read is written and read again the same, sealed or not.
func FuzzStoredState(f *testing.F) {
	for _, s := range scripts(f) {
		rules := classscript.NewRules(s.People)
		if _, err := classscript.Run(s, rules); err != nil {
			f.Fatal(err)
		}
		if len(rules.Log) > 60 {
			continue
		}
		f.Add(encoded(f, rules.State))
		sealed, err := event.SealCopy(rules.State, event.SnapshotContext(event.ID{1}, rules.State.SessionID, event.Position{Epoch: 1, Sequence: 1}), newRing())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded(f, sealed))
	}
	f.Add([]byte(`{"viewer":null,"roster":{"people":[{"displayName":{"erased":true}}]},"private":{"votes":{"x":{"y":[1]}}}}`))
	f.Fuzz(func(t *testing.T, stored []byte) {
		s := new(session.State)
		if json.Unmarshal(stored, s) != nil {
			return
		}
		_ = event.Open(s, event.SnapshotContext(event.ID{1}, s.SessionID, event.Position{Epoch: 1, Sequence: 1}), newRing())
		kept, err := json.Marshal(s)
		if err != nil {
			return // times and ids that no class has
		}
		again := new(session.State)
		if err := json.Unmarshal(kept, again); err != nil {
			t.Fatalf("%s can't be read again: %v", kept, err)
		}
		if got := encoded(t, again); !bytes.Equal(got, kept) {
			t.Fatalf("read again\n%s\nwant\n%s", got, kept)
		}
	})
}

// bytesSource makes values of the bytes of a fuzzer.
type bytesSource struct {
	data []byte
	ids  []event.ID
}

func (b *bytesSource) byte() byte {
	if len(b.data) == 0 {
		return 0
	}
	v := b.data[0]
	b.data = b.data[1:]
	return v
}

func (b *bytesSource) id() event.ID { return b.ids[int(b.byte())%len(b.ids)] }

var fuzzWords = strings.Fields("all staff user draw erase student teacher assistant message question hand report recording chat off text pen deleted kill_switch")

func (b *bytesSource) fill(v reflect.Value, depth int) {
	switch x := v.Addr().Interface().(type) {
	case *event.ID:
		*x = b.id()
		return
	case *event.Hash:
		x[0] = b.byte()
		return
	case *event.Text:
		*x = event.Text{Erased: b.byte()%4 == 0}
		if !x.Erased {
			x.V = fuzzWords[int(b.byte())%len(fuzzWords)]
		}
		return
	case *event.Personal[[]string]:
		if x.Erased = b.byte()%4 == 0; !x.Erased {
			b.fill(v.Field(0), depth)
		}
		return
	case *event.Personal[[]int]:
		if x.Erased = b.byte()%4 == 0; !x.Erased {
			b.fill(v.Field(0), depth)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			b.fill(v.Field(i), depth+1)
		}
	case reflect.String:
		v.SetString(fuzzWords[int(b.byte())%len(fuzzWords)])
	case reflect.Bool:
		v.SetBool(b.byte()%2 == 1)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(int8(b.byte())))
	case reflect.Slice:
		n := int(b.byte() % 4)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			b.fill(v.Index(i), depth+1)
		}
	case reflect.Pointer:
		if b.byte()%3 > 0 && depth < 5 {
			v.Set(reflect.New(v.Type().Elem()))
			b.fill(v.Elem(), depth+1)
		}
	}
}
