// Package door is the hub's door for operators: metrics, health and profiles, on an address of its own, for who shows its token.
package door

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"
)

// Door serves operators.
type Door struct {
	Token   string // required
	Metrics http.Handler
	Health  http.Handler // of /healthz and /readyz
	Logger  *slog.Logger
}

// Handler serves the door's addresses.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", d.Metrics)
	mux.Handle("GET /healthz", d.Health)
	mux.Handle("GET /readyz", d.Health)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	want := sha256.Sum256([]byte(d.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(token))
		if !ok || d.Token == "" || subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			http.Error(w, `{"code":"unauthenticated","message":"This door wants the token of HUB_PRIVATE_TOKEN, as a Bearer token.","details":{}}`, http.StatusUnauthorized)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// Serve answers on a listener until ctx ends.
func (d *Door) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: d.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(d.Logger.Handler(), slog.LevelDebug)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}
