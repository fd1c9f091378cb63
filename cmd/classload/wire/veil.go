package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// Server is how a server is reached.
type Server struct {
	Address string      // host:port
	TLS     *tls.Config // nil: in the clear
}

// Open opens a connection from a local address (nil: any), so that the server sees as many addresses as there are people. Under TLS, what it gives
// is one end of a pair of sockets whose other end is ciphered and deciphered by goroutines: readers of plain sockets need
// not know, and it is the client's own time that this costs.
func (s Server) Open(ctx context.Context, from net.IP) (net.Conn, error) {
	var d net.Dialer
	if from != nil {
		d.LocalAddr = &net.TCPAddr{IP: from}
	}
	conn, err := d.DialContext(ctx, "tcp", s.Address)
	if err != nil || s.TLS == nil {
		return conn, err
	}
	secret := tls.Client(conn, s.TLS)
	if err := secret.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	near, far, err := pair()
	if err != nil {
		return nil, errors.Join(err, secret.Close())
	}
	go carry(secret, far)
	go carry(far, secret)
	return near, nil
}

// carry copies until one side ends, and ends the other.
func carry(to, from net.Conn) {
	_, _ = io.Copy(to, from) // whose end it was, the reader of the other side learns
	_ = to.Close()
	_ = from.Close()
}

// pair gives two sockets that are joined.
func pair() (near, far net.Conn, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	if near, err = connOf(fds[0]); err != nil {
		return nil, nil, errors.Join(err, syscall.Close(fds[1]))
	}
	if far, err = connOf(fds[1]); err != nil {
		return nil, nil, errors.Join(err, near.Close())
	}
	return near, far, nil
}

// connOf takes a socket over.
func connOf(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "pair")
	conn, err := net.FileConn(f) // a copy
	return conn, errors.Join(err, f.Close())
}
