package gateway

import (
	"bytes"
	"testing"

	"multistream/shared/event"
	"multistream/shared/limits"
	"multistream/shared/rest/strictjson"
)

func TestSignalsWire(t *testing.T) {
	user, scene := event.NewID(), event.NewID()
	m, ok, err := decodeHeard(encodeSignal(user, &ClientSignal{Pointer: &ClientPointer{SceneID: scene, X: 65535, Y: 258}}))
	if want := (PointerNow{UserID: user, SceneID: scene, X: 65535, Y: 258}); err != nil || !ok || *m.point != want {
		t.Errorf("pointer: %+v, %v", m.point, err)
	}
	for _, audience := range []string{"all", "staff"} {
		m, ok, err = decodeHeard(encodeSignal(user, &ClientSignal{Typing: &ClientTyping{Audience: audience}}))
		if want := (TypingNow{UserID: user, Audience: audience}); err != nil || !ok || *m.typing != want {
			t.Errorf("typing: %+v, %v", m.typing, err)
		}
	}
	m, ok, err = decodeHeard(encodeRoll(scene, []event.ID{user, scene}))
	if err != nil || !ok || m.roll.box != scene || len(m.roll.users) != 2 || m.roll.users[0] != user {
		t.Errorf("roll: %+v, %v", m.roll, err)
	}
	if full := encodeRoll(scene, make([]event.ID, limits.People+1)); len(full) != 2+16*(limits.People+1) {
		t.Errorf("a full roll has %d bytes", len(full))
	}
	for _, newer := range [][]byte{{2, 'p'}, {1, 'z', 1, 2, 3}} {
		if _, ok, err := decodeHeard(newer); ok || err != nil {
			t.Errorf("%v: %v, %v", newer, ok, err)
		}
	}
	for _, bad := range [][]byte{nil, {1}, {1, 'p', 1}, {1, 't'}, append([]byte{1, 't'}, make([]byte, 17)...), {1, 'h'}, append([]byte{1, 'h'}, make([]byte, 17)...)} {
		if _, ok, err := decodeHeard(bad); ok || err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

// FuzzHeard: whatever is on the bus, it is taken exactly or not at all.
func FuzzHeard(f *testing.F) {
	f.Add(encodeRoll(event.NewID(), []event.ID{event.NewID()}))
	f.Add(encodeSignal(event.NewID(), &ClientSignal{Typing: &ClientTyping{Audience: "all"}}))
	f.Add(encodeSignal(event.NewID(), &ClientSignal{Pointer: &ClientPointer{X: 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok, err := decodeHeard(b)
		if !ok || err != nil {
			return
		}
		var again []byte
		switch {
		case m.point != nil:
			again = encodeSignal(m.point.UserID, &ClientSignal{Pointer: &ClientPointer{m.point.SceneID, m.point.X, m.point.Y}})
		case m.typing != nil:
			again = encodeSignal(m.typing.UserID, &ClientSignal{Typing: &ClientTyping{m.typing.Audience}})
		case m.roll != nil:
			again = encodeRoll(m.roll.box, m.roll.users)
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%x was read as %x", b, again)
		}
	})
}

// FuzzSignal: a signal that is taken is within its bounds, and isSignal never takes a command for one.
func FuzzSignal(f *testing.F) {
	for _, seed := range []string{`{"signal":{"typing":{"audience":"all"}}}`, ` { "signal":{"pointer":{"sceneId":"0190a7c8-0000-7000-8000-00000000000c","x":0,"y":65535}}}`,
		`{"command":{}}`, `{"signal"`, `{"signal":{"pointer":{"x":1e3}}}`, `{"signal":{"typing":{}},"signal":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &socket{}
		m, err := s.decodeSignal(data)
		if err == nil {
			switch p := m.Pointer; {
			case len(data) > limits.SignalBytes, (m.Typing == nil) == (p == nil), p != nil && (p.X < 0 || p.X > 65535 || p.Y < 0 || p.Y > 65535),
				m.Typing != nil && m.Typing.Audience != "all" && m.Typing.Audience != "staff":
				t.Errorf("taken: %s", data)
			}
		}
		if o, err := strictjson.Parse(data, limits.JSONDepth); err == nil && len(o.Members) > 0 && o.Members[0].Name == "command" && isSignal(data) {
			t.Errorf("a command was taken for a signal: %s", data)
		}
	})
}
