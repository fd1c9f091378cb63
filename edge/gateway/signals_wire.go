package gateway

import (
	"encoding/binary"
	"fmt"

	"multistream/shared/event"
	"multistream/shared/limits"
)

// What boxes tell one another about a class. Every message begins with the level of this language and its kind; readers
// pass over what they do not know.
//
//	1, 'p', user, scene, x uint16, y uint16        points
//	1, 't', user, 'a' or 's'                       types, to all or to staff
//	1, 'h', box, users …                           who has a connection to that box: all of them, each time
//
// Ids are 16 bytes, numbers big-endian. Level 1: 2026-11-28.
const signalLevel = 1

const idBytes = len(event.ID{})

// heard is a message of the bus.
type heard struct {
	point  *PointerNow
	typing *TypingNow
	roll   *roll
}

// roll says who has a connection to a box.
type roll struct {
	box   event.ID
	users []event.ID
}

// encodeSignal writes what somebody signals.
func encodeSignal(user event.ID, m *ClientSignal) []byte {
	if t := m.Typing; t != nil {
		return append(append([]byte{signalLevel, 't'}, user[:]...), t.Audience[0])
	}
	p := m.Pointer
	b := append(append([]byte{signalLevel, 'p'}, user[:]...), p.SceneID[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(p.X))
	return binary.BigEndian.AppendUint16(b, uint16(p.Y))
}

func encodeRoll(box event.ID, users []event.ID) []byte {
	users = users[:min(len(users), limits.People)]
	b := make([]byte, 2, 2+idBytes*(1+len(users)))
	b[0], b[1] = signalLevel, 'h'
	b = append(b, box[:]...)
	for i := range users {
		b = append(b, users[i][:]...)
	}
	return b
}

// decodeHeard reads a message of the bus; ok is false where there is nothing in it for this level.
func decodeHeard(b []byte) (out heard, ok bool, err error) {
	if len(b) < 2 {
		return out, false, fmt.Errorf("a signal of %d bytes", len(b))
	}
	if b[0] != signalLevel {
		return out, false, nil
	}
	kind, rest := b[1], b[2:]
	want := map[byte]int{'p': 2*idBytes + 4, 't': idBytes + 1}[kind]
	switch {
	case want > 0 && len(rest) != want,
		kind == 'h' && (len(rest) < idBytes || len(rest)%idBytes != 0 || len(rest) > idBytes*(1+limits.People)):
		return out, false, fmt.Errorf("a signal %q of %d bytes", kind, len(b))
	}
	switch kind {
	case 'p':
		out.point = &PointerNow{UserID: event.ID(rest), SceneID: event.ID(rest[idBytes:]),
			X: int(binary.BigEndian.Uint16(rest[2*idBytes:])), Y: int(binary.BigEndian.Uint16(rest[2*idBytes+2:]))}
	case 't':
		audience := map[byte]string{'a': "all", 's': "staff"}[rest[idBytes]]
		if audience == "" {
			return out, false, fmt.Errorf("typing to %q", rest[idBytes])
		}
		out.typing = &TypingNow{UserID: event.ID(rest), Audience: audience}
	case 'h':
		r := &roll{box: event.ID(rest), users: make([]event.ID, 0, len(rest)/idBytes-1)}
		for at := idBytes; at < len(rest); at += idBytes {
			r.users = append(r.users, event.ID(rest[at:]))
		}
		out.roll = r
	default:
		return out, false, nil
	}
	return out, true, nil
}
