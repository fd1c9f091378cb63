// Child is what the fault tests run, watch and kill: the real store of an edge without its network.
//
//	child write DIR ACKS EVENTS   append that many events by several sessions at once, writing each acknowledgement to ACKS
//	child serve DIR ADDRESS       answer commands over HTTP on a loopback address until it is killed
//	child check                   open the folder that each line of standard input names, and say what is missing
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"multistream/edge/sqlite"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 4 && args[0] == "write":
		events, err := strconv.Atoi(args[3])
		if err != nil {
			return fmt.Errorf("number of events: %w", err)
		}
		return write(ctx, args[1], args[2], events)
	case len(args) == 3 && args[0] == "serve":
		return serve(ctx, args[1], args[2])
	case len(args) == 1 && args[0] == "check":
		return serveChecks(ctx, os.Stdin, os.Stdout)
	}
	return fmt.Errorf("unknown arguments %q", args)
}

// open opens the store as an edge does, without what would only make images larger: the reserve file holds no data, and
// the background check changes none.
func open(ctx context.Context, dir string) (*sqlite.Store, error) {
	return sqlite.Open(ctx, sqlite.Options{Dir: dir, ReserveBytes: -1, ScrubPause: -1})
}
