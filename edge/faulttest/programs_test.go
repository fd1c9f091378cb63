package faulttest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// The programs are built once and without the race detector: what is killed and timed is what is shipped.
var programs = struct {
	once   sync.Once
	folder string
	err    error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if programs.folder != "" {
		_ = os.RemoveAll(programs.folder)
	}
	os.Exit(code)
}

// program gives the path of the built "child", "oracle" or "edge".
func program(t *testing.T, name string) string {
	t.Helper()
	programs.once.Do(func() {
		if programs.folder, programs.err = os.MkdirTemp("", "faultbin"); programs.err != nil {
			return
		}
		build := exec.Command("go", "build", "-buildvcs=false", "-o", programs.folder+"/",
			"multistream/edge/faulttest/child", "multistream/tools/oracle", "multistream/cmd/edge")
		if text, err := build.CombinedOutput(); err != nil {
			programs.err = fmt.Errorf("build: %w\n%s", err, text)
		}
	})
	if programs.err != nil {
		t.Fatal(programs.err)
	}
	return filepath.Join(programs.folder, name)
}

// scratch gives a folder for images. They need no real disk: what a disk may do to them was done when they were built.
func scratch(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "fault")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// A peer is a program that answers a line of JSON with a line of JSON.
type peer struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail
	cancel context.CancelFunc
}

// startPeer starts a program that was built before.
func startPeer(name string, args ...string) (*peer, error) {
	ctx, cancel := context.WithCancel(context.Background())
	path := filepath.Join(programs.folder, name)
	p := &peer{name: name, cmd: exec.CommandContext(ctx, path, args...), stderr: &tail{}, cancel: cancel}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out, p.cmd.Stderr = in, bufio.NewReaderSize(out, 1<<16), p.stderr
	return p, p.cmd.Start()
}

// stop ends the program; stopping none does nothing.
func (p *peer) stop() {
	if p == nil {
		return
	}
	_ = p.in.Close()
	p.cancel()
	_ = p.cmd.Wait()
}

// patience is how long one answer may take; past it the program hangs, which is a failure like any other.
const patience = 60 * time.Second

// ask sends one request and waits for its answer.
func (p *peer) ask(request, answer any) error {
	overdue := time.AfterFunc(patience, p.cancel)
	defer overdue.Stop()
	b, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("%s is gone: %w\n%s", p.name, err, p.stderr)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("%s died or hung: %w\n%s", p.name, err, p.stderr)
	}
	return json.Unmarshal(line, answer)
}

// tail keeps the end of what a program wrote to its standard error.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
