// Package api is the hub's API: signing in, people and courses as on a box; what classes are planned; and of classes that
// were held, their state at any moment, their events and their log with its proof. What belongs to a live class is its
// edge's: until the hub relays it, it is refused.
//
// It knows no other part: what it needs is declared in parts.go and wired by package hub.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"multistream/shared/event"
	"multistream/shared/rest"
	"multistream/shared/rest/accounts"
)

// cookies names the cookies of the hub.
const cookies = rest.Cookies("ms_hub")

// Options configure an API. Identity, Directory, Schedule, Logs and Edges are required.
type Options struct {
	Identity  Identity
	Directory accounts.Directory
	Schedule  Schedule
	Logs      Logs
	Edges     Edges
	Checks    []rest.Check
	Stats     []func() []rest.Stat
	Version   string
	TLS       *tls.Config
	Logger    *slog.Logger
	Now       func() time.Time // nil: time.Now
	Pace      rest.Pace
}

// API serves the hub. Make it with New; the zero value has the routes, for the documents.
type API struct {
	o        Options
	server   *rest.Server
	accounts *accounts.API
}

// New makes an API. It returns an error if a required part is missing.
func New(o Options) (*API, error) {
	if o.Identity == nil || o.Directory == nil || o.Schedule == nil || o.Logs == nil || o.Edges == nil {
		return nil, errors.New("api: Identity, Directory, Schedule, Logs and Edges are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &API{o: o, accounts: accounts.New(accounts.Options{Identity: o.Identity, Directory: o.Directory, Cookies: cookies, Pace: o.Pace, Now: o.Now})}
	var err error
	a.server, err = rest.New(rest.Options{Program: "hub", Routes: a.routes(), Authenticator: o.Identity, Cookies: cookies, Checks: o.Checks, Stats: o.Stats,
		Version: o.Version, TLS: o.TLS, Logger: o.Logger, Now: o.Now, Pace: o.Pace})
	return a, err
}

// Handler serves everything that people may reach.
func (a *API) Handler() http.Handler { return a.server.Handler() }

// Metrics serves the numbers of the hub. It belongs behind a door of its own.
func (a *API) Metrics() http.Handler { return a.server.Metrics() }

// Recheck ends whatever somebody holds by access tokens that are not accepted any more.
func (a *API) Recheck(user event.ID) { a.server.Recheck(user) }

// Serve answers on a listener until ctx ends.
func (a *API) Serve(ctx context.Context, l net.Listener) error { return a.server.Serve(ctx, l) }

func (a *API) routes() []rest.Route {
	people := a.accounts
	if people == nil {
		people = new(accounts.API)
	}
	return rest.Complete(slices.Concat(people.SignInRoutes(), people.PeopleRoutes(), a.sessionRoutes(), a.fleetRoutes(), a.laterRoutes(), a.documentRoutes()))
}
