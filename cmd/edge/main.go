// Command edge runs the box of a school.
//
//	edge         run (EDGE_ADDR, DATA_DIR, LOG_LEVEL)
//	edge seed    put the demo school into DATA_DIR and exit
//	edge seed-people  the same without a class, for a further box of the school
//	edge id      print the id and the public key that a hub is told of this box (hub add-edge), and exit
//	edge version print the version and exit
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"multistream/edge"
)

var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "edge:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	cfg, err := edge.ConfigFrom(os.Getenv, version)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 0:
		return edge.Run(ctx, cfg, os.Stdout)
	case len(args) == 1 && args[0] == "seed":
		return edge.Seed(ctx, cfg, os.Stdout)
	case len(args) == 1 && args[0] == "seed-people":
		return edge.SeedPeople(ctx, cfg, os.Stdout)
	case len(args) == 1 && args[0] == "id":
		return edge.ID(ctx, cfg, os.Stdout)
	case len(args) == 1 && args[0] == "version":
		fmt.Println(version)
		return nil
	}
	return fmt.Errorf("unknown arguments %q; want nothing, seed, seed-people, id or version", args)
}
