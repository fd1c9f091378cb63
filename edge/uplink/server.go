package uplink

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// startServer starts NATS without a listener, a store or a system account, and has it connect to the hub for as long as it runs.
func (l *Link) startServer() (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName: "edge-" + l.name[:8], DontListen: true, NoSigs: true, NoSystemAccount: true,
		MaxPayload: maxPayload, MaxPending: maxPending, MaxConn: 4, MaxSubs: 64, MaxControlLine: 1024,
		PingInterval: 5 * time.Second, MaxPingsOut: 2, WriteDeadline: time.Minute,
		LeafNode: server.LeafNodeOpts{ReconnectInterval: retry, WriteDeadline: time.Minute, Remotes: []*server.RemoteLeafOpts{{
			// The hub's other addresses are not for us: they would lead around a proxy.
			URLs: []*url.URL{l.hub}, Nkey: l.seed, IgnoreDiscoveredServers: true,
			// Long enough for a way of 2 s there and back, short enough to be over soon once it is there again.
			DialTimeout: 2500 * time.Millisecond, FirstInfoTimeout: 2500 * time.Millisecond,
		}}},
	})
	if err != nil {
		return nil, err
	}
	s.SetLoggerV2(lines{l.log}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(patience) {
		s.Shutdown()
		return nil, errors.New("the server was not ready in time")
	}
	return s, nil
}

// connect connects within the process. The connection is never made anew: that is for who runs the link.
func (l *Link) connect(s *server.Server, gone chan struct{}) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(s), nats.Name("uplink"), nats.NoReconnect(), nats.Timeout(patience),
		nats.PingInterval(5*time.Second), nats.MaxPingsOutstanding(2),
		nats.ClosedHandler(func(*nats.Conn) { close(gone) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { l.log.Warn("link to the hub", "error", err) }))
}

// lines lets the server speak to the log. That the hub is not there is told by who asks, so what the server says of it is for who looks for it.
type lines struct{ log *slog.Logger }

func (l lines) Noticef(format string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Warnf(format string, v ...any)   { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Fatalf(format string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Errorf(format string, v ...any)  { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Debugf(string, ...any)           {}
func (l lines) Tracef(string, ...any)           {}
