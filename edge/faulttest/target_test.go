package faulttest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"testing"
)

// A target is a server that can be killed and started again in its data folder.
type target interface {
	// prepare fills a new data folder before the first start.
	prepare(t *testing.T, folder string)
	// command gives the process that serves the folder on a loopback address.
	command(folder, address string) *exec.Cmd
	// client makes the n-th client. A client belongs to one goroutine.
	client(n int, address string) client
}

// A client sends commands, one after the other.
type client interface {
	// send sends the command that has this key. Sent again with the same key it must get the same answer. Any error leaves
	// it open whether the command was carried out.
	send(ctx context.Context, key string) (acknowledged, error)
}

// acknowledged is a line of an acknowledgement file, as the oracle reads it.
type acknowledged struct {
	Tenant   string `json:"tenant,omitempty"`
	Session  string `json:"session"`
	Sequence int64  `json:"sequence"`
	Actor    string `json:"actor,omitempty"`
	Key      string `json:"key,omitempty"`
	Hash     string `json:"hash,omitempty"`
}

// storeTarget is the real store behind a desk of a hundred lines.
type storeTarget struct {
	tenant   string
	sessions []string
	program  string
}

func newStoreTarget(t *testing.T) *storeTarget {
	return &storeTarget{program: program(t, "child")}
}

func (s *storeTarget) prepare(*testing.T, string) {
	s.tenant, s.sessions = randomID(), nil
	for range 4 {
		s.sessions = append(s.sessions, randomID())
	}
}

func (s *storeTarget) command(folder, address string) *exec.Cmd {
	return exec.Command(s.program, "serve", folder, address)
}

func (s *storeTarget) client(n int, address string) client {
	return &storeClient{
		url: "http://" + address + "/commands", tenant: s.tenant, session: s.sessions[n%len(s.sessions)], actor: randomID(),
	}
}

// storeClient speaks for many people, so that keys of new ones are made under load.
type storeClient struct {
	url, tenant, session, actor, key string
	commands                         int
}

func (c *storeClient) send(ctx context.Context, key string) (a acknowledged, err error) {
	if key != c.key {
		c.key = key
		if c.commands++; c.commands%8 == 0 {
			c.actor = randomID()
		}
	}
	body, err := json.Marshal(acknowledged{Tenant: c.tenant, Session: c.session, Actor: c.actor, Key: key})
	if err != nil {
		return a, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return a, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return a, fmt.Errorf("status %d", answer.StatusCode)
	}
	return a, json.NewDecoder(answer.Body).Decode(&a)
}

// randomID makes a version 4 UUID.
func randomID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
