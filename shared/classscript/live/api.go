package live

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
	"time"

	"multistream/shared/event"
	"multistream/shared/fault"
)

// api speaks to an edge over HTTP. It learns the addresses of commands from the edge's own OpenAPI document.
type api struct {
	edge     string
	client   *http.Client
	patience time.Duration
	commands map[string]address
	waited   int // times that it was asked to slow down
}

// address is where a command is given.
type address struct {
	method, path string
	action       string // "" where the address has but one command
	raw          bool   // the body is a file
}

// Refusal is an error that the edge answered.
type Refusal struct {
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	Details   map[string]any `json:"details"`
	RequestID event.ID       `json:"requestId"`
}

// Error gives code, message and the id to look for in the edge's log.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: %s (request %s)", r.Code, r.Message, r.RequestID)
}

// pause is how long the edge asks to wait, 0 for an answer that stands.
func (r *Refusal) pause() time.Duration {
	switch fault.Code(r.Code) {
	case fault.RateLimited, fault.Busy:
		ms, _ := r.Details["retryAfterMs"].(float64)
		return time.Duration(max(ms, 50)) * time.Millisecond
	}
	return 0
}

// learn reads the OpenAPI document.
func (a *api) learn(ctx context.Context) error {
	var document struct {
		Paths map[string]map[string]struct {
			ID          string   `json:"operationId"`
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
	if err := a.call(ctx, http.MethodGet, "/api/openapi.json", "", nil, &document); err != nil {
		return err
	}
	a.commands = map[string]address{}
	for path, methods := range document.Paths {
		for method, op := range methods {
			body, plain := op.RequestBody.Content["application/json"]
			for i, command := range op.Commands {
				at := address{method: strings.ToUpper(method), path: path, raw: !plain && len(op.RequestBody.Content) > 0}
				if i < len(body.Schema.OneOf) {
					at.action = body.Schema.OneOf[i].Properties.Action.Const
				}
				a.commands[command] = at
			}
		}
	}
	if len(a.commands) == 0 {
		return errors.New("its OpenAPI document names no command; it may be no edge, or of another version")
	}
	return nil
}

func (a *api) signIn(ctx context.Context, account Account) (token string, user event.ID, err error) {
	var answer struct {
		AccessToken string `json:"accessToken"`
		User        struct {
			ID event.ID `json:"id"`
		} `json:"user"`
	}
	body := map[string]any{"email": account.Email, "password": account.Password}
	err = a.call(ctx, http.MethodPost, "/api/auth/login", "", body, &answer)
	return answer.AccessToken, answer.User.ID, err
}

// command gives a command over REST.
func (a *api) command(ctx context.Context, token string, session event.ID, typ, key string, payload map[string]any) (json.RawMessage, error) {
	at, known := a.commands[typ]
	if !known {
		return nil, fmt.Errorf("the edge's API has no command %q", typ)
	}
	body := map[string]any{"idempotencyKey": key}
	if at.action != "" {
		body["action"] = at.action
	}
	path := strings.ReplaceAll(at.path, "{sessionId}", session.String())
	for name, value := range payload {
		if place := "{" + name + "}"; strings.Contains(path, place) {
			path = strings.ReplaceAll(path, place, url.PathEscape(fmt.Sprint(value)))
			continue
		}
		body[name] = value
	}
	var answer json.RawMessage
	var err error
	if at.raw {
		err = a.upload(ctx, at, path, token, key, payload, &answer)
	} else {
		err = a.call(ctx, at.method, path, token, body, &answer)
	}
	return answer, err
}

// call sends JSON and reads JSON. A refusal is a *Refusal.
func (a *api) call(ctx context.Context, method, path, token string, body, answer any) error {
	var data []byte
	header := http.Header{}
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
		header.Set("Content-Type", "application/json")
	}
	return a.send(ctx, method, path, token, header, data, answer)
}

// send sends a request, again where the edge asks to come back in a moment: the key makes that safe.
func (a *api) send(ctx context.Context, method, path, token string, header http.Header, body []byte, answer any) error {
	for deadline := time.Now().Add(a.patience); ; {
		err := a.once(ctx, method, path, token, header, body, answer)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.pause() == 0 || time.Now().After(deadline) {
			return err
		}
		a.waited++
		if err := sleep(ctx, refusal.pause()); err != nil {
			return err
		}
	}
}

func (a *api) once(ctx context.Context, method, path, token string, header http.Header, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, a.edge+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header.Clone()
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := a.client.Do(r)
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

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
