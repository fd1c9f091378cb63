package server

import "syscall"

// withParent makes the kernel stop the server when we are killed. It gets no signals of our terminal: we stop it ourselves.
func withParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT, Setpgid: true}
}
