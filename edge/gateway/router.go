package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"multistream/shared/fault"
)

// router puts the table of routes behind what all requests pass: headers, id and log line, defence against other sites.
func (g *Gateway) router() http.Handler {
	crossSite := http.NewCrossOriginProtection()
	crossSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.fail(w, r, fault.New(fault.Forbidden, "This request came from the page of another site. Nothing was changed."))
	}))
	r := chi.NewRouter()
	r.Use(harden, g.observe, crossSite.Handler)
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		g.fail(w, r, fault.New(fault.NotFound, "There is nothing at this address."))
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		g.fail(w, r, fault.New(fault.MethodNotAllowed, "This address does not know the method %s. Nothing was changed.", shortMethod(r.Method)))
	})
	r.Get("/healthz", g.healthz)
	r.Get("/readyz", g.readyz)
	r.Route("/api", func(r chi.Router) {
		compress := middleware.Compress(5, "application/json")
		for i := range g.routes {
			rt := &g.routes[i]
			h := http.Handler(g.serve(rt))
			if rt.answer != nil || rt.open {
				h = compress(h)
			}
			r.Method(rt.method, rt.path, h)
			if rt.method == http.MethodGet && rt.id != "live" && rt.id != "frames" {
				r.Method(http.MethodHead, rt.path, h)
			}
		}
	})
	return r
}

func shortMethod(m string) string { return m[:min(len(m), 16)] }

// Serve answers on a listener until ctx ends, then lets requests finish and closes sockets so that clients come back.
func (g *Gateway) Serve(ctx context.Context, l net.Listener) error {
	d := newDoor(g.o.Pace.Strangers, g.o.Pace.Connections, &g.upgraded, g.metrics)
	server := &http.Server{
		ConnContext: d.enter, ConnState: d.changed,
		Handler: g.handler, ReadHeaderTimeout: g.o.Pace.Header, IdleTimeout: g.o.Pace.Renew, MaxHeaderBytes: 32 << 10,
		ErrorLog: slogLines(g.log), TLSConfig: g.o.TLS,
	}
	failed := make(chan error, 1)
	go func() {
		if g.o.TLS != nil {
			failed <- server.ServeTLS(l, "", "")
			return
		}
		failed <- server.Serve(l)
	}()
	select {
	case err := <-failed: // sockets that are open go on, and so may the next Serve
		return err
	case <-ctx.Done():
	}
	return g.shut(server)
}

// shut gives what is under way some seconds to end.
func (g *Gateway) shut(server *http.Server) error {
	g.cancel()
	g.letAllGo()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := server.Shutdown(ctx)
	closed := make(chan struct{})
	go func() {
		g.open.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-ctx.Done():
		err = errors.Join(err, errors.New("gateway: sockets were still open after 10 s"))
	}
	return err
}
