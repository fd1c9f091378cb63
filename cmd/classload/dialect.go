package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"multistream/cmd/classload/ledger"
)

// meaning is what a message from a server is for the load.
type meaning int

const (
	events  meaning = iota // or anything else that is looked through for marks
	welcome                // the socket is where the class is
	answer                 // to the command that is on its way
	refusal
	knock // wants the same back
)

// dialect is how a server is spoken to.
type dialect interface {
	hello() []byte                               // what a client says first; nil: nothing
	publish(key, mark string, size int) []byte   // a command whose event has about so many bytes and holds the mark
	size(message []byte) int                     // bytes of the event in a message with one
	split(message []byte, each func(one []byte)) // a message may be several
	mean(one []byte) meaning
}

func dialectOf(name string) (dialect, error) {
	switch name {
	case "multistream":
		return &multistream{}, nil
	case "centrifuge":
		return centrifuge{}, nil
	case "plain":
		return plain{}, nil
	}
	return nil, fmt.Errorf("protocol %q: want multistream, centrifuge or plain", name)
}

// multistream is the product's socket, as /api/socket.schema.json describes it.
type multistream struct{ around int } // bytes of an event of note.add without its content, measured by the first one

func (*multistream) hello() []byte { return nil }

func (m *multistream) publish(key, mark string, size int) []byte {
	return command("note.add", key, map[string]string{"content": mark + strings.Repeat("x", max(size-m.around-len(mark), 0)), "audience": "all"})
}

func command(kind, key string, payload any) []byte {
	b, err := json.Marshal(map[string]any{"command": map[string]any{"type": kind, "key": key, "payload": payload}})
	if err != nil {
		panic("classload: a command that can't be encoded: " + err.Error())
	}
	return b
}

func (*multistream) size(message []byte) int {
	begin := bytes.Index(message, []byte(`"events":[`))
	return max(len(message)-begin-len(`"events":[`)-len("]}"), 0)
}

func (*multistream) split(message []byte, each func([]byte)) { each(message) }

func (*multistream) mean(one []byte) meaning {
	switch {
	case bytes.HasPrefix(one, []byte(`{"epoch":`)):
		if bytes.Contains(one[:min(len(one), 120)], []byte(`"view":`)) {
			return welcome
		}
		return events
	case bytes.HasPrefix(one, []byte(`{"reply":`)):
		return answer
	case bytes.HasPrefix(one, []byte(`{"error":`)):
		return refusal
	}
	return events
}

// centrifuge is the JSON protocol of the library of that name, with a subscription that the server makes.
type centrifuge struct{}

func (centrifuge) hello() []byte { return []byte(`{"id":1,"connect":{}}`) }

func (centrifuge) publish(_, mark string, size int) []byte {
	return fmt.Appendf(nil, `{"id":2,"publish":{"channel":"class","data":%s}}`, data(mark, size))
}

// data is a JSON object of so many bytes.
func data(mark string, size int) string {
	const around = len(`{"text":""}`)
	return `{"text":"` + mark + strings.Repeat("x", max(size-around-len(mark), 0)) + `"}`
}

func (centrifuge) size(message []byte) int {
	_, rest, _ := bytes.Cut(message, []byte(`"data":`))
	return bytes.IndexByte(rest, '}') + 1 // data is flat
}

func (centrifuge) split(message []byte, each func([]byte)) {
	for len(message) > 0 {
		one, rest, _ := bytes.Cut(message, []byte{'\n'})
		each(one)
		message = rest
	}
}

func (centrifuge) mean(one []byte) meaning {
	switch {
	case bytes.HasPrefix(one, []byte(`{"push":`)):
		return events
	case bytes.HasPrefix(one, []byte(`{"id":1,"connect":`)):
		return welcome
	case bytes.HasPrefix(one, []byte(`{"id":2,"publish":`)):
		return answer
	case bytes.HasPrefix(one, []byte(`{"id":`)):
		return refusal
	case len(one) == len(`{}`):
		return knock
	}
	return events
}

// plain is the floor's: what a client sends is sent to all, and answered.
type plain struct{}

func (plain) hello() []byte { return nil }

func (plain) publish(_, mark string, size int) []byte { return []byte(data(mark, size)) }

func (plain) size(message []byte) int { return len(message) }

func (plain) split(message []byte, each func([]byte)) { each(message) }

func (plain) mean(one []byte) meaning {
	switch {
	case bytes.HasPrefix(one, []byte(`{"done":`)):
		return answer
	case bytes.HasPrefix(one, []byte(`{"ready":`)):
		return welcome
	}
	return events
}

// shortest is the least size that an event of a dialect may have.
func shortest(d dialect) int {
	if m, ok := d.(*multistream); ok {
		return m.around + ledger.MarkSize
	}
	return len(data("", 0)) + ledger.MarkSize
}
