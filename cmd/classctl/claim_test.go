package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"multistream/edge"
)

// TestClaim makes an empty box a school's, over TLS that only --ca makes trusted.
func TestClaim(t *testing.T) {
	cfg := edge.Config{DataDir: t.TempDir(), TLS: "own", Version: "test"}
	box, err := edge.Open(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- box.Serve(ctx, listener, func() { close(ready) }) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	}()
	<-ready
	url, ca := "https://"+listener.Addr().String(), filepath.Join(cfg.DataDir, "certificate", "authority.crt")
	try := func(password, code string, more ...string) (int, string, string) {
		stdin = bytes.NewBufferString(password + "\n")
		args := append([]string{"claim", "--edge", url, "--code", code, "--school", "Hill School"}, more...)
		return told(t, args...)
	}
	code := box.People.ClaimCode()
	for want, args := range map[string][]string{
		"certificate":            {"a long password", code, "--email", "a@hill.school"},
		"at least 10 characters": {"short", code, "--email", "a@hill.school", "--ca", ca},
		"not the claim code":     {"a long password", "2222-2222", "--email", "a@hill.school", "--ca", ca},
		"needs an e-mail":        {"a long password", code, "--ca", ca},
		"--ca":                   {"a long password", code, "--ca", ca + "x"},
	} {
		if got, _, errs := try(args[0], args[1], args[2:]...); got != wrong || !strings.Contains(errs, want) {
			t.Errorf("want %q, got %d %s", want, got, errs)
		}
	}
	if got, out, errs := try("a long password", code, "--email", "a@hill.school", "--ca", ca); got != good || !strings.Contains(out, "Hill School") {
		t.Errorf("%d %s%s", got, out, errs)
	}
	if got, _, errs := try("a long password", code, "--email", "a@hill.school", "--ca", ca); got != wrong || !strings.Contains(errs, "belongs to a school already") {
		t.Errorf("again: %d %s", got, errs)
	}
}
