// Command classload puts a school's load on a running edge, or on another server that is compared with it, and tells in one
// line of JSON how it was borne. It knows the product by its documents alone: it shares no code with it, so it can't share a
// mistake with it either. `classload help` tells more.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	good  = 0
	bad   = 1 // something was lost, doubled, out of order or refused
	wrong = 2 // it could not be measured
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(classload(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// classload runs a subcommand and gives the exit code.
func classload(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(out, usage)
		return good
	}
	run, known := loads[args[0]]
	if !known {
		fmt.Fprintf(errs, "classload: there is no load %q\n\n%s", args[0], usage)
		return wrong
	}
	fine, err := run(ctx, args[0], args[1:], out)
	switch {
	case err != nil:
		fmt.Fprintln(errs, "classload:", err)
		return wrong
	case !fine:
		return bad
	}
	return good
}
