// Command hub runs the centre.
//
//	hub                               run (HUB_ADDR, DATABASE_URL, HUB_SECRET_FILE, LOG_LEVEL)
//	hub migrate                       make the database's roles and schema, or bring them up to date, and exit
//	hub seed                          put the demo school into the database and exit
//	hub add-school NAME DOMAIN EMAIL  make a school with its first administrator and exit
//	hub version                       print the version and exit
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"multistream/hub"
)

var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hub:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && args[0] == "version" {
		fmt.Println(version)
		return nil
	}
	cfg, err := hub.ConfigFrom(os.Getenv, version)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 0:
		return hub.Run(ctx, cfg, os.Stdout)
	case len(args) == 1 && args[0] == "migrate":
		return hub.Migrate(ctx, cfg, os.Stdout)
	case len(args) == 1 && args[0] == "seed":
		return hub.Seed(ctx, cfg, os.Stdout)
	case len(args) == 4 && args[0] == "add-school":
		return hub.AddSchool(ctx, cfg, args[1], args[2], args[3], os.Stdout)
	}
	return fmt.Errorf("unknown arguments %q; want nothing, migrate, seed, add-school NAME DOMAIN EMAIL, or version", args)
}
