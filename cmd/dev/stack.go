package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// run starts the stack from the bottom up, waits for Ctrl-C or for a process that ends by itself, and stops it from the top down.
func run(ctx context.Context, c config, out io.Writer) (err error) {
	db, err := openDatabase(ctx, c, out)
	if err != nil {
		return err
	}
	s := &stack{config: c, db: db, out: out}
	defer func() {
		for i := len(s.running) - 1; i >= 0; i-- {
			s.running[i].stop()
		}
		err = errors.Join(err, db.stop())
	}()
	if err := s.startHub(ctx); err != nil {
		return err
	}
	for i, address := range c.edges {
		if err := s.startEdge(ctx, i, address); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "everything is ready; logs are in %s; Ctrl-C ends it all\n", filepath.Join(c.dir, "log"))
	return wait(ctx, s.running, db)
}

// A stack is what runs of it already.
type stack struct {
	config
	db      *database
	out     io.Writer
	running []*child
	key     string // the hub's, of receipts
}

// hubSettings are those of every program that speaks for the hub.
func (s *stack) hubSettings() []string {
	return []string{"DATABASE_URL=" + s.db.url, "HUB_ADDR=" + s.hub, "HUB_EDGE_ADDR=" + s.link, "HUB_SECRET_FILE=" + filepath.Join(s.dir, "hub", "secret")}
}

func (s *stack) startHub(ctx context.Context) error {
	for _, step := range []string{"migrate", "seed"} {
		if _, err := s.once(ctx, "hub-"+step, "hub", []string{step}, s.hubSettings()); err != nil {
			return err
		}
	}
	key, err := s.once(ctx, "hub-key", "hub", []string{"receipt-key"}, s.hubSettings())
	if err != nil {
		return err
	}
	s.key = strings.TrimSpace(key)
	if err := s.launch(ctx, "hub", "hub", s.hub, s.hubSettings()); err != nil {
		return err
	}
	return nil
}

// startEdge fills a box with the demo school, has the hub know it, and starts it.
func (s *stack) startEdge(ctx context.Context, i int, address string) error {
	name := fmt.Sprint("edge", i+1)
	settings := []string{"EDGE_ADDR=" + address, "DATA_DIR=" + filepath.Join(s.dir, name), "EDGE_HUB=" + s.link, "EDGE_HUB_KEY=" + s.key, "EDGE_OPERATOR_ADDR=127.0.0.1:0"}
	step := "seed"
	if i > 0 { // the others hold the same school, but no class of the first one's
		step = "seed-people"
	}
	accounts, err := s.once(ctx, name+"-seed", "edge", []string{step}, settings)
	if err != nil {
		return err
	}
	if i == 0 {
		fmt.Fprint(s.out, accounts)
	}
	shown, err := s.once(ctx, name+"-id", "edge", []string{"id"}, settings)
	if err != nil {
		return err
	}
	id, key, _ := strings.Cut(strings.TrimSpace(shown), " ")
	if _, err := s.once(ctx, "hub-add-"+name, "hub", []string{"add-edge", id, key, name, demoDomain}, s.hubSettings()); err != nil {
		return err
	}
	return s.launch(ctx, name, "edge", address, settings)
}

// demoDomain is that of the demo school.
const demoDomain = "demo.school"

// launch starts a program that goes on, and waits until it is ready.
func (s *stack) launch(ctx context.Context, name, program, address string, settings []string) error {
	p, err := s.start(name, program, nil, settings, io.Discard)
	if err != nil {
		return err
	}
	s.running = append(s.running, p)
	if err := p.ready(ctx, address); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: http://%s, ready\n", name, address)
	return nil
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
