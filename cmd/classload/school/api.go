package school

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"multistream/cmd/classload/wire"
)

// API is a server under load.
type API struct{ Server wire.Server }

// Refusal is an error that the API answered.
type Refusal struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error tells code and message.
func (r *Refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Message) }

// New makes an API of a server. It refuses everything but loopback: this program is made to overload a server.
func New(server wire.Server) (*API, error) {
	address := server.Address
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address %q: want host:port, like 127.0.0.1:8080", address)
	}
	if ip := net.ParseIP(host); ip == nil || ip.To4() == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("address %q is not on this machine: a load is only put on 127.0.0.1 to 127.255.255.254, so that nobody's school is overloaded by mistake", address)
	}
	return &API{server}, nil
}

// Call sends a request on a connection of its own, from the person's address, and reads the answer into out (nil: dropped).
func (a *API) Call(ctx context.Context, p *Person, method, path string, body, out any) error {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+a.Server.Address+path, content)
	if err != nil {
		return err
	}
	r.Close = true
	if content != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.Token != "" {
		r.Header.Set("Authorization", "Bearer "+p.Token)
	}
	if method != http.MethodGet {
		r.Header.Set("Idempotency-Key", "classload-"+rand.Text())
	}
	conn, err := a.Server.Open(ctx, p.From)
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if err := r.Write(conn); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, wire.MaxMessage))
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		refusal := &Refusal{Status: answer.StatusCode}
		if json.Unmarshal(text, refusal) != nil {
			refusal.Message = string(text[:min(len(text), 200)])
		}
		return refusal
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// SignIn signs the n-th person in; n chooses their address.
func (a *API) SignIn(ctx context.Context, n int, name, password string) (*Person, error) {
	p := &Person{Name: name, From: addressOf(n)}
	var answer struct {
		AccessToken string `json:"accessToken"`
		User        struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := a.Call(ctx, p, http.MethodPost, "/api/auth/login", map[string]string{"username": name, "password": password}, &answer); err != nil {
		return nil, fmt.Errorf("sign in %s: %w", name, err)
	}
	p.Token, p.ID = answer.AccessToken, answer.User.ID
	return p, nil
}

// SignInAll signs people in, a few at a time. first is the number of the first of them.
func (a *API) SignInAll(ctx context.Context, first int, names []string, password string) ([]*Person, error) {
	out := make([]*Person, len(names))
	err := Each(len(names), 8, func(i int) (err error) {
		out[i], err = a.SignIn(ctx, first+i, names[i], password)
		return err
	})
	return out, err
}

// Each calls f for 0 to n-1, so many at once, and joins the first errors.
func Each(n, atOnce int, f func(i int) error) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	places := make(chan struct{}, max(atOnce, 1))
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			if err := f(i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if len(errs) < 3 {
					errs = append(errs, err)
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// Ready waits until the server says that it is.
func (a *API) Ready(ctx context.Context) error {
	for {
		err := a.Call(ctx, &Person{}, http.MethodGet, "/readyz", nil, nil)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w", err)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
