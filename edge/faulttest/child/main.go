// Child is what the fault tests watch: a real edge, put together as cmd/edge does it, whose log is written without the network.
//
//	child write DIR ACKS EVENTS   append that many events by several sessions at once, writing each acknowledgement to ACKS
//	child check                   open the folder that each line of standard input names, and say what is missing
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"multistream/edge"
	"multistream/shared/event"
	"multistream/shared/eventlog"
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
	case len(args) == 1 && args[0] == "check":
		return serveChecks(ctx, os.Stdin, os.Stdout)
	}
	return fmt.Errorf("unknown arguments %q", args)
}

// store is what the child uses of an edge's data folder.
type store struct {
	eventlog.Log
	box        *edge.Box
	edge       event.ID
	keys       event.KeyRing
	kept, torn int64 // where the log of the run before ended, and the bytes behind that
	close      func() error
}

// open opens a data folder as an edge does.
func open(ctx context.Context, dir string) (*store, error) {
	box, err := edge.Open(ctx, edge.Config{DataDir: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	left := box.Store.Recovery()
	return &store{Log: box.Store, box: box, edge: box.Store.EdgeID(), keys: box.Store.Keys(), kept: left.KeptBytes, torn: left.TornBytes, close: box.Close}, nil
}
