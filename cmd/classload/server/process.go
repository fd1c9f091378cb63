// Package server watches the process that is measured: its processor time and memory, as the system counts them.
package server

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is the server under load; a zero Process is not known and counts nothing.
type Process struct {
	PID     int
	command *exec.Cmd
	again   func() *exec.Cmd
}

// Start starts an edge in a data folder.
func Start(binary, dataDir, address string) (*Process, error) {
	p := &Process{again: func() *exec.Cmd {
		c := exec.Command(binary)
		c.Env = append(os.Environ(), "DATA_DIR="+dataDir, "EDGE_ADDR="+address)
		if os.Getenv("LOG_LEVEL") == "" {
			c.Env = append(c.Env, "LOG_LEVEL=error")
		}
		c.Stderr = os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		return c
	}}
	return p, p.Begin()
}

// Begin starts it (again).
func (p *Process) Begin() error {
	if p.again == nil {
		return errors.New("only a server that was started with --edge can be started again")
	}
	p.command = p.again()
	if err := p.command.Start(); err != nil {
		return err
	}
	p.PID = p.command.Process.Pid
	return nil
}

// Kill ends it as a power cut would.
func (p *Process) Kill() error {
	if p.command == nil {
		return errors.New("only a server that was started with --edge can be killed")
	}
	err := p.command.Process.Kill()
	_ = p.command.Wait() // it was killed: that is what it says
	return err
}

// Stop ends it in order, if it was started here.
func (p *Process) Stop() error {
	if p.command == nil || p.command.ProcessState != nil {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- p.command.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("the edge did not stop in 20 s"), p.command.Process.Kill())
	}
}

// ticks a second, in /proc; the same on every Linux that Go runs on.
const ticks = 100

// Processor is the processor time that it has used, user and system.
func (p *Process) Processor() time.Duration {
	if p.PID == 0 {
		return 0
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(text, []byte(") ")) // the name may have blanks
	fields := bytes.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(string(fields[11]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * time.Second / ticks
}

// Memory is its resident memory in bytes.
func (p *Process) Memory() int64 {
	if p.PID == 0 {
		return 0
	}
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.PID))
	if err != nil {
		return 0
	}
	defer file.Close()
	return residentOf(file)
}

func residentOf(r io.Reader) int64 {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		var kB int64
		if n, _ := fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &kB); n == 1 {
			return kB << 10
		}
	}
	return 0
}

// Free finds an address on loopback that nobody listens on.
func Free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// Own is the processor time of this process.
func Own() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are constant
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Machine describes in one line what the figures depend on.
func Machine() string {
	cpu, kernel, load := "unknown processor", "", ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(text), " ")
	}
	return fmt.Sprintf("%s, %d cores · Linux %s · load %s", cpu, runtime.NumCPU(), kernel, load)
}
