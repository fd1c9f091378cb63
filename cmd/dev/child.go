package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	readyWithin = 60 * time.Second
	stopWithin  = 30 * time.Second
)

// A child is a process of the stack. What it logs goes to a file, what it tells to who runs the stack.
type child struct {
	name    string
	log     string // file
	command *exec.Cmd
	ended   chan struct{}
	err     error // once ended
}

// start starts a program of the stack with settings above our own environment. The child is in a process group of its own, so that Ctrl-C is
// ours to pass on, in order; it dies with us if we are killed.
func (c config) start(name, program string, args, settings []string, out io.Writer) (*child, error) {
	logs := filepath.Join(c.dir, "log")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, err
	}
	p := &child{name: name, log: filepath.Join(logs, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p.command = exec.Command(filepath.Join(c.bin, program), args...)
	p.command.Env = append(os.Environ(), settings...)
	p.command.Stdout, p.command.Stderr = out, log
	p.command.SysProcAttr = leaving()
	if err := p.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	go func() {
		p.err = errors.Join(p.command.Wait(), log.Close())
		close(p.ended)
	}()
	return p, nil
}

// once runs a program of the stack to its end, and gives what it told.
func (c config) once(ctx context.Context, name, program string, args, settings []string) (told string, err error) {
	var out strings.Builder
	p, err := c.start(name, program, args, settings, &out)
	if err != nil {
		return "", err
	}
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.stop()
		return "", ctx.Err()
	}
	if p.err != nil {
		return "", p.failed()
	}
	return out.String(), nil
}

// failed tells why a process ended, with the last that it logged.
func (p *child) failed() error {
	return fmt.Errorf("%s ended: %v; the end of %s:\n%s", p.name, p.err, p.log, tail(p.log))
}

// ready waits until a process answers that it is.
func (p *child) ready(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-look.C:
		case <-p.ended:
			return p.failed()
		case <-ctx.Done():
			return fmt.Errorf("%s did not become ready at http://%s/readyz; see %s: %w", p.name, address, p.log, ctx.Err())
		}
	}
}

// stop ends a process in order, and by force if it takes too long.
func (p *child) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.ended:
	case <-time.After(stopWithin):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// tail gives the end of a log.
func tail(file string) []byte {
	const most = 2000
	text, err := os.ReadFile(file)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-most):]
}
