package classclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"multistream/shared/event"
)

// REST speaks to an edge over HTTP. It learns the addresses of commands from the edge's own OpenAPI document.
type REST struct {
	Edge     string // like http://127.0.0.1:8080
	HTTP     *http.Client
	Commands map[string]Address // by command type, after Learn
}

// Address is where a command is given.
type Address struct {
	Method, Path string
	Action       string // "" where the address has but one command
	Raw          bool   // the body is a file
}

// Learn reads the OpenAPI document.
func (r *REST) Learn(ctx context.Context) error {
	var document struct {
		Paths map[string]map[string]struct {
			Commands    []string `json:"x-commands"`
			RequestBody struct {
				Content map[string]struct {
					Schema struct {
						OneOf []struct {
							Properties struct {
								Action struct {
									Const string `json:"const"`
								} `json:"action"`
							} `json:"properties"`
						} `json:"oneOf"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
	}
	if err := r.Once(ctx, http.MethodGet, "/api/openapi.json", "", nil, nil, &document); err != nil {
		return err
	}
	r.Commands = map[string]Address{}
	for path, methods := range document.Paths {
		for method, op := range methods {
			body, plain := op.RequestBody.Content["application/json"]
			for i, command := range op.Commands {
				at := Address{Method: strings.ToUpper(method), Path: path, Raw: !plain && len(op.RequestBody.Content) > 0}
				if i < len(body.Schema.OneOf) {
					at.Action = body.Schema.OneOf[i].Properties.Action.Const
				}
				r.Commands[command] = at
			}
		}
	}
	if len(r.Commands) == 0 {
		return errors.New("its OpenAPI document names no command; it may be no edge, or of another version")
	}
	return nil
}

// Body gives the path and the body by which a command is given with a key.
func (a Address) Body(session event.ID, key string, payload map[string]any) (path string, body map[string]any) {
	body = map[string]any{"idempotencyKey": key}
	if a.Action != "" {
		body["action"] = a.Action
	}
	path = strings.ReplaceAll(a.Path, "{sessionId}", session.String())
	for name, value := range payload {
		if place := "{" + name + "}"; strings.Contains(path, place) {
			path = strings.ReplaceAll(path, place, url.PathEscape(fmt.Sprint(value)))
			continue
		}
		body[name] = value
	}
	return path, body
}

// Once sends a request and reads the JSON of its answer. An error that the edge answered is a *Refusal; all others are of
// the network, or of something on the way that is no edge.
func (r *REST) Once(ctx context.Context, method, path, token string, header http.Header, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, r.Edge+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := r.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode >= 300:
		refusal := new(Refusal)
		if json.Unmarshal(data, refusal) != nil || refusal.Code == "" {
			return fmt.Errorf("%s %s: status %d without an error that can be read", method, path, response.StatusCode)
		}
		return refusal
	}
	return json.Unmarshal(data, answer)
}
