package gateway

import (
	"encoding/json"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"multistream/shared/limits"
	"multistream/shared/rest"
	"multistream/shared/rest/strictjson"
)

// ServerMessage is anything that the socket sends; exactly one kind a message.
const serverMessage = "ServerMessage"

// SocketSchema gives the JSON Schema of the socket's messages: $defs/ClientMessage and $defs/ServerMessage.
func SocketSchema() []byte {
	s := socketSchema(rest.Opened)
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("gateway: socket schema: " + err.Error())
	}
	return append(b, '\n')
}

// socketSchema makes the schema; shape is applied to what the server sends.
func socketSchema(shape func(*jsonschema.Schema) *jsonschema.Schema) *jsonschema.Schema {
	integer := &jsonschema.Schema{Type: "integer"}
	head := func(with map[string]*jsonschema.Schema, required ...string) *jsonschema.Schema {
		with["epoch"], with["from"], with["upTo"] = integer.CloneSchemas(), integer.CloneSchemas(), integer.CloneSchemas()
		return closed(with, append(required, "epoch", "from", "upTo")...)
	}
	text := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }
	defs := map[string]*jsonschema.Schema{
		"View": shape(viewSchema()),
		"Copy": closed(map[string]*jsonschema.Schema{
			"type": text(), "version": integer, "epoch": integer.CloneSchemas(), "sequence": integer.CloneSchemas(), "actorId": {Type: "string", Format: "uuid"},
			"createdAt": {Type: "string", Format: "date-time"}, "payload": {Type: "object", Description: "as the schema of the type and version says, reduced to what one may see"},
		}, "type", "version", "epoch", "sequence", "createdAt", "payload"),
		"EventsFrame": head(map[string]*jsonschema.Schema{"events": {Type: "array", Items: local("Copy"),
			Description: "those of (from, upTo] that one may see, in order; from is the upTo of the message before"}}, "events"),
		"ViewFrame": head(map[string]*jsonschema.Schema{"view": local("View"),
			"rewind": closed(map[string]*jsonschema.Schema{"epoch": integer.CloneSchemas(), "sequence": integer.CloneSchemas()}, "epoch", "sequence")}, "view"),
		"StatusFrame":   wrap("status", &jsonschema.Schema{OneOf: []*jsonschema.Schema{rest.AnswerSchema(Status{}, nil), rest.AnswerSchema(FeatureStatus{}, nil)}}),
		"Ephemeral":     ephemeralSchema(),
		"ReplyFrame":    wrap("reply", rest.AnswerSchema(Reply{}, nil)),
		"ErrorFrame":    wrap("error", errorFrameSchema()),
		serverMessage:   {OneOf: []*jsonschema.Schema{local("EventsFrame"), local("ViewFrame"), local("StatusFrame"), local("Ephemeral"), local("ReplyFrame"), local("ErrorFrame")}},
		"ClientMessage": clientSchema(),
	}
	for _, name := range []string{"Copy", "EventsFrame", "ViewFrame", "StatusFrame", "Ephemeral", "ReplyFrame", "ErrorFrame"} {
		shape(defs[name])
	}
	return &jsonschema.Schema{
		Schema: "https://json-schema.org/draft/2020-12/schema", Title: "Messages of /api/sessions/{sessionId}/live",
		Defs: defs, OneOf: []*jsonschema.Schema{local("ClientMessage"), local(serverMessage)},
	}
}

// frameSchemas are the schemas of what polls answer, as the OpenAPI document refers to them: the socket's own.
func frameSchemas() map[string]*jsonschema.Schema {
	defs := socketSchema(rest.Opened).Defs
	out := map[string]*jsonschema.Schema{"Frame": {Description: "a message of the socket"}}
	for _, name := range []string{"EventsFrame", "ViewFrame", "StatusFrame", "ErrorFrame"} {
		out[name] = toComponents(defs[name])
		out["Frame"].OneOf = append(out["Frame"].OneOf, rest.Reference(name))
	}
	out["Copy"] = toComponents(defs["Copy"])
	return out
}

// toComponents points references at the OpenAPI document's components.
func toComponents(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
		s.Ref = rest.Reference(name).Ref
	}
	toComponents(s.Items)
	for _, p := range s.Properties {
		toComponents(p)
	}
	return s
}

func local(name string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + name} }

func closed(properties map[string]*jsonschema.Schema, required ...string) *jsonschema.Schema {
	sort.Strings(required)
	return &jsonschema.Schema{Type: "object", Properties: properties, Required: required, AdditionalProperties: strictjson.Nothing()}
}

func wrap(name string, s *jsonschema.Schema) *jsonschema.Schema {
	return closed(map[string]*jsonschema.Schema{name: s}, name)
}

func errorFrameSchema() *jsonschema.Schema {
	s := rest.ErrorSchema()
	s.Properties["key"] = &jsonschema.Schema{Type: "string", Description: "of the command that it is about"}
	return s
}

// ephemeralSchema has one form for each kind: a frame never holds two.
func ephemeralSchema() *jsonschema.Schema {
	all := rest.AnswerSchema(Ephemeral{}, nil)
	out := &jsonschema.Schema{Description: "told once, outside the history: no position, no acknowledgement; a slow client gets fewer or none. A pointer, or somebody typing, that is not told again within " +
		strconv.Itoa(limits.SignalMillis) + " ms is over; presence holds until the next one"}
	for _, kind := range []string{"pointers", "typing", "presence"} {
		out.OneOf = append(out.OneOf, wrap("ephemeral", wrap(kind, all.Properties[kind])))
	}
	return out
}

// signalSchema has one form for each kind of signal.
func signalSchema(of any) *jsonschema.Schema {
	kind := map[any]string{ClientTyping{}: "typing", ClientPointer{}: "pointer"}[of]
	return wrap("signal", wrap(kind, strictjson.Schema(reflect.TypeOf(of))))
}

// clientSchema has one form for each command that the socket takes, and one for each signal.
func clientSchema() *jsonschema.Schema {
	out := &jsonschema.Schema{}
	for _, rt := range documented() {
		for _, a := range rt.Actions {
			if !rt.InClass() || rt.Raw {
				continue
			}
			name := any(a.Command)
			payload := strictjson.Schema(a.Payload)
			required := []string{"key", "type"}
			if len(payload.Required) > 0 {
				required = append(required, "payload")
			}
			out.OneOf = append(out.OneOf, wrap("command", closed(map[string]*jsonschema.Schema{
				"type": {Type: "string", Const: &name}, "key": rest.KeySchema("the same for every try"), "payload": payload,
			}, required...)))
		}
	}
	sort.Slice(out.OneOf, func(i, j int) bool { return commandOf(out.OneOf[i]) < commandOf(out.OneOf[j]) })
	out.OneOf = append(out.OneOf, signalSchema(ClientPointer{}), signalSchema(ClientTyping{}))
	return out
}

func commandOf(s *jsonschema.Schema) string {
	name, _ := (*s.Properties["command"].Properties["type"].Const).(string)
	return name
}
