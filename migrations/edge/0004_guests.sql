-- +goose Up

-- Links of guests' sign-ins, as refresh_tokens are for people. A guest is nobody of the directory and has no name here: what
-- a class knows of its guests is in its log.
CREATE TABLE guest_links (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    session_id BLOB NOT NULL CHECK (length(session_id) = 16),
    guest_id BLOB NOT NULL CHECK (length(guest_id) = 16),
    sign_in_id BLOB NOT NULL CHECK (length(sign_in_id) = 16),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX guest_links_of_sign_in ON guest_links (tenant_id, sign_in_id);
CREATE INDEX guest_links_by_end ON guest_links (expires_at);
