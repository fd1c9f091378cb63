package event

import (
	"bytes"
	"slices"
)

// KeyIDs gives the ids of the keys that seal fields of a payload, each once, in order of their first field. It finds the form that
// Encode writes, in which a sealed field begins with its key: a text of JSON can't hold these bytes.
func KeyIDs(payload []byte) []ID {
	var out []ID
	for {
		at := bytes.Index(payload, []byte(sealedStart))
		if at < 0 {
			return out
		}
		payload = payload[at+len(sealedStart):]
		if len(payload) < 37 || payload[36] != '"' {
			continue
		}
		if id, err := ParseID(string(payload[:36])); err == nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
}
