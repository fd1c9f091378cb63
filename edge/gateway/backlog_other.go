//go:build !linux

package gateway

import "net"

// backlog can't be told here: a slow client is then found only when a write takes too long, after up to a kernel's buffer
// of ephemeral frames.
func backlog(net.Conn) int { return 0 }
