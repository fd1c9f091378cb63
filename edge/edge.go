// Package edge wires the box of a school: it is the only place that knows all of its parts.
package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"multistream/edge/assets"
	"multistream/edge/bus"
	"multistream/edge/features"
	"multistream/edge/gateway"
	"multistream/edge/orchestrator"
	"multistream/edge/sqlite"
	"multistream/shared/event"
	"multistream/shared/identity"
	"multistream/shared/rest/accounts"
	"multistream/shared/run"
	"multistream/sync/pull"
)

// stopTime is how long parts may take to stop.
const stopTime = 15 * time.Second

// Box is an edge put together: what it is made of, for programs that run one inside themselves.
type Box struct {
	Store       *sqlite.Store
	Classes     *orchestrator.Orchestrator
	People      *identity.Service
	Gateway     *gateway.Gateway
	Features    *features.Set
	Bus         *bus.Bus
	Replication *Replication // nil where no hub is configured
	Authority   []byte       // PEM of the box's own certificate authority, if it has one

	cfg      Config
	log      *slog.Logger
	critical *run.Group                  // once it is served
	pulls    atomic.Pointer[pull.Runner] // once there is a link to a hub
}

// Open opens the data folder and puts the parts together; nothing is served before Serve. It refuses, with a sentence, a
// folder that another edge uses, that a newer program wrote, or that is damaged.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Box, error) {
	return open(ctx, cfg, log, seams{})
}

// seams are where tests take hold of a box: a disk that breaks, a directory that does not answer, connections that are short. Nothing outside of this
// package reaches them.
type seams struct {
	disk      func(*sqlite.Options)
	directory func(identity.Store) identity.Store
	pace      gateway.Pace // of connections
}

func open(ctx context.Context, cfg Config, log *slog.Logger, at seams) (*Box, error) {
	options := sqlite.Options{Dir: cfg.DataDir, Logger: log.With("part", "sqlite")}
	if at.disk != nil {
		at.disk(&options)
	}
	store, err := sqlite.Open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	b := &Box{Store: store, cfg: cfg, log: log}
	if err := b.replicate(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := b.assemble(at); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return b, nil
}

func (b *Box) assemble(at seams) (err error) {
	var directory identity.Store = directoryStore{b.Store}
	if at.directory != nil {
		directory = at.directory(directory)
	}
	if b.People, err = identity.New(identity.Config{Issuer: b.Store.EdgeID(), Store: directory, Keys: b.Store.Keys(),
		OnRevoked: func(user event.ID) { b.Gateway.Recheck(user) }, Log: b.log.With("part", "identity")}); err != nil {
		return err
	}
	if err := b.believeHub(context.Background()); err != nil {
		return fmt.Errorf("the hub's keys: %w", err)
	}
	files, err := assets.Open(filepath.Join(b.cfg.DataDir, "assets"), b.Store.RoomFor)
	if err != nil {
		return err
	}
	if b.Features, err = features.New(features.Options{Classes: logs{b}, Logger: b.log.With("part", "features")}); err != nil {
		return err
	}
	b.Classes = orchestrator.New(orchestrator.Options{Log: timedLog{b.Store, func(took time.Duration) { b.Gateway.ObserveAppend(took) }}, Keys: b.Store.Keys(), EdgeID: b.Store.EdgeID(),
		HeadKey: b.Store.Keys().SigningKey(), Decide: b.Features.Decide, Gates: []orchestrator.Gate{identityGate{b}, mediaGate{}}, Logger: b.log.With("part", "orchestrator")})
	var secured *tls.Config
	if source, err := b.secure(); err != nil {
		return err
	} else if source != nil {
		secured, b.Authority = source.Config(), source.Authority()
	}
	b.Bus = bus.New(b.log.With("part", "bus"))
	who := people{accounts.Service{Rules: b.People}, identity.NewGuests(b.People, b.Store)}
	b.Gateway, err = gateway.New(gateway.Options{Classes: classes{b}, Sessions: b.Store, Identity: who, Guests: who, Owner: who, Directory: who, TLS: secured, PublicURL: b.cfg.PublicURL, Authority: b.Authority,
		Assets: files, Signals: b.Bus, Checks: b.checks(), Stats: b.stats(), Version: b.cfg.Version, Logger: b.log.With("part", "gateway"), Pace: at.pace})
	return err
}

// Serve runs the box on a listener until ctx is done or going on would lose data. announce is called when classes that must
// go on are restored and requests are answered.
func (b *Box) Serve(ctx context.Context, listener net.Listener, announce func()) error {
	door := &door{listener: listener}
	b.critical = run.Critical(b.log, b.failed,
		run.Service{Name: "log", Run: b.watchLog},
		run.Service{Name: partIdentity, Run: b.People.Run},
		run.Service{Name: "watch of identity", Run: b.watchIdentity},
		run.Service{Name: "orchestrator", Run: b.Classes.Run},
		run.Service{Name: "gateway", Run: func(ctx context.Context) error { return door.serve(ctx, b.Gateway) }},
	)
	down, err := b.pullServices()
	if err != nil {
		return err
	}
	async := run.Async(b.log, append(append([]run.Service{
		{Name: "prune", Run: b.prune},
		{Name: "bus", Run: b.Bus.Run},
		{Name: "features", Run: b.Features.Run},
		{Name: "operator", Run: b.serveDoor},
	}, b.Replication.Services()...), down...)...)
	b.critical.Start(ctx)
	async.Start(ctx)
	select {
	case <-b.Classes.Ready():
		announce()
	case <-b.critical.Done():
	}
	<-b.critical.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return errors.Join(b.critical.Err(), b.critical.Stop(stopping), async.Stop(stopping))
}

// answersKept is how long a repeated request outside a class gets its first answer.
const answersKept = 24 * time.Hour

// prune forgets sign-ins that ran out and answers that nobody asks for again, once an hour.
func (b *Box) prune(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		now := event.TimeOf(time.Now())
		if _, err := b.Store.PruneRefreshTokens(ctx, now); err != nil {
			return err
		}
		if _, err := b.Store.PruneAnswered(ctx, now-event.Time(answersKept.Milliseconds())); err != nil {
			return err
		}
		if _, err := b.Store.PruneGuestLinks(ctx, event.TimeOf(time.Now())); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Close closes the data folder.
func (b *Box) Close() error { return b.Store.Close() }

// Run runs an edge until ctx is done; it tells on out where it is reached. An error says why it could not start or had to
// end; what was acknowledged is safe in the data folder in every case.
func Run(ctx context.Context, cfg Config, out io.Writer) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
	b, err := Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	if err := b.refuseDemo(ctx); err != nil {
		return errors.Join(err, b.Close())
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("EDGE_ADDR: %w", err), b.Close())
	}
	err = b.Serve(ctx, listener, func() { b.welcome(ctx, out, cfg.addresses(listener.Addr())) })
	return errors.Join(err, b.Close())
}
