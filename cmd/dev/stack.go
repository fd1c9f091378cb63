package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// run starts the stack from the bottom up, waits for Ctrl-C or for a process that ends by itself, and stops it from the top down.
func run(ctx context.Context, c config, out io.Writer) (err error) {
	db, err := openDatabase(ctx, c, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.stop()) }()
	hub := []string{"DATABASE_URL=" + db.url, "HUB_ADDR=" + c.hub, "HUB_SECRET_FILE=" + filepath.Join(c.dir, "hub", "secret")}
	for _, step := range []string{"migrate", "seed"} {
		if err := c.once(ctx, "hub-"+step, "hub", []string{step}, hub, io.Discard); err != nil {
			return err
		}
	}
	running, err := c.start("hub", "hub", nil, hub, io.Discard)
	if err != nil {
		return err
	}
	all := []*child{running}
	defer func() {
		for i := len(all) - 1; i >= 0; i-- {
			all[i].stop()
		}
	}()
	if err := running.ready(ctx, c.hub); err != nil {
		return err
	}
	fmt.Fprintf(out, "hub: http://%s, ready\n", c.hub)
	for i, address := range c.edges {
		name := fmt.Sprint("edge", i+1)
		settings := []string{"EDGE_ADDR=" + address, "DATA_DIR=" + filepath.Join(c.dir, name)}
		if err := c.once(ctx, name+"-seed", "edge", []string{"seed"}, settings, accounts(out, i)); err != nil {
			return err
		}
		box, err := c.start(name, "edge", nil, settings, io.Discard)
		if err != nil {
			return err
		}
		all = append(all, box)
		if err := box.ready(ctx, address); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: http://%s, ready\n", name, address)
	}
	fmt.Fprintf(out, "everything is ready; logs are in %s; Ctrl-C ends it all\n", filepath.Join(c.dir, "log"))
	return wait(ctx, all, db)
}

// accounts tells who can sign in once: the boxes hold the same school.
func accounts(out io.Writer, edge int) io.Writer {
	if edge > 0 {
		return io.Discard
	}
	return out
}

// wait returns nil on Ctrl-C, or why the stack can't go on: one of it has ended.
func wait(ctx context.Context, all []*child, db *database) error {
	ended := make(chan *child, len(all))
	for _, p := range all {
		go func() {
			<-p.ended
			ended <- p
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case p := <-ended:
		if ctx.Err() != nil {
			return nil
		}
		return p.failed()
	case <-db.ended():
		return errors.New("PostgreSQL ended; everything else was stopped, and nothing that was confirmed is lost")
	}
}
