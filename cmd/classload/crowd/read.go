package crowd

import (
	"io"
	"syscall"
	"time"

	"multistream/cmd/classload/wire"
)

// run reads until Close.
func (c *Crowd) run() {
	defer close(c.ended)
	ready := make([]syscall.EpollEvent, 256)
	buf := make([]byte, 256<<10)
	for {
		n, err := syscall.EpollWait(c.epoll, ready, -1)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			panic("crowd: epoll_wait: " + err.Error()) // only a mistake of ours can cause it
		}
		for i := range n {
			if ready[i].Fd == int32(c.wake[0]) {
				return
			}
			c.mu.Lock()
			m := c.members[ready[i].Fd]
			c.mu.Unlock()
			if m != nil {
				m.read(buf)
			}
		}
	}
}

// read takes what a socket has.
func (m *Member) read(buf []byte) {
	m.mu.Lock()
	if m.gone {
		m.mu.Unlock()
		return
	}
	n, err := syscall.Read(m.fd, buf)
	m.mu.Unlock()
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return
	case err != nil:
		m.leave(0, err, true)
		return
	case n == 0:
		m.leave(0, io.EOF, true)
		return
	}
	at := m.crowd.Now()
	if err := m.reader.Feed(buf[:n], func(kind byte, payload []byte) { m.hearAt(kind, payload, at) }); err != nil {
		m.leave(0, err, true)
	}
}

func (m *Member) hear(kind byte, payload []byte) { m.hearAt(kind, payload, m.crowd.Now()) }

func (m *Member) hearAt(kind byte, payload []byte, at time.Duration) {
	switch kind {
	case wire.Text, wire.Binary:
		m.listener.Message(m, payload, at)
	case wire.Ping:
		_ = m.send(wire.Pong, payload) // a socket that broke is found by reading
	case wire.Close:
		m.leave(wire.CloseCode(payload), nil, true)
	}
}
