// Command classctl is the operator's tool: it checks, reads and exports the classes of a data folder, and drives a whole
// class against a running edge. `classctl help` tells more.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

var version = "dev"

// Exit codes.
const (
	good  = 0
	bad   = 1 // something is wrong with what was looked at
	wrong = 2 // it could not be looked at: usage, unreadable, unreachable
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(classctl(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// classctl runs a subcommand and gives the exit code.
func classctl(ctx context.Context, args []string, out, errs io.Writer) int {
	commands := map[string]func(context.Context, []string, io.Writer, io.Writer) error{
		"sessions": listSessions, "verify": verify, "state": showState, "export": exportClass, "run": runScript, "drill": drill, "claim": claim,
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(out, usage)
		return good
	}
	if args[0] == "version" {
		fmt.Fprintln(out, version)
		return good
	}
	run, known := commands[args[0]]
	if !known {
		fmt.Fprintf(errs, "classctl: there is no subcommand %q\n\n%s", args[0], usage)
		return wrong
	}
	return codeOf(run(ctx, args[1:], out, errs), errs)
}
