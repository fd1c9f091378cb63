package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"testing"

	"multistream/edge"
)

// runningEdge is a real edge with the demo school, on a port and in a folder of its own.
type runningEdge struct {
	url, dir string
	stop     func()
}

// startEdge starts one; it stops with the test, or sooner by stop.
func startEdge(t *testing.T) *runningEdge {
	t.Helper()
	cfg := edge.Config{DataDir: t.TempDir(), Version: "test"}
	var out bytes.Buffer
	if err := edge.Seed(t.Context(), cfg, &out); err != nil {
		t.Fatal(err)
	}
	box, err := edge.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, served := make(chan struct{}), make(chan error, 1)
	go func() { served <- box.Serve(ctx, listener, func() { close(ready) }) }()
	e := &runningEdge{url: "http://" + listener.Addr().String(), dir: cfg.DataDir}
	stopped := false
	e.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-served; err != nil {
			t.Errorf("the edge ended with: %v", err)
		}
		if err := box.Close(); err != nil {
			t.Errorf("the data folder was closed with: %v", err)
		}
	}
	t.Cleanup(e.stop)
	select {
	case <-ready:
	case err := <-served:
		t.Fatalf("the edge did not start: %v", err)
	}
	return e
}

// told runs classctl and gives its exit code and what it wrote.
func told(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = classctl(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}
