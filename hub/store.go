package hub

import (
	"context"
	"errors"
	"fmt"
	"io"

	"multistream/hub/postgres"
	"multistream/hub/secrets"
	"multistream/shared/event"
	"multistream/shared/rest"
)

// Migrate makes the roles of the hub and lays down its schema, or brings it up to date, and tells so on out.
func Migrate(ctx context.Context, cfg Config, out io.Writer) error {
	applied, err := postgres.Migrate(ctx, cfg.DatabaseURL)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "schema is current; %d steps were applied\n", applied)
	return nil
}

// openKeys opens the database for the API, with the key that wraps the keys of schools.
func openKeys(ctx context.Context, cfg Config, kept *secrets.Secrets) (*postgres.DB, *postgres.Keys, error) {
	secret, err := kept.Derive("keys of schools", 32)
	if err != nil {
		return nil, nil, err
	}
	wrapper, err := postgres.NewKEK(secret)
	if err != nil {
		return nil, nil, err
	}
	db, err := postgres.Open(ctx, cfg.DatabaseURL, postgres.App)
	if err != nil {
		return nil, nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return db, db.Keys(wrapper), nil
}

// ring is the keys of people as a log is opened with them: they are read, and never made here.
type ring struct {
	ctx  context.Context
	keys *postgres.Keys
}

var errReadOnly = errors.New("the hub makes no keys of people: they come from edges")

func (r ring) Get(tenant, id event.ID) (event.PersonKey, error) { return r.keys.Get(r.ctx, tenant, id) }

func (ring) Current(_, _ event.ID) (event.PersonKey, error) {
	return event.PersonKey{}, errReadOnly
}

func (ring) Of(_, _ event.ID) ([]event.PersonKey, bool, error) { return nil, false, errReadOnly }

// storeStats are the numbers of the database for /metrics.
func (h *Hub) storeStats() []rest.Stat {
	s := h.store.Stats()
	return []rest.Stat{
		{Name: "hub_database_connections", Help: "Connections of the API to the database that are in use.", Value: float64(s.InUse)},
		{Name: "hub_database_connections_most", Help: "Connections of the API that there may be.", Value: float64(s.Most)},
		{Name: "hub_database_waited_total", Help: "Times that a request waited for a connection.", Value: float64(s.Waited), Counter: true},
	}
}
