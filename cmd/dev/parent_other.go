//go:build !linux

package main

import "syscall"

// leaving lets a child outlive Ctrl-C. Elsewhere than on Linux it also outlives us if we are killed.
func leaving() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
