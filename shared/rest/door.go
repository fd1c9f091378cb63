package rest

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// door counts the connections that a server holds, and keeps strangers from taking all places. A stranger is a connection
// on which nobody has shown a token yet. Where one address has too many of them, or the box too many connections, the
// stranger that has been silent for longest is closed to make room; only if none is silent the new one is refused. A
// whole school may come from one address: who is signed in is never counted against it.
type door struct {
	perAddress int // strangers of one address
	total      int // connections, sockets included
	sockets    *atomic.Int64
	open       prometheus.Gauge
	refused    *prometheus.CounterVec // by reason

	mu       sync.Mutex
	visitors map[net.Conn]*visitor
	streets  map[string]*street
	silent   *list.List // of *visitor: strangers that have no request under way, longest first
}

// street is where the strangers of one address stand.
type street struct {
	strangers int
	silent    *list.List // as door.silent
}

// visitor is one connection. Those that change belong to the door's lock.
type visitor struct {
	door      *door
	conn      net.Conn
	address   string
	known     bool
	since     time.Time
	here, all *list.Element // in the lists of silent ones, nil for none
}

type visitorKey struct{}

func newDoor(perAddress, total int, sockets *atomic.Int64, m *metrics) *door {
	return &door{perAddress: perAddress, total: total, sockets: sockets, open: m.connections, refused: m.refused,
		visitors: map[net.Conn]*visitor{}, streets: map[string]*street{}, silent: list.New()}
}

// enter is the server's ConnContext: it notes a new connection, which the handler then finds in its requests.
func (d *door) enter(ctx context.Context, conn net.Conn) context.Context {
	v := &visitor{door: d, conn: conn, address: hostOf(conn.RemoteAddr().String()), since: time.Now()}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.streets[v.address]
	if s == nil {
		s = &street{silent: list.New()}
		d.streets[v.address] = s
	}
	d.visitors[conn] = v
	s.strangers++
	d.open.Inc()
	v.wait()
	switch {
	case s.strangers > d.perAddress:
		d.close(s.silent.Front().Value.(*visitor), "strangers")
	case len(d.visitors)+int(d.sockets.Load()) > d.total:
		d.close(d.silent.Front().Value.(*visitor), "full")
	}
	return context.WithValue(ctx, visitorKey{}, v)
}

// close turns somebody away; the new one stands last in both lists, so it is refused only where nobody else is silent.
func (d *door) close(v *visitor, reason string) {
	d.refused.WithLabelValues(reason).Inc()
	conn := v.conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secure.NetConn() // a good-bye could block, and the lock is held
	}
	_ = conn.Close()
	d.leave(v)
}

// changed is the server's ConnState.
func (d *door) changed(conn net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.visitors[conn]
	if v == nil {
		return
	}
	switch state {
	case http.StateActive:
		v.busy()
	case http.StateIdle:
		v.wait()
	case http.StateHijacked, http.StateClosed:
		d.leave(v)
	}
}

func (d *door) leave(v *visitor) {
	if d.visitors[v.conn] != v {
		return
	}
	v.busy()
	v.settle()
	delete(d.visitors, v.conn)
	d.open.Dec()
}

// wait counts a stranger as silent from now on.
func (v *visitor) wait() {
	if s := v.door.streets[v.address]; !v.known && v.here == nil {
		v.here, v.all = s.silent.PushBack(v), v.door.silent.PushBack(v)
	}
}

func (v *visitor) busy() {
	if v.here != nil {
		v.door.streets[v.address].silent.Remove(v.here)
		v.door.silent.Remove(v.all)
		v.here, v.all = nil, nil
	}
}

// settle takes a visitor off the strangers of their address.
func (v *visitor) settle() {
	if v.known {
		return
	}
	v.known = true
	s := v.door.streets[v.address]
	if s.strangers--; s.strangers == 0 {
		delete(v.door.streets, v.address)
	}
}

// welcome notes that somebody showed a good token on the connection of a request.
func welcome(r *http.Request) {
	v, _ := r.Context().Value(visitorKey{}).(*visitor)
	if v == nil {
		return // not served by Serve
	}
	v.door.mu.Lock()
	defer v.door.mu.Unlock()
	if v.door.visitors[v.conn] == v {
		v.busy()
		v.settle()
	}
}

// renew ends connections that grew old with the answer to a request: a network that swallows old connections would swallow
// the next request. Browsers can't choose a new one.
func (s *Server) renew(w http.ResponseWriter, r *http.Request) {
	if v, _ := r.Context().Value(visitorKey{}).(*visitor); v != nil && time.Since(v.since) > s.o.Pace.Renew {
		w.Header().Set("Connection", "close")
	}
}
