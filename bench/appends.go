package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"multistream/shared/event"
	"multistream/shared/session"
)

// scenario is a number of people who each give a command, wait until it is durable, and give the next.
type scenario struct {
	name     string
	sessions int
	senders  int     // in each session
	atLeast  float64 // of raw
}

var (
	oneWriter   = scenario{"append, 1 writer", 1, 1, 0.9}
	manyClasses = scenario{"append, 64 writers in 64 sessions", 64, 1, 0.8}
	manySenders = scenario{"append, 64 senders in one session", 1, 64, 0.8}
)

const rawAppend = "the same rows, written through the same schema, PRAGMAs and group commit by database/sql alone"

// measureScenario lets ours and raw write in turns, a chunk each, with both databases open, so that whoever else uses the
// machine hits both alike. Each chunk of raw is the rows that ours has just made.
func (sc scenario) measure(ctx context.Context, b *bench) (err error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("append-%d-%d", sc.sessions, sc.senders))
	s, err := openSchool(ctx, filepath.Join(dir, "box"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(), os.RemoveAll(dir)) }()
	writers, err := sc.writers(ctx, s)
	if err != nil {
		return err
	}
	r, err := openRaw(ctx, dir, s.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	d, err := newDisk(b.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()

	each := 4 // commands of each writer in a chunk; adjusted to the wanted time
	var ours, raws, cpu, rawCPU, syncs, group, rawGroup []float64
	for round := 0; round < b.rounds+2; round++ {
		before, rawBefore := s.box.Store.Stats(), r.commits
		perSecond, used, err := s.chunk(ctx, writers, each)
		if err != nil {
			return err
		}
		rows, err := r.next(ctx)
		if err != nil {
			return err
		}
		if len(rows) < each*len(writers) { // people who were not heard of for a minute leave, which makes rows as well
			return fmt.Errorf("%d commands made %d rows", each*len(writers), len(rows))
		}
		rawPerSecond, rawUsed, err := r.chunk(rows, sc)
		if err != nil {
			return err
		}
		if round < 2 { // warm-up
			each = max(4, int(b.chunk.Seconds()*rawPerSecond)/len(writers))
			continue
		}
		after := s.box.Store.Stats()
		group = append(group, float64(after.Events-before.Events)/float64(after.Commits-before.Commits))
		rawGroup = append(rawGroup, float64(len(rows))/float64(r.commits-rawBefore))
		ours, raws = append(ours, perSecond), append(raws, rawPerSecond)
		cpu, rawCPU = append(cpu, used), append(rawCPU, rawUsed)
		n, err := d.perSecond(20)
		if err != nil {
			return err
		}
		syncs = append(syncs, n)
	}
	f := ratioFigure(sc.name, "/s", rawAppend, ours, raws, sc.atLeast)
	f.Disk = quantile(syncs, 0.5)
	f.Note = fmt.Sprintf("processor time a command: ours %.0f µs, raw %.0f µs; rows a commit: ours %.1f, raw %.1f; disk meanwhile: %.0f appends of 4 kB with fsync /s (%.0f … %.0f)",
		quantile(cpu, 0.5), quantile(rawCPU, 0.5), quantile(group, 0.5), quantile(rawGroup, 0.5), f.Disk, quantile(syncs, 0.25), quantile(syncs, 0.75))
	return b.out.add(f)
}

// writer is somebody who gives commands in a class.
type writer struct {
	class event.ID
	actor session.Actor
}

func (sc scenario) writers(ctx context.Context, s *school) ([]writer, error) {
	out := make([]writer, sc.sessions*sc.senders)
	_, _, err := together(sc.sessions, 1, func(i int) error {
		class, people, err := s.class(ctx, sc.senders)
		if err != nil {
			return err
		}
		for j, p := range people[1:] {
			out[i*sc.senders+j] = writer{class, p}
		}
		return nil
	})
	return out, err
}

// chunk lets every writer give so many commands. It gives the commands per second of all together and the microseconds of
// processor time that one took.
func (s *school) chunk(ctx context.Context, writers []writer, each int) (perSecond, cpu float64, err error) {
	orders := make([][]order, len(writers))
	for i, w := range writers {
		for range each {
			o, err := s.order(w.class, w.actor, "chat.send", message(int(s.given.Load())))
			if err != nil {
				return 0, 0, err
			}
			orders[i] = append(orders[i], o)
		}
	}
	return together(len(writers), each*len(writers), func(i int) error {
		for _, o := range orders[i] {
			if _, err := s.box.Classes.Do(ctx, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// chunk writes the rows as the writers of the scenario did: each row is given when the one before it is durable. In one
// session the writers take the rows in their order, because the schema wants them so.
func (r *raw) chunk(rows []sourceRow, sc scenario) (perSecond, cpu float64, err error) {
	lanes := map[string][]sourceRow{}
	var names []string
	for _, row := range rows {
		if _, known := lanes[row.session]; !known {
			names = append(names, row.session)
		}
		lanes[row.session] = append(lanes[row.session], row)
	}
	var mu sync.Mutex
	return together(sc.sessions*sc.senders, len(rows), func(i int) error {
		name := names[i%len(names)]
		for {
			mu.Lock()
			if len(lanes[name]) == 0 {
				mu.Unlock()
				return nil
			}
			done := make(chan error, 1)
			r.queue <- rawRow{lanes[name][0].values, done}
			lanes[name] = lanes[name][1:]
			mu.Unlock()
			if err := <-done; err != nil {
				return err
			}
		}
	})
}

// together runs n functions at once, which do so many things in all. It gives the things per second from the first begin to
// the last end, and the microseconds of processor time for one.
func together(n, things int, f func(i int) error) (perSecond, cpu float64, err error) {
	var all sync.WaitGroup
	errs := make([]error, n)
	used, begin := processorTime(), time.Now()
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	took := time.Since(begin)
	used = processorTime() - used
	return float64(things) / took.Seconds(), float64(used.Microseconds()) / float64(things), errors.Join(errs...)
}
