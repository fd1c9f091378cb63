// Package operator is the door for those who run a box: metrics, the state of features, drills and profiles. It listens on
// loopback alone and answers whoever shows the token that lies in the data folder.
package operator

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"multistream/shared/fault"
)

// Features are the failure boundaries of a box. Errors are *fault.Fault.
type Features interface {
	// States lists all features, each as an object with at least "feature" and, where it does not work, "reason".
	States() any
	Drill(feature, kind string, span time.Duration) error
	EndDrill(feature string) error
}

// Options configure a Door; all are required.
type Options struct {
	Token       string
	Metrics     http.Handler
	Features    Features
	Replication func() any // how things stand with the hub
	Logger      *slog.Logger
}

// Door serves operators. Make it with New.
type Door struct {
	o       Options
	handler http.Handler
}

// New makes a Door.
func New(o Options) (*Door, error) {
	if o.Token == "" || o.Metrics == nil || o.Features == nil || o.Replication == nil || o.Logger == nil {
		return nil, errors.New("operator: Token, Metrics, Features, Replication and Logger are required")
	}
	d := &Door{o: o}
	r := chi.NewRouter()
	r.Use(d.authenticate)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, fault.New(fault.NotFound, "There is nothing at this address."))
	})
	r.Method(http.MethodGet, "/metrics", o.Metrics)
	r.Get("/features", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, o.Features.States()) })
	r.Get("/replication", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, o.Replication()) })
	r.Post("/drills", d.drill)
	r.Delete("/drills/{feature}", d.endDrill)
	r.HandleFunc("/debug/pprof/*", pprof.Index)
	r.HandleFunc("/debug/pprof/profile", pprof.Profile)
	r.HandleFunc("/debug/pprof/trace", pprof.Trace)
	r.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	d.handler = r
	return d, nil
}

// Handler serves the door's addresses.
func (d *Door) Handler() http.Handler { return d.handler }

// Serve answers on a listener until ctx ends.
func (d *Door) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: d.handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

func (d *Door) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(d.o.Token)) != 1 {
			fail(w, fault.New(fault.Unauthenticated, "This door wants the token that lies in the box's data folder (%s), as a Bearer token.", tokenFile))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// order asks for a drill.
type order struct {
	Feature string `json:"feature"`
	Fault   string `json:"fault"` // refuse, hang or crash
	Seconds int    `json:"seconds"`
}

func (d *Door) drill(w http.ResponseWriter, r *http.Request) {
	var o order
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10))
	in.DisallowUnknownFields()
	if err := in.Decode(&o); err != nil {
		fail(w, fault.New(fault.InvalidBody, "A drill is asked for like {\"feature\": \"chat\", \"fault\": \"refuse\", \"seconds\": 60}: %v. Nothing was changed.", err))
		return
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		fail(w, fault.New(fault.InvalidBody, "Something follows the drill. Nothing was changed."))
		return
	}
	if o.Seconds < 0 || o.Seconds > 1<<30 {
		o.Seconds = 0 // refused with the field named
	}
	if err := d.o.Features.Drill(o.Feature, o.Fault, time.Duration(o.Seconds)*time.Second); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, d.o.Features.States())
}

func (d *Door) endDrill(w http.ResponseWriter, r *http.Request) {
	if err := d.o.Features.EndDrill(chi.URLParam(r, "feature")); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, d.o.Features.States())
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, err error) {
	f := fault.Of(err)
	details := map[string]any{}
	for k, v := range f.Details {
		details[k] = v
	}
	if f.Field != "" {
		details["field"] = f.Field
	}
	answer(w, fault.Lookup(f.Code).Status, map[string]any{"code": f.Code, "message": f.Message, "details": details})
}
