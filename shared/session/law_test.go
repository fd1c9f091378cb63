package session

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"multistream/shared/event"
)

// checkLaw holds the rules to their law, after every event and for every viewer: the view of the full state is the same,
// byte for byte, as the one that the viewer's client has folded from the copies that it got, and AppendView encodes it so; and a full state that went
// through its JSON form before every event is the same as one that never did. A fresh view replaces the folded one only
// where Deliver says so. Without viewers it checks everybody whose id is a userId of any event, and an outsider.
func checkLaw(t *testing.T, session event.ID, events []event.Opened, viewers ...event.ID) {
	t.Helper()
	if len(viewers) == 0 {
		viewers = append(peopleOf(t, events), who("an outsider"))
	}
	s := New(session)
	stored := asJSON(t, s)
	folded := map[event.ID]*State{}
	for _, p := range viewers {
		folded[p] = fresh(t, s, p)
	}
	for _, e := range events {
		again := new(State)
		if err := json.Unmarshal(stored, again); err != nil {
			t.Fatalf("%d %s: reading the state back: %v", e.Sequence, e.Type, err)
		}
		Apply(s, e)
		Apply(again, e)
		if stored = asJSON(t, s); string(stored) != string(asJSON(t, again)) {
			t.Fatalf("%d %s: folded on from a stored state\n%s\nwithout\n%s", e.Sequence, e.Type, asJSON(t, again), stored)
		}
		before := asJSON(t, e.Payload)
		d := Deliver(s, &e)
		if after := asJSON(t, e.Payload); string(before) != string(after) {
			t.Fatalf("%d %s: Deliver changed the payload\n%s\nto\n%s", e.Sequence, e.Type, before, after)
		}
		for _, p := range viewers {
			folded[p] = follow(t, s, &d, &e, p, folded[p])
			want, got := asJSON(t, View(s, p)), asJSON(t, folded[p])
			if string(want) != string(got) {
				t.Fatalf("%d %s: view of %s as %s\nwant %s\ngot  %s", e.Sequence, e.Type, p, View(s, p).Viewer.Standing, want, got)
			}
			if err := appended(s, p); err != nil {
				t.Fatalf("%d %s: %v", e.Sequence, e.Type, err)
			}
			checkSeen(t, s, p)
		}
	}
}

// appended holds AppendView to View: what is encoded once for many is what everybody would get by themselves.
func appended(s *State, viewer event.ID) error {
	want, err := event.Marshal(View(s, viewer))
	if err != nil {
		return err
	}
	if got, err := AppendView([]byte("before"), s, viewer); err != nil || string(got) != "before"+string(want) {
		return fmt.Errorf("the view of %s is encoded as\n%s, %v\nin place of\n%s", viewer, got, err, want)
	}
	return nil
}

// checkSeen holds signals to the roster: who may be named in them to somebody is in that person's list, and nobody is
// named to who is not in the class.
func checkSeen(t *testing.T, s *State, viewer event.ID) {
	t.Helper()
	view := View(s, viewer)
	for i := range s.Roster.People {
		p := &s.Roster.People[i]
		staff, members := SeenBy(s, p.UserID)
		listed := view.present(p.UserID) != nil
		switch standing := view.Viewer.Standing; {
		case standing == StandingStaff && staff != listed && p.UserID != viewer, standing == StandingMember && members != listed && p.UserID != viewer:
			t.Fatalf("%d: to %s as %s signals name %s: staff %v, members %v; the list of people: %v", s.Sequence, viewer, standing, p.UserID, staff, members, listed)
		}
	}
}

// follow does what a client does with what it gets of an event.
func follow(t *testing.T, s *State, d *Delivery, e *event.Opened, p event.ID, view *State) *State {
	t.Helper()
	if d.RefreshAll || slices.Contains(d.Refresh, p) {
		return fresh(t, s, p)
	}
	standing, _ := StandingOf(s, p)
	c := d.For(e, p, standing)
	if c == nil {
		Advance(view, e.Epoch, e.Sequence)
		return view
	}
	received := new(event.Copy)
	if err := json.Unmarshal(asJSON(t, c), received); err != nil {
		t.Fatalf("%d %s: reading the copy for %s: %v", e.Sequence, e.Type, p, err)
	}
	Apply(view, received.Opened())
	return view
}

// fresh gives a view as a client receives it.
func fresh(t *testing.T, s *State, p event.ID) *State {
	t.Helper()
	v, err := CopyState(View(s, p))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// peopleOf finds everybody that a payload names as userId or that wrote an event.
func peopleOf(t *testing.T, events []event.Opened) []event.ID {
	t.Helper()
	var out []event.ID
	add := func(id event.ID) {
		if !id.IsZero() && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, e := range events {
		add(e.ActorID)
		if v := reflect.Indirect(reflect.ValueOf(e.Payload)); v.Kind() == reflect.Struct {
			if f := v.FieldByName("UserID"); f.IsValid() {
				if id, ok := f.Interface().(event.ID); ok {
					add(id)
				}
			}
		}
	}
	return out
}
