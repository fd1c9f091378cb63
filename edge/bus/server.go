package bus

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startServer starts NATS without a listener, a store or a system account.
func (b *Bus) startServer() (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "edge", DontListen: true, NoSigs: true, NoSystemAccount: true,
		MaxPayload: maxPayload, MaxPending: maxPending, MaxConn: 4, MaxSubs: maxSubs, MaxControlLine: 512,
		PingInterval: 5 * time.Second, MaxPingsOut: 2, WriteDeadline: patience,
	})
	if err != nil {
		return nil, err
	}
	s.SetLoggerV2(lines{b.log}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(patience) {
		s.Shutdown()
		return nil, errors.New("the server was not ready in time")
	}
	return s, nil
}

// connect connects within the process. The connection is never made anew: that is for who runs the bus.
func (b *Bus) connect(in nats.InProcessConnProvider, gone chan struct{}) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(in), nats.Name("edge"), nats.NoReconnect(), nats.Timeout(patience),
		nats.FlusherTimeout(patience), nats.PingInterval(5*time.Second), nats.MaxPingsOutstanding(2),
		nats.ClosedHandler(func(*nats.Conn) { close(gone) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) {
				b.lost.Add(1) // told once for each time that the queue begins to overflow
				return
			}
			b.log.Warn("embedded NATS", "error", err)
		}))
}

// link gives connections within the process; while the drill "hang" is on, what is written to them goes nowhere.
type link struct {
	s *server.Server
	b *Bus
}

// InProcessConn connects to the server.
func (l link) InProcessConn() (net.Conn, error) {
	c, err := l.s.InProcessConn()
	if err != nil {
		return nil, err
	}
	return hole{c, l.b}, nil
}

type hole struct {
	net.Conn
	b *Bus
}

// Write writes, or only says so.
func (h hole) Write(p []byte) (int, error) {
	if kind, _ := h.b.Drill(); kind == Hang {
		return len(p), nil
	}
	return h.Conn.Write(p)
}

// lines lets the server speak to the log. What it calls fatal ends its start and not the process.
type lines struct{ log *slog.Logger }

func (l lines) Noticef(format string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Warnf(format string, v ...any)   { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Fatalf(format string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Errorf(format string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Debugf(string, ...any)           {}
func (l lines) Tracef(string, ...any)           {}
