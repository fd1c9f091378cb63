package gateway

import (
	"net"
	"syscall"
	"unsafe"
)

// backlog is how many bytes of a connection the other side's machine has not confirmed yet, 0 if that can't be told.
func backlog(conn net.Conn) int {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = t.NetConn()
	}
	c, ok := conn.(syscall.Conn)
	if !ok {
		return 0
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	var n int32
	if raw.Control(func(fd uintptr) {
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	}) != nil {
		return 0
	}
	return int(n)
}
