package edge

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"multistream/edge/gateway"
)

// published keeps which operations of the document succeeded on a real edge, and which kinds of messages its sockets
// were seen to send, each held to the document. What is never seen is not known to be as it says.
var published = &coverage{operations: map[string]bool{}, messages: map[string]bool{}}

// neverSucceed are the operations that no test can bring to a success yet, and why.
var neverSucceed = map[string]string{
	"mediaToken": "no media plane is built",
	"recording":  "no recorder is built that could stand ready",
	"live":       "it becomes a socket; its messages are held to the schema",
}

// socketMessages are the kinds of messages of a socket, by the field that marks them.
var socketMessages = []string{"view", "events", "reply", "error", "status", "ephemeral"}

type coverage struct {
	mu         sync.Mutex
	operations map[string]bool
	messages   map[string]bool
}

// checkResponse holds an answer of a real edge to the document.
func checkResponse(method, path string, status int, body []byte) error {
	err := gateway.CheckResponse(method, path, status, body)
	if err != nil || status >= 300 || method == "HEAD" {
		return err
	}
	id, err := operationOf(method, path)
	published.mu.Lock()
	defer published.mu.Unlock()
	published.operations[id] = true
	return err
}

// checkFrame holds a message of a real edge's socket to the schema.
func checkFrame(message []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(message, &fields); err != nil {
		return err
	}
	published.mu.Lock()
	for name := range fields {
		published.messages[name] = true
	}
	published.mu.Unlock()
	return gateway.CheckFrame(message)
}

// document gives the operation ids of the published document by method and path.
var document = sync.OnceValues(func() (map[string]string, error) {
	b, err := os.ReadFile("gateway/schema/openapi.json")
	if err != nil {
		return nil, err
	}
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for path, methods := range doc.Paths {
		for method, raw := range methods {
			var operation struct{ OperationID string }
			if json.Unmarshal(raw, &operation) == nil && operation.OperationID != "" {
				out[strings.ToUpper(method)+" "+path] = operation.OperationID
			}
		}
	}
	return out, nil
})

// operationOf finds the operation of a request, "" for what is not in the document. A path without parameters comes first.
func operationOf(method, path string) (string, error) {
	doc, err := document()
	if id := doc[method+" "+path]; id != "" || err != nil {
		return id, err
	}
	given := strings.Split(path, "/")
	for key, id := range doc {
		want := strings.Split(strings.TrimPrefix(key, method+" "), "/")
		if strings.HasPrefix(key, method+" ") && slices.EqualFunc(want, given, func(w, g string) bool { return w == g || strings.HasPrefix(w, "{") }) {
			return id, nil
		}
	}
	return "", nil
}

// unseen names what the tests of this package never saw.
func (c *coverage) unseen() ([]string, error) {
	doc, err := document()
	var out []string
	for _, id := range doc {
		switch excused := neverSucceed[id] != ""; {
		case !c.operations[id] && !excused:
			out = append(out, "no success of "+id)
		case c.operations[id] && excused:
			out = append(out, id+" succeeded: take it out of neverSucceed")
		}
	}
	for _, kind := range socketMessages {
		if !c.messages[kind] {
			out = append(out, "no message with "+kind)
		}
	}
	slices.Sort(out)
	return out, err
}

// TestMain runs all tests and then holds them together to having seen all that is published. Some alone prove nothing.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if code == 0 && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" {
		missing, err := published.unseen()
		if err != nil || len(missing) > 0 {
			fmt.Printf("FAIL: the tests of the real edge leave open (%v):\n%s\n", err, strings.Join(missing, "\n"))
			code = 1
		}
	}
	os.Exit(code)
}
