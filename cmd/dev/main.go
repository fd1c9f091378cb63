// Command dev runs the whole system on this machine for who works on it: PostgreSQL, the hub and edges, each a process of its own
// from bin/, with the demo school in it. Ctrl-C ends all of them. `make dev` builds and runs it; docs/local-stack.md tells more.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := configFrom(os.Getenv)
	if err == nil {
		err = run(ctx, cfg, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}
