// Package hub wires the centre: it is the only place that knows all of its parts.
package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"multistream/hub/api"
	"multistream/hub/door"
	"multistream/hub/postgres"
	"multistream/hub/secrets"
	"multistream/shared/event"
	"multistream/shared/identity"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
	"multistream/shared/run"
)

// stopTime is how long parts may take to stop.
const stopTime = 15 * time.Second

// Hub is a hub put together.
type Hub struct {
	People *identity.Service
	API    *api.API

	cfg   Config
	log   *slog.Logger
	db    *postgres.DB
	store *postgres.People
	keys  *postgres.Keys
}

// Open connects to the database and puts the parts together; nothing is served before Serve. It refuses, with a sentence, a
// database whose schema this program does not know.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Hub, error) {
	kept, err := secrets.Open(cfg.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("HUB_SECRET_FILE: %w", err)
	}
	h := &Hub{cfg: cfg, log: log}
	if h.db, h.keys, err = openKeys(ctx, cfg, kept); err != nil {
		return nil, err
	}
	h.store = h.db.People()
	if err := h.assemble(kept); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Hub) assemble(kept *secrets.Secrets) error {
	id, err := kept.HubID()
	if err != nil {
		return err
	}
	if h.People, err = identity.New(identity.Config{Issuer: id, Store: directoryStore{h.store}, Keys: kept, Shared: true,
		OnRevoked: func(user event.ID) { h.API.Recheck(user) }, Log: h.log.With("part", "identity")}); err != nil {
		return err
	}
	var secured *tls.Config
	if h.cfg.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(h.cfg.TLSCert, h.cfg.TLSKey)
		if err != nil {
			return fmt.Errorf("HUB_TLS_CERT: %w", err)
		}
		secured = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	}
	who := accounts.Service{Rules: h.People}
	h.API, err = api.New(api.Options{Identity: who, Directory: who, Schedule: schedule{h.store}, Logs: logs{h.db.Log(), h.store, h.keys}, Edges: fleet{h.store},
		Checks: []rest.Check{{Name: "database", Run: h.store.Ping}, {Name: "identity", Run: h.identityUp}}, Stats: []func() []rest.Stat{h.identityStats, h.storeStats},
		Version: h.cfg.Version, TLS: secured, Logger: h.log.With("part", "api")})
	return err
}

func (h *Hub) identityUp(context.Context) error {
	if s := h.People.State(); !s.Up {
		return errors.New("the directory can't be read")
	}
	return nil
}

// Serve runs the hub on a listener until ctx is done. announce is called when requests are answered.
func (h *Hub) Serve(ctx context.Context, listener net.Listener, announce func()) error {
	critical := run.Critical(h.log, func(f run.Failure) {
		h.log.Error("critical part failed", "part", f.Service, "error", f.Err, "again_in", f.Pause.String())
	},
		run.Service{Name: "identity", Run: h.People.Run},
		run.Service{Name: "api", Run: func(ctx context.Context) error { return h.API.Serve(ctx, listener) }},
	)
	async := run.Async(h.log,
		run.Service{Name: "prune", Run: h.prune},
		run.Service{Name: "private door", Run: h.serveDoor},
	)
	critical.Start(ctx)
	async.Start(ctx)
	announce()
	<-critical.Done()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return errors.Join(critical.Err(), critical.Stop(stopping), async.Stop(stopping))
}

// serveDoor serves operators, if a token was given.
func (h *Hub) serveDoor(ctx context.Context) error {
	if h.cfg.PrivateToken == "" {
		h.log.Info("the private door is shut: metrics are not served; HUB_PRIVATE_TOKEN opens it")
		<-ctx.Done()
		return nil
	}
	listener, err := net.Listen("tcp", h.cfg.PrivateAddr)
	if err != nil {
		return fmt.Errorf("HUB_PRIVATE_ADDR: %w", err)
	}
	d := &door.Door{Token: h.cfg.PrivateToken, Metrics: h.API.Metrics(), Health: h.API.Handler(), Logger: h.log.With("part", "door")}
	return d.Serve(ctx, listener)
}

// answersKept is how long a repeated request gets its first answer.
const answersKept = 24 * time.Hour

// prune forgets sign-ins that ran out and answers that nobody asks for again, once an hour.
func (h *Hub) prune(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		now := event.TimeOf(time.Now())
		if _, err := h.store.PruneRefreshTokens(ctx, now); err != nil {
			return err
		}
		if _, err := h.store.PruneAnswered(ctx, now-event.Time(answersKept.Milliseconds())); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Close lets go of the database.
func (h *Hub) Close() { h.db.Close() }

// Run runs a hub until ctx is done; it tells on out where it is reached. An error says why it could not start or had to end.
func Run(ctx context.Context, cfg Config, out io.Writer) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: cfg.LogLevel}))
	h, err := Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer h.Close()
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("HUB_ADDR: %w", err)
	}
	scheme := "http"
	if cfg.TLSCert != "" {
		scheme = "https"
	}
	return h.Serve(ctx, listener, func() { fmt.Fprintf(out, "hub %s answers on %s://%s\n", cfg.Version, scheme, listener.Addr()) })
}
