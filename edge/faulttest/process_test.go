package faulttest

import (
	"os/exec"
	"syscall"
	"time"

	"multistream/edge/faulttest/systrace"
)

// process is one life of the server.
type process struct {
	cmd     *exec.Cmd
	began   time.Time
	answers int64 // of the crowd, when it began
	stderr  *tail
	ended   chan struct{}
	err     error // of its end, after ended is closed
}

// start starts the server, under strace if it shall die in its n-th changing call. That it is ready is for the crowd to
// find out.
func (h *killing) start(data, address string, c *crowd, n int) *process {
	h.t.Helper()
	cmd := h.target.command(data, address)
	if n > 0 {
		traced, err := systrace.KillAt(n, cmd.Args...)
		if err != nil {
			h.t.Fatal(err)
		}
		traced.Env, traced.Dir = cmd.Env, cmd.Dir
		cmd = traced
	}
	p := &process{cmd: cmd, stderr: &tail{}, ended: make(chan struct{}), answers: c.answers.Load()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // strace and what it runs die together
	p.cmd.Stderr, p.began = p.stderr, time.Now()
	if err := p.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	h.t.Cleanup(p.kill)
	return p
}

// kill sends SIGKILL and waits until the process is gone. It does nothing to one that is gone, and may be called twice.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.ended
}
