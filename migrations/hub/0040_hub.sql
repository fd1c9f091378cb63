-- +goose Up

-- What edges know this database by. lineage changes when it is restored from a backup: then edges send again what it lacks.
CREATE TABLE hub (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    lineage uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO hub DEFAULT VALUES;
GRANT SELECT ON hub TO app, ingest;
