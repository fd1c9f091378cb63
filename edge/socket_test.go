package edge

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"multistream/edge/gateway"
)

// A screen follows a class over the real socket; every frame is held to the published document.
type screen struct {
	conn *websocket.Conn

	mu     sync.Mutex
	status gateway.Status // the latest that was told
}

// follow opens a socket that lives as long as the test.
func (p *person) follow(class string) *screen {
	p.s.t.Helper()
	conn, _, err := websocket.Dial(p.s.t.Context(), p.s.url+class+"/live", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + p.token}}})
	if err != nil {
		p.s.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	sc := &screen{conn: conn}
	read := make(chan struct{})
	p.s.t.Cleanup(func() { _ = conn.CloseNow(); <-read })
	go func() {
		defer close(read)
		sc.read(p)
	}()
	return sc
}

func (sc *screen) read(p *person) {
	for {
		_, b, err := sc.conn.Read(context.Background())
		if err != nil {
			return
		}
		if err := checkFrame(b); err != nil {
			p.s.t.Errorf("a frame is not as published: %v\n%s", err, b)
		}
		var frame struct{ Status *gateway.Status }
		if err := json.Unmarshal(b, &frame); err != nil {
			p.s.t.Errorf("%v in %s", err, b)
		}
		if frame.Status != nil {
			sc.mu.Lock()
			sc.status = *frame.Status
			sc.mu.Unlock()
		}
	}
}

// says gives the latest status that was told.
func (sc *screen) says() gateway.Status {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.status
}
