package bus

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"multistream/shared/event"
)

// Subjects. An edge publishes asked in its own account; the hub's account gets it as subject(edge), and only so.
const (
	asked      = "sync.v1"
	hubAccount = "HUB"
)

func subject(edge string) string { return "sync." + edge + ".v1" }

// edgeOf is the edge that the server has put into the subject.
func edgeOf(subject string) (event.ID, bool) {
	name, ok := strings.CutPrefix(subject, "sync.")
	if !ok {
		return event.ID{}, false
	}
	if name, ok = strings.CutSuffix(name, ".v1"); !ok {
		return event.ID{}, false
	}
	id, err := event.ParseID(name)
	return id, err == nil
}

// running is a server with what is needed to speak to it.
type running struct {
	*server.Server
	password string // of the hub's own connection, new with each start
}

// startServer starts NATS with a listener for leaf nodes and none for clients.
func (b *Bus) startServer() (*running, error) {
	hub := server.NewAccount(hubAccount)
	r := &running{password: rand.Text()}
	o := &server.Options{
		ServerName: "hub", DontListen: true, NoSigs: true, NoSystemAccount: true, Accounts: []*server.Account{hub},
		MaxPayload: maxPayload, MaxPending: maxPending, MaxControlLine: 1024,
		PingInterval: 5 * time.Second, MaxPingsOut: 2, WriteDeadline: time.Minute,
		LeafNode: server.LeafNodeOpts{Host: b.host, Port: b.port, NoAdvertise: true, AuthTimeout: 5, WriteDeadline: time.Minute},
		Users:    []*server.User{{Username: hubAccount, Password: r.password, Account: hub, AllowedConnectionTypes: only(jwt.ConnectionTypeInProcess)}},
	}
	for _, e := range b.o.Edges {
		a := server.NewAccount(e.ID.String())
		o.Accounts = append(o.Accounts, a)
		o.Nkeys = append(o.Nkeys, &server.NkeyUser{Nkey: e.Key, Account: a, AllowedConnectionTypes: only(jwt.ConnectionTypeLeafnode)})
	}
	var err error
	if r.Server, err = server.NewServer(o); err != nil {
		return nil, err
	}
	for _, e := range b.o.Edges {
		if err := r.share(e.ID.String()); err != nil {
			r.Shutdown()
			return nil, fmt.Errorf("account of edge %s: %w", e.ID, err)
		}
	}
	r.SetLoggerV2(lines{b.o.Log}, false, false, false)
	r.Start()
	if !r.ReadyForConnections(patience) {
		r.Shutdown()
		return nil, fmt.Errorf("it does not listen on %s: is another program there?", b.o.Addr)
	}
	return r, nil
}

// share lets an edge's account reach the hub's one subject with its id in it, and nothing else. It is told to the accounts that the server
// holds: what is in those of its options it ties together in an order of chance, and now and then not at all (v2.15.2).
func (r *running) share(edge string) error {
	hub, err := r.LookupAccount(hubAccount)
	if err != nil {
		return err
	}
	a, err := r.LookupAccount(edge)
	if err != nil {
		return err
	}
	if err := hub.AddServiceExport(subject(edge), []*server.Account{a}); err != nil {
		return err
	}
	return a.AddServiceImport(hub, asked, subject(edge))
}

func only(kind string) map[string]struct{} { return map[string]struct{}{kind: {}} }

// address is where edges reach it.
func (r *running) address() (string, error) {
	v, err := r.Varz(nil)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(v.LeafNode.Host, strconv.Itoa(v.LeafNode.Port)), nil
}

// connect connects within the process. The connection is never made anew: that is for who runs the bus.
func (r *running) connect(gone chan struct{}, log *slog.Logger) (*nats.Conn, error) {
	return nats.Connect("", nats.InProcessServer(r), nats.UserInfo(hubAccount, r.password), nats.NoReconnect(), nats.Timeout(patience),
		nats.PingInterval(5*time.Second), nats.MaxPingsOutstanding(2),
		nats.ClosedHandler(func(*nats.Conn) { close(gone) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) {
				log.Warn("more edges ask than can be answered; they ask again")
				return
			}
			log.Warn("embedded NATS", "error", err)
		}))
}

// lines lets the server speak to the log. What it calls fatal ends its start and not the process.
type lines struct{ log *slog.Logger }

func (l lines) Noticef(format string, v ...any) { l.log.Debug("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Warnf(format string, v ...any)   { l.log.Warn("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Fatalf(format string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Errorf(format string, v ...any)  { l.log.Error("nats: " + fmt.Sprintf(format, v...)) }
func (l lines) Debugf(string, ...any)           {}
func (l lines) Tracef(string, ...any)           {}
