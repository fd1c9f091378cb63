-- +goose Up

-- Wrapped by the key in the file kek. wrapped = nonce of 12 bytes ‖ AES-256-GCM of 32 bytes.
CREATE TABLE tenant_keys (
    tenant_id BLOB PRIMARY KEY NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Wrapped by the tenant's key.
CREATE TABLE person_keys (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_keys_of ON person_keys (tenant_id, person_id, created_at, id);

-- Ids of keys that are gone, for ever: a listed key is never taken back.
CREATE TABLE destroyed_keys (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    destroyed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

-- People who were erased, whether or not a key of theirs was known here: they never get a new one.
CREATE TABLE erased_people (
    tenant_id BLOB NOT NULL,
    person_id BLOB NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, person_id)
) STRICT, WITHOUT ROWID;

-- Secrets of anonymous polls, wrapped by the tenant's key; wrapped is X'' once the secret is destroyed.
CREATE TABLE poll_secrets (
    tenant_id BLOB NOT NULL,
    session_id BLOB NOT NULL,
    poll_id BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, session_id, poll_id)
) STRICT, WITHOUT ROWID;

-- The edge's ed25519 keys that sign heads; the newest signs. wrapped (of the seed) is by kek, id by the public key.
CREATE TABLE signing_keys (
    id BLOB PRIMARY KEY NOT NULL,
    public BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER destroyed_keys_kept BEFORE DELETE ON destroyed_keys
BEGIN
    SELECT RAISE(ABORT, 'the ids of destroyed keys are kept for ever');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER person_keys_never_back BEFORE INSERT ON person_keys
WHEN EXISTS (SELECT 1 FROM destroyed_keys WHERE tenant_id = NEW.tenant_id AND id = NEW.id)
    OR EXISTS (SELECT 1 FROM erased_people WHERE tenant_id = NEW.tenant_id AND person_id = NEW.person_id)
BEGIN
    SELECT RAISE(ABORT, 'a destroyed key is never taken back');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER erased_people_kept BEFORE DELETE ON erased_people
BEGIN
    SELECT RAISE(ABORT, 'the list of erased people is kept for ever');
END;
-- +goose StatementEnd
