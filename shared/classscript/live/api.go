package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"multistream/shared/classclient"
	"multistream/shared/event"
)

// api speaks to an edge over HTTP, and waits where the edge asks for that.
type api struct {
	classclient.REST
	patience time.Duration
	waited   int // times that it was asked to slow down
}

// Refusal is an error that the edge answered.
type Refusal = classclient.Refusal

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
	at, known := a.Commands[typ]
	if !known {
		return nil, fmt.Errorf("the edge's API has no command %q", typ)
	}
	path, body := at.Body(session, key, payload)
	var answer json.RawMessage
	var err error
	if at.Raw {
		err = a.upload(ctx, at, path, token, key, payload, &answer)
	} else {
		err = a.call(ctx, at.Method, path, token, body, &answer)
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
		err := a.Once(ctx, method, path, token, header, body, answer)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Pause() == 0 || time.Now().After(deadline) {
			return err
		}
		a.waited++
		if err := sleep(ctx, refusal.Pause()); err != nil {
			return err
		}
	}
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
