package faulttest

import (
	"context"
	"os/exec"
	"testing"
)

// A target is a server that can be killed and started again in its data folder.
type target interface {
	// prepare fills a new data folder before the first start, which will be at this loopback address.
	prepare(t *testing.T, folder, address string)
	// command gives the process that serves the folder there.
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
}
