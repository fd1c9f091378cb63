// Package crowd reads thousands of sockets with one goroutine. Go's own way, a goroutine each, would take more of the machine
// than many a server that is measured; here a socket costs one read for each time that it has something.
package crowd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"multistream/cmd/classload/wire"
)

// Listener gets what comes on one socket. Its methods run one after the other, in the goroutine of the crowd: they must not
// wait, and Closed must not use the member.
type Listener interface {
	Message(m *Member, payload []byte, at time.Duration) // at: since the crowd began; payload is valid during the call only
	Closed(code int, err error)                          // code: of the server's close message, 0 without one
}

// Crowd is a set of sockets. Make it with New.
type Crowd struct {
	began time.Time
	epoll int
	wake  [2]int // a pipe that ends the reading
	ended chan struct{}

	mu      sync.Mutex
	members map[int32]*Member
}

// Member is one socket of a crowd.
type Member struct {
	crowd    *Crowd
	fd       int
	listener Listener
	reader   wire.Reader

	mu   sync.Mutex
	gone bool
}

// New begins to read.
func New() (*Crowd, error) {
	c := &Crowd{began: time.Now(), ended: make(chan struct{}), members: map[int32]*Member{}}
	var err error
	if c.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	if err := syscall.Pipe2(c.wake[:], syscall.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	e := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(c.wake[0])}
	if err := syscall.EpollCtl(c.epoll, syscall.EPOLL_CTL_ADD, c.wake[0], &e); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	go c.run()
	return c, nil
}

// Now is the time on the crowd's clock.
func (c *Crowd) Now() time.Duration { return time.Since(c.began) }

// Add takes over an open socket; rest are bytes that were read from it already.
func (c *Crowd) Add(conn net.Conn, rest []byte, listener Listener) (*Member, error) {
	m := &Member{crowd: c, listener: listener, fd: -1}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var dup error
	if err := raw.Control(func(fd uintptr) { m.fd, dup = syscall.Dup(int(fd)) }); err != nil || dup != nil {
		return nil, errors.Join(err, dup)
	}
	syscall.CloseOnExec(m.fd)
	if err := conn.Close(); err != nil { // Go's poller lets it go; the copy stays
		return nil, err
	}
	c.mu.Lock()
	c.members[int32(m.fd)] = m
	c.mu.Unlock()
	if len(rest) > 0 { // before anything else can come
		if err := m.reader.Feed(rest, func(kind byte, payload []byte) { m.hear(kind, payload) }); err != nil {
			return nil, err
		}
	}
	e := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(m.fd)}
	if err := syscall.EpollCtl(c.epoll, syscall.EPOLL_CTL_ADD, m.fd, &e); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return m, nil
}

// Send sends a text message. A server that does not read lets the socket fill: that is an error at once, nobody waits.
func (m *Member) Send(payload []byte) error { return m.send(wire.Text, payload) }

func (m *Member) send(kind byte, payload []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return os.ErrClosed
	}
	b := wire.Append(make([]byte, 0, len(payload)+14), kind, payload)
	n, err := syscall.Write(m.fd, b)
	if err == nil && n < len(b) {
		err = fmt.Errorf("socket is full after %d of %d bytes", n, len(b))
	}
	return err
}

// Close drops the socket as a phone that leaves the Wi-Fi does: without a word.
func (m *Member) Close() { m.leave(0, nil, false) }

func (m *Member) leave(code int, err error, tell bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return
	}
	m.gone = true
	m.crowd.mu.Lock()
	delete(m.crowd.members, int32(m.fd))
	m.crowd.mu.Unlock()
	_ = syscall.Close(m.fd) // epoll forgets it by that
	if tell {
		m.listener.Closed(code, err)
	}
}

// Close drops all sockets and ends the reading.
func (c *Crowd) Close() {
	_, _ = syscall.Write(c.wake[1], []byte{0})
	<-c.ended
	c.mu.Lock()
	all := make([]*Member, 0, len(c.members))
	for _, m := range c.members {
		all = append(all, m)
	}
	c.mu.Unlock()
	for _, m := range all {
		m.Close()
	}
	for _, fd := range []int{c.epoll, c.wake[0], c.wake[1]} {
		_ = syscall.Close(fd)
	}
}
