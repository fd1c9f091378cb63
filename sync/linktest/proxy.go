// Package linktest has both ends of the link between edge and hub meet: real NATS, real SQLite, the real push and ingest, and between them a
// TCP proxy that drops packets without a word. It is tests alone.
package linktest

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxy carries connections to an address. In a hole it carries nothing and tells nobody: connections stay open, new ones are taken.
type proxy struct {
	listener net.Listener
	to       atomic.Pointer[string] // nil: nobody is there yet

	mu     sync.Mutex
	passes chan struct{} // closed while packets pass
	holes  int
	forget bool // after a hole, connections from before it are dead, and their ends are never told
	all    []net.Conn
}

func newProxy() (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, passes: make(chan struct{})}
	close(p.passes)
	go p.accept()
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.keep(c)
		go p.join(c)
	}
}

func (p *proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, c)
}

// way waits until packets pass, and tells how many holes there were.
func (p *proxy) way() int {
	p.mu.Lock()
	passes := p.passes
	p.mu.Unlock()
	<-passes
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holes
}

// join connects through. What was opened in a hole gets through when it ends, as what asks for a connection is said again.
func (p *proxy) join(c net.Conn) {
	born := p.way()
	to := p.to.Load()
	if to == nil {
		_ = c.Close()
		return
	}
	out, err := net.DialTimeout("tcp", *to, time.Second)
	if err != nil {
		_ = c.Close()
		return
	}
	p.keep(out)
	go p.carry(out, c, born)
	p.carry(c, out, born)
}

// carry copies until one end closes. What is read in a hole waits, as TCP says it again; or it is gone and the connection with it.
func (p *proxy) carry(to, from net.Conn, born int) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if p.way() != born && p.forget {
			if err != nil {
				return
			}
			continue
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// swallow begins a hole.
func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passes = make(chan struct{})
	p.holes++
}

// pass ends it.
func (p *proxy) pass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.passes)
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.all {
		_ = c.Close()
	}
}
