package hub

import (
	"context"
	"fmt"

	"multistream/hub/postgres"
	"multistream/hub/projector"
	"multistream/hub/secrets"
)

// projection makes the tables for reading of what came in.
type projection struct {
	*projector.Projector
	db *postgres.DB // of the role projector
}

func openProjection(ctx context.Context, h *Hub, kept *secrets.Secrets) (*projection, error) {
	wrapper, err := schoolKeys(kept)
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, h.cfg.DatabaseURL, postgres.Projector)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	store, err := db.Projections(ctx, wrapper)
	if err != nil {
		db.Close()
		return nil, err
	}
	return &projection{projector.New(projector.Options{Store: store, Logger: h.log.With("part", "projector")}), db}, nil
}
