-- +goose Up

-- Up to where the hub has confirmed each incarnation, as far as this edge has noted it: what is not noted is sent once more.
-- position 0 has no hash; lineage is that of the hub's database.
CREATE TABLE replicated (
    incarnation INTEGER PRIMARY KEY REFERENCES incarnations (number),
    position INTEGER NOT NULL CHECK (position >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    lineage BLOB NOT NULL CHECK (length(lineage) IN (0, 16)),
    noted_at INTEGER NOT NULL
) STRICT;
