package edge

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// badnet is a network between clients and a box that misbehaves without telling anybody: what it swallows is neither
// delivered nor refused, and no connection is closed.
type badnet struct {
	t        testing.TB
	listener net.Listener

	mu     sync.Mutex
	target string
	life   time.Duration // after which each connection is swallowed for good, 0: never
	down   [2]chan struct{}
	links  []*link
	ends   chan struct{}
}

// link is one connection through a badnet.
type link struct {
	conns     [2]net.Conn // of the client, of the box
	swallowed chan struct{}
	once      sync.Once
}

// Directions of a badnet.
const (
	toBox    = 0
	toPeople = 1
)

func newBadnet(t testing.TB, target string, life time.Duration) *badnet {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &badnet{t: t, listener: l, target: target, life: life, ends: make(chan struct{})}
	for i := range n.down {
		n.down[i] = make(chan struct{})
	}
	n.set(toBox, true)
	n.set(toPeople, true)
	go n.accept()
	t.Cleanup(func() {
		close(n.ends)
		_ = l.Close()
		n.mu.Lock()
		defer n.mu.Unlock()
		for _, k := range n.links {
			k.close()
		}
	})
	return n
}

func (n *badnet) url() string { return "http://" + n.listener.Addr().String() }

// set lets a direction through, or holds all of it back until it is let through again.
func (n *badnet) set(direction int, through bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.down[direction]:
		if !through {
			n.down[direction] = make(chan struct{})
		}
	default:
		if through {
			close(n.down[direction])
		}
	}
}

// point leads new connections to another box.
func (n *badnet) point(target string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.target = target
}

func (n *badnet) accept() {
	for {
		client, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		target, life := n.target, n.life
		n.mu.Unlock()
		go func() {
			n.passes(toBox, nil)
			box, err := net.Dial("tcp", target[len("http://"):])
			if err != nil {
				_ = client.Close()
				return
			}
			k := &link{conns: [2]net.Conn{client, box}, swallowed: make(chan struct{})}
			n.mu.Lock()
			n.links = append(n.links, k)
			n.mu.Unlock()
			if life > 0 {
				time.AfterFunc(life, func() { close(k.swallowed) })
			}
			go n.pump(k, toBox)
			go n.pump(k, toPeople)
		}()
	}
}

// passes waits until a direction lets through; false if the link is swallowed, or the test over.
func (n *badnet) passes(direction int, k *link) bool {
	n.mu.Lock()
	gate := n.down[direction]
	n.mu.Unlock()
	var swallowed chan struct{}
	if k != nil {
		swallowed = k.swallowed
		select {
		case <-swallowed:
			return false
		default:
		}
	}
	select {
	case <-gate:
		return true
	case <-swallowed:
	case <-n.ends:
	}
	return false
}

func (n *badnet) pump(k *link, direction int) {
	from, to := k.conns[direction], k.conns[1-direction]
	buf := make([]byte, 32<<10)
	for {
		got, err := from.Read(buf)
		if !n.passes(direction, k) {
			return // the other side is never told
		}
		if _, writing := to.Write(buf[:got]); err == nil {
			err = writing
		}
		if err != nil {
			if err == io.EOF {
				_ = to.(*net.TCPConn).CloseWrite()
				if direction == toBox {
					return
				}
			}
			k.close()
			return
		}
	}
}

func (k *link) close() {
	k.once.Do(func() {
		for _, c := range k.conns {
			_ = c.Close()
		}
	})
}
