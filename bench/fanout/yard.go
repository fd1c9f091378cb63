package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// contestant is a server that takes part.
type contestant struct {
	name     string
	protocol string
	mode     string // of bench/peer; "" for the product
	tls      bool   // of the product, by its own authority
}

// contestants in the order of their turns; the product is first.
var contestants = []contestant{
	{name: "edge", protocol: "multistream"},
	{name: "centrifuge, same append", protocol: "centrifuge", mode: "append"},
	{name: "centrifuge, memory", protocol: "centrifuge", mode: "memory"},
	{name: "floor", protocol: "plain", mode: "floor"},
}

// secured is what the product costs under TLS; its client deciphers, so its times are not to be compared with those above.
var secured = []contestant{{name: "edge, TLS", protocol: "multistream", tls: true}}

// yard is where the servers are built and run.
type yard struct {
	dir                   string
	edge, classload, peer string // binaries
	school                string // a data folder that is copied for each run
	accounts              string
	out                   *os.File
}

func openYard(ctx context.Context, out string, students int) (_ *yard, err error) {
	base := os.Getenv("BENCH_DIR")
	if base == "" {
		base = ".cache/bench"
	}
	if base, err = filepath.Abs(base); err != nil {
		return nil, err
	}
	if err := errors.Join(os.MkdirAll(base, 0o700), os.MkdirAll(out, 0o755)); err != nil {
		return nil, err
	}
	y := &yard{}
	if y.dir, err = os.MkdirTemp(base, "fanout-"); err != nil {
		return nil, err
	}
	y.school, y.accounts = filepath.Join(y.dir, "school"), filepath.Join(y.dir, "accounts.json")
	if y.out, err = os.Create(filepath.Join(out, "fanout-"+time.Now().UTC().Format("20060102T150405Z")+".jsonl")); err != nil {
		return nil, err
	}
	y.edge = os.Getenv("EDGE_BIN")
	builds := map[string][]string{"classload": {"./cmd/classload"}, "fill": {"./bench/fill"}, "peer": {"-C", "bench/peer", "."}}
	if y.edge == "" {
		builds["edge"] = []string{"./cmd/edge"}
		y.edge = filepath.Join(y.dir, "edge")
	}
	for name, what := range builds {
		if err := y.build(ctx, name, what); err != nil {
			return nil, errors.Join(err, y.close())
		}
	}
	y.classload, y.peer = filepath.Join(y.dir, "classload"), filepath.Join(y.dir, "peer")
	fill := exec.CommandContext(ctx, filepath.Join(y.dir, "fill"), "-data", y.school, "-accounts", y.accounts, "-students", fmt.Sprint(students))
	if text, err := fill.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("fill: %w: %s", err, text), y.close())
	}
	return y, nil
}

// build makes a binary as `make build` does; -C must come first.
func (y *yard) build(ctx context.Context, name string, what []string) error {
	args := []string{"build"}
	if what[0] == "-C" {
		args, what = append(args, what[:2]...), what[2:]
	}
	args = append(args, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", filepath.Join(y.dir, name))
	c := exec.CommandContext(ctx, "go", append(args, what...)...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", name, err, text)
	}
	return nil
}

func (y *yard) close() error { return errors.Join(y.out.Close(), os.RemoveAll(y.dir)) }

// once starts a server, puts the load on it, and ends it. A line whose counts are not clean comes back with an error as well.
func (y *yard) once(ctx context.Context, c contestant, load []string) (l line, err error) {
	address, err := freeAddress()
	if err != nil {
		return l, err
	}
	data := filepath.Join(y.dir, "data")
	if err := os.RemoveAll(data); err != nil {
		return l, err
	}
	server := exec.Command(y.peer, "-mode", c.mode, "-address", address, "-data", data)
	if c.mode == "" {
		if err := os.CopyFS(data, os.DirFS(y.school)); err != nil {
			return l, err
		}
		if err := os.Chmod(data, 0o700); err != nil {
			return l, err
		}
		server = exec.Command(y.edge)
		server.Env = append(os.Environ(), "DATA_DIR="+data, "EDGE_ADDR="+address, "LOG_LEVEL=error")
		if c.tls {
			server.Env = append(server.Env, "EDGE_TLS=own")
		}
	}
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		return l, err
	}
	defer func() {
		_ = server.Process.Kill() // nothing of it is needed any more
		_ = server.Wait()         // says that it was killed
	}()
	if err := listens(ctx, address); err != nil {
		return l, err
	}
	args := append([]string{"fanout", "--protocol", c.protocol, "--address", address, "--accounts", y.accounts, "--pid", fmt.Sprint(server.Process.Pid)}, load...)
	if c.tls {
		args = append(args, "--tls", filepath.Join(data, "certificate", "authority.crt"))
	}
	client := exec.CommandContext(ctx, y.classload, args...)
	var text, errs bytes.Buffer
	client.Stdout, client.Stderr = &text, &errs
	failed := client.Run()
	if text.Len() == 0 {
		return l, fmt.Errorf("%s: %w: %s", c.name, failed, errs.Bytes())
	}
	if err := json.Unmarshal(text.Bytes(), &l); err != nil {
		return l, err
	}
	if _, err := fmt.Fprintf(y.out, `{"contestant":%q,"line":%s}`+"\n", c.name, bytes.TrimSpace(text.Bytes())); err != nil {
		return l, err
	}
	return l, nil
}

func listens(ctx context.Context, address string) error {
	for end := time.Now().Add(30 * time.Second); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil || time.Now().After(end) {
			return err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
