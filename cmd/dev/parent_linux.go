package main

import "syscall"

// leaving lets a child outlive Ctrl-C, but not us. The kernel sends the signal when the thread that started the child ends; those of
// main live as long as the process.
func leaving() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
