package main

import (
	"bufio"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// binary builds the edge as `make build` does and checks that it is static.
func (b *bench) binary(ctx context.Context) (string, error) {
	file, err := filepath.Abs(filepath.Join(b.dir, "edge-binary"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", file, "./cmd/edge")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build the edge: %w", err)
	}
	return file, nil
}

// static says what of a binary the system would have to link when it starts; nothing is what we want.
func static(file string) (needs []string, err error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			needs = append(needs, "an interpreter")
		}
	}
	libraries, err := f.ImportedLibraries()
	if errors.Is(err, elf.ErrNoSymbols) {
		err = nil
	}
	return append(needs, libraries...), err
}

// process is an edge in a process of its own.
type process struct {
	cmd   *exec.Cmd
	ready time.Duration // from its start to the first good answer of /readyz
}

// startEdge starts an edge and waits until /readyz answers 200.
func startEdge(ctx context.Context, binary, dir string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, binary)}
	p.cmd.Env = append(os.Environ(), "DATA_DIR="+dir, "EDGE_ADDR="+address, "LOG_LEVEL=error")
	p.cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	client := http.Client{Timeout: time.Second}
	for range 60_000 {
		answer, err := client.Get("http://" + address + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				p.ready = time.Since(begin)
				return p, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), p.kill())
		case <-time.After(time.Millisecond):
		}
	}
	return nil, errors.Join(errors.New("the edge is not ready after a minute"), p.kill())
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// kill ends it as a power cut would.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	var exit *exec.ExitError
	if ended := p.cmd.Wait(); ended != nil && !errors.As(ended, &exit) {
		err = errors.Join(err, ended)
	}
	return err
}

// memory gives the resident megabytes of a process now.
func (p *process) memory() (float64, error) {
	file, err := os.Open("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var kB float64
		if strings.HasPrefix(lines.Text(), "VmRSS:") {
			_, err := fmt.Sscanf(lines.Text(), "VmRSS: %f kB", &kB)
			return kB * 1024 / 1e6, err
		}
	}
	return 0, errors.New("no VmRSS in /proc/…/status")
}

const fadviseDontNeed = 4 // POSIX_FADV_DONTNEED

func dropFromCache(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, _, failed := syscall.Syscall6(syscall.SYS_FADVISE64, file.Fd(), 0, 0, fadviseDontNeed, 0, 0)
	if failed != 0 {
		return fmt.Errorf("drop %s from the page cache: %w", path, failed)
	}
	return nil
}
