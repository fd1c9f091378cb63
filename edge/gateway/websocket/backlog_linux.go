package websocket

import (
	"net"
	"syscall"
	"unsafe"
)

// rawOf gives what lies beneath a connection, beneath TLS too; nil if there is no socket.
func rawOf(conn net.Conn) syscall.RawConn {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// Backlog is how many bytes the other side's machine has not confirmed yet, 0 if that can't be told.
func (c *Conn) Backlog() int {
	var n int32
	if c.raw == nil || c.raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	}) != nil {
		return 0
	}
	return int(n)
}

// writeNow writes as much as the kernel takes without waiting.
func writeNow(fd uintptr, b []byte) int {
	for {
		n, err := syscall.Write(int(fd), b) // Go's sockets never block by themselves
		if err != syscall.EINTR {
			return max(n, 0)
		}
	}
}
