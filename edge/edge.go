// Package edge wires the box of a school: it is the only place that knows all of its parts.
package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"multistream/edge/assets"
	"multistream/edge/gateway"
	"multistream/edge/identity"
	"multistream/edge/orchestrator"
	"multistream/edge/sqlite"
	"multistream/shared/event"
	"multistream/shared/run"
)

// stopTime is how long parts may take to stop.
const stopTime = 15 * time.Second

// Box is an edge put together: what it is made of, for programs that run one inside themselves.
type Box struct {
	Store   *sqlite.Store
	Classes *orchestrator.Orchestrator
	People  *identity.Service
	Gateway *gateway.Gateway

	log *slog.Logger
}

// Open opens the data folder and puts the parts together; nothing is served before Serve. It refuses, with a sentence, a
// folder that another edge uses, that a newer program wrote, or that is damaged.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Box, error) {
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: cfg.DataDir, Logger: log.With("part", "sqlite")})
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	b := &Box{Store: store, log: log}
	if err := b.assemble(cfg); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return b, nil
}

func (b *Box) assemble(cfg Config) (err error) {
	if b.People, err = identity.New(identity.Config{EdgeID: b.Store.EdgeID(), Store: directoryStore{b.Store}, Keys: b.Store.Keys(),
		OnRevoked: func(user event.ID) { b.Gateway.Recheck(user) }, Log: b.log.With("part", "identity")}); err != nil {
		return err
	}
	files, err := assets.Open(filepath.Join(cfg.DataDir, "assets"))
	if err != nil {
		return err
	}
	b.Classes = orchestrator.New(orchestrator.Options{Log: timedLog{b.Store, func(took time.Duration) { b.Gateway.ObserveAppend(took) }}, Keys: b.Store.Keys(), EdgeID: b.Store.EdgeID(),
		HeadKey: b.Store.Keys().SigningKey(), Gates: []orchestrator.Gate{identityGate{b.People}, mediaGate{}}, Logger: b.log.With("part", "orchestrator")})
	b.Gateway, err = gateway.New(gateway.Options{Classes: classes{b.Classes}, Sessions: b.Store, Identity: people{b.People}, Directory: schools{b.People},
		Assets: files, Checks: b.checks(), Stats: b.stats(), Version: cfg.Version, Logger: b.log.With("part", "gateway")})
	return err
}

// Serve runs the box on a listener until ctx is done or going on would lose data. announce is called when classes that must
// go on are restored and requests are answered.
func (b *Box) Serve(ctx context.Context, listener net.Listener, announce func()) error {
	critical := run.Critical(b.log, func(f run.Failure) {
		b.log.Error("critical part failed", "part", f.Service, "error", f.Err, "again_in", f.Pause.String())
	},
		run.Service{Name: "log", Run: b.watchLog},
		run.Service{Name: "identity", Run: b.People.Run},
		run.Service{Name: "orchestrator", Run: b.Classes.Run},
		run.Service{Name: "gateway", Run: func(ctx context.Context) error { return b.Gateway.Serve(ctx, listener) }},
	)
	async := run.Async(b.log, run.Service{Name: "prune", Run: b.prune})
	critical.Start(ctx)
	async.Start(ctx)
	select {
	case <-b.Classes.Ready():
		announce()
	case <-critical.Done():
	}
	<-critical.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return errors.Join(critical.Err(), critical.Stop(stopping), async.Stop(stopping))
}

// watchLog ends the process when the log has fenced itself: a sync failed, so nothing may be acknowledged any more.
func (b *Box) watchLog(ctx context.Context) error {
	select {
	case <-b.Store.Fenced():
		return fmt.Errorf("%w: %w", run.ErrFatal, b.Store.FenceCause())
	case <-ctx.Done():
		return nil
	}
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
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("EDGE_ADDR: %w", err), b.Close())
	}
	err = b.Serve(ctx, listener, func() {
		fmt.Fprintf(out, "edge %s is ready on http://%s (data in %s)\n", cfg.Version, listener.Addr(), cfg.DataDir)
	})
	return errors.Join(err, b.Close())
}
