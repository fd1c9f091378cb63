package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// measureStart starts the real binary on a long log that is not in the page cache.
func measureStart(ctx context.Context, b *bench) error {
	binary, err := b.binary(ctx)
	if err != nil {
		return err
	}
	dir, err := b.bigLog(ctx)
	if err != nil {
		return err
	}
	size, err := logBytes(dir)
	if err != nil {
		return err
	}
	var starts, raws []float64
	for range b.starts {
		if err := forget(dir); err != nil {
			return err
		}
		p, err := startEdge(ctx, binary, dir)
		if err != nil {
			return err
		}
		starts = append(starts, milliseconds(p.ready))
		if err := p.kill(); err != nil {
			return err
		}
		begin := time.Now()
		if err := exec.CommandContext(ctx, binary, "version").Run(); err != nil {
			return err
		}
		raws = append(raws, milliseconds(time.Since(begin)))
	}
	f := ratioFigure(fmt.Sprintf("cold start to /readyz, log of %d MB", size/1_000_000), "ms", "the same binary printing its version", starts, raws, 0)
	f.Target, f.Met = "< 1000 ms", met(f.Value < 1000)
	f.Note = fmt.Sprintf("%d starts after a kill, files dropped from the page cache, one class live; slowest %.0f ms; raw is the same binary printing its version", b.starts, quantile(starts, 1))
	return b.out.add(f)
}

// measureIdle reads the memory of an edge with which nobody talks.
func measureIdle(ctx context.Context, b *bench) error {
	binary, err := b.binary(ctx)
	if err != nil {
		return err
	}
	needs, err := static(binary)
	if err != nil {
		return err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	if err := b.out.add(figure{Name: "size of the binary", Value: float64(info.Size()) / 1e6, Unit: "MB", Target: "static, no cgo", Met: met(len(needs) == 0),
		Note: fmt.Sprintf("linked at start (ELF interpreter, libraries): %d %v", len(needs), needs)}); err != nil {
		return err
	}
	big, err := b.bigLog(ctx)
	if err != nil {
		return err
	}
	for _, at := range []struct{ name, dir string }{{"idle memory, empty box", filepath.Join(b.dir, "idle")}, {"idle memory, long log, one class live", big}} {
		p, err := startEdge(ctx, binary, at.dir)
		if err != nil {
			return err
		}
		select {
		case <-time.After(b.idle):
		case <-ctx.Done():
		}
		used, err := p.memory()
		if err := errors.Join(err, ctx.Err(), p.kill()); err != nil {
			return err
		}
		if err := b.out.add(figure{Name: at.name, Value: used, Unit: "MB", Target: "< 100 MB", Met: met(used < 100),
			Note: fmt.Sprintf("resident set %s after the start", b.idle)}); err != nil {
			return err
		}
	}
	return nil
}
