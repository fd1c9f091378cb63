package rest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"multistream/shared/fault"
)

// stopTime is how long what is under way may take to end.
const stopTime = 10 * time.Second

// router puts the table of routes behind what all requests pass: headers, id and log line, defence against other sites.
func (s *Server) router() http.Handler {
	crossSite := http.NewCrossOriginProtection()
	crossSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Fail(w, r, fault.New(fault.Forbidden, "This request came from the page of another site. Nothing was changed."))
	}))
	r := chi.NewRouter()
	r.Use(harden, s.observe, crossSite.Handler)
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		s.Fail(w, r, fault.New(fault.NotFound, "There is nothing at this address."))
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		s.Fail(w, r, fault.New(fault.MethodNotAllowed, "This address does not know the method %s. Nothing was changed.", shortMethod(r.Method)))
	})
	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
	r.Route("/api", func(r chi.Router) {
		compress := middleware.Compress(5, "application/json")
		for i := range s.o.Routes {
			rt := &s.o.Routes[i]
			h := http.Handler(s.serve(rt))
			if rt.Answer != nil || rt.Open {
				h = compress(h)
			}
			r.Method(rt.Method, rt.Path, h)
			if rt.Method == http.MethodGet && !rt.Socket && rt.Wait == 0 {
				r.Method(http.MethodHead, rt.Path, h)
			}
		}
	})
	return r
}

func shortMethod(m string) string { return m[:min(len(m), 16)] }

// Serve answers on a listener until ctx ends, then lets requests finish and has Options.Stop end the rest.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	d := newDoor(s.o.Pace.Strangers, s.o.Pace.Connections, &s.upgraded, s.metrics)
	server := &http.Server{
		ConnContext: d.enter, ConnState: d.changed,
		Handler: s.handler, ReadHeaderTimeout: s.o.Pace.Header, IdleTimeout: s.o.Pace.Renew, MaxHeaderBytes: 32 << 10,
		// The server's own complaints, of clients that break off, are nobody's concern.
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), TLSConfig: s.o.TLS,
	}
	failed := make(chan error, 1)
	go func() {
		if s.o.TLS != nil {
			failed <- server.ServeTLS(l, "", "")
			return
		}
		failed <- server.Serve(l)
	}()
	select {
	case err := <-failed: // connections of another kind go on, and so may the next Serve
		return err
	case <-ctx.Done():
	}
	return s.shut(server)
}

// shut gives what is under way some seconds to end.
func (s *Server) shut(server *http.Server) error {
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	stopped := make(chan error, 1)
	go func() {
		if s.o.Stop == nil {
			stopped <- nil
			return
		}
		stopped <- s.o.Stop(ctx)
	}()
	return errors.Join(server.Shutdown(ctx), <-stopped)
}
