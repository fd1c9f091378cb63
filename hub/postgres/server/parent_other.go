//go:build !linux

package server

import "syscall"

// withParent keeps signals of our terminal from the server. A killed program leaves it running here: its next start says so.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
