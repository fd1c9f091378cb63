package gateway_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"multistream/edge/gateway"
	"multistream/shared/access"
	"multistream/shared/session"
)

// TestDocuments: what is committed is what the code says, and what is served.
func TestDocuments(t *testing.T) {
	s := open(t, nil)
	for path, c := range map[string]struct {
		file string
		made []byte
	}{
		"/api/openapi.json":       {"schema/openapi.json", gateway.OpenAPI()},
		"/api/socket.schema.json": {"schema/socket.schema.json", gateway.SocketSchema()},
	} {
		committed, err := os.ReadFile(c.file)
		if err != nil || !bytes.Equal(committed, c.made) {
			t.Errorf("%s is not what go generate writes (%v)", c.file, err)
		}
		if served := s.send("", "GET", path, "").want(200); !bytes.Equal(served.raw, bytes.TrimSpace(c.made)) && !sameJSON(served.raw, c.made) {
			t.Errorf("%s serves something else", path)
		}
	}
}

func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// document is the part of the OpenAPI document that the tests look at.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string   `json:"operationId"`
		Commands    []string `json:"x-commands"`
		Responses   map[string]any
		RequestBody struct {
			Content map[string]struct{ Schema json.RawMessage }
		} `json:"requestBody"`
	}
}

// TestEveryCommand: each command that a person may ever give has its address, and no other has one.
func TestEveryCommand(t *testing.T) {
	var d document
	if err := json.Unmarshal(gateway.OpenAPI(), &d); err != nil {
		t.Fatal(err)
	}
	var offered, names []string
	for path, methods := range d.Paths {
		for method, op := range methods {
			offered = append(offered, op.Commands...)
			names = append(names, op.OperationID)
			if op.OperationID == "" || op.Responses["default"] == nil || len(op.Responses) != 2 {
				t.Errorf("%s %s is not complete", method, path)
			}
		}
	}
	slices.Sort(names)
	if len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("an operation's name is there twice: %v", names)
	}
	later := []string{"destination.enable", "destination.disable"} // with the fan-out
	for _, c := range session.Commands() {
		want := access.ByPeople(c.Name) && !slices.Contains(later, c.Name)
		if got := slices.Contains(offered, c.Name); got != want {
			t.Errorf("%s has an address: %v, want %v", c.Name, got, want)
		}
	}
}

// TestLimitsShown: the table of limits is in the document.
func TestLimitsShown(t *testing.T) {
	var d document
	if err := json.Unmarshal(gateway.OpenAPI(), &d); err != nil {
		t.Fatal(err)
	}
	chat := string(d.Paths["/api/sessions/{sessionId}/chat"]["post"].RequestBody.Content["application/json"].Schema)
	for _, want := range []string{`"maxLength": 2000`, `"enum": [`, `"additionalProperties": false`, `"idempotencyKey"`} {
		if !strings.Contains(chat, want) {
			t.Errorf("the body of a message lacks %s: %s", want, chat)
		}
	}
}

// TestCheckResponse: the checker is not blind.
func TestCheckResponse(t *testing.T) {
	const class = "/api/sessions/0190a7c8-0000-7000-8000-00000000000d"
	good := `{"code":"not_joined","message":"m","details":{},"requestId":"0190a7c8-0000-7000-8000-00000000000d"}`
	for name, c := range map[string]struct {
		method, path string
		status       int
		body         string
		ok           bool
	}{
		"error":               {"GET", class + "/chat", 403, good, true},
		"status of another":   {"GET", class + "/chat", 404, good, false},
		"unknown code":        {"GET", class + "/chat", 403, strings.Replace(good, "not_joined", "oops", 1), false},
		"more in an error":    {"GET", class + "/chat", 403, strings.Replace(good, "{", `{"stack":"x",`, 1), false},
		"less in an error":    {"GET", class + "/chat", 403, `{"code":"not_joined"}`, false},
		"done":                {"POST", class + "/lock", 200, `{"position":"1.1"}`, true},
		"more than done":      {"POST", class + "/lock", 200, `{"position":"1.1","x":1}`, false},
		"position a number":   {"POST", class + "/lock", 200, `{"position":1}`, false},
		"other success":       {"POST", class + "/lock", 201, `{"position":"1.1"}`, false},
		"not in the document": {"POST", "/api/nothing", 200, `{}`, false},
		"not JSON":            {"POST", class + "/lock", 200, `ok`, false},
	} {
		if err := gateway.CheckResponse(c.method, c.path, c.status, []byte(c.body)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for text, ok := range map[string]bool{
		`{"epoch":1,"from":0,"upTo":2,"events":[]}`: true, `{"epoch":1,"from":0,"events":[]}`: false, `{"hello":1}`: false,
		`{"status":{"state":"live"}}`: true, `{"status":{}}`: false, `{"epoch":1,"from":0,"upTo":2,"events":[{"type":"x","salt":"y"}]}`: false,
	} {
		if err := gateway.CheckFrame([]byte(text)); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
