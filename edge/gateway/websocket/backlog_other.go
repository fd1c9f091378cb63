//go:build !linux

package websocket

import (
	"net"
	"syscall"
)

// rawOf gives nothing here: nothing can be offered, and each connection is written to by a goroutine of its own.
func rawOf(net.Conn) syscall.RawConn { return nil }

// Backlog can't be told here: a slow client is then found only when a write takes too long, after up to a kernel's buffer
// of ephemeral frames.
func (c *Conn) Backlog() int { return 0 }

func writeNow(uintptr, []byte) int { return 0 }
