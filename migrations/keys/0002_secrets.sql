-- +goose Up

-- Secrets of the edge itself by name, such as the keys that sign tokens; 32 bytes, wrapped by the key in the file kek
-- under a purpose that holds the name.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY NOT NULL CHECK (name <> ''),
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
