-- +goose Up

-- Who rules a school's directory: this box, until a hub does.
ALTER TABLE tenants ADD COLUMN ruled_by TEXT NOT NULL DEFAULT 'local' CHECK (ruled_by IN ('local', 'hub'));

-- must_change: the password is a one-time one. stale_until: access tokens made of the directory up to then show roles that
-- changed since. name_folded is what people are searched and sorted by.
ALTER TABLE users ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0 CHECK (must_change IN (0, 1));
ALTER TABLE users ADD COLUMN stale_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN name_folded TEXT NOT NULL DEFAULT '';
UPDATE users SET name_folded = lower(trim(display_name));
CREATE INDEX users_by_name ON users (tenant_id, name_folded, id);
CREATE INDEX users_stale ON users (stale_until) WHERE stale_until > 0;

-- parent is the link that a link was exchanged for; X'' of the first of a sign-in.
ALTER TABLE refresh_tokens ADD COLUMN parent BLOB NOT NULL DEFAULT X'' CHECK (length(parent) IN (0, 32));
CREATE INDEX refresh_tokens_revoked ON refresh_tokens (revoked_at) WHERE revoked_at > 0;

CREATE INDEX answered_requests_of_actor ON answered_requests (tenant_id, actor_id, created_at);

-- What was done to a school's people and by whom, one chain a tenant: each row's hash covers it and the hash before it.
-- Names and e-mail addresses are not in it, so that erasing a person leaves it whole. Absent ids are X''.
CREATE TABLE audit (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    number INTEGER NOT NULL CHECK (number >= 1),
    at INTEGER NOT NULL,
    actor_id BLOB NOT NULL CHECK (length(actor_id) IN (0, 16)),
    action TEXT NOT NULL CHECK (action <> ''),
    target_id BLOB NOT NULL CHECK (length(target_id) IN (0, 16)),
    details TEXT NOT NULL,
    prev_hash BLOB NOT NULL CHECK (length(prev_hash) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant_id, number)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER audit_follows BEFORE INSERT ON audit
BEGIN
    SELECT RAISE(ABORT, 'entry does not follow the end of the audit')
    WHERE NEW.number <> 1 + coalesce((SELECT max(number) FROM audit WHERE tenant_id = NEW.tenant_id), 0)
        OR NEW.prev_hash <> coalesce((SELECT hash FROM audit WHERE tenant_id = NEW.tenant_id ORDER BY number DESC LIMIT 1), zeroblob(32));
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is never changed');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit is never deleted');
END;
-- +goose StatementEnd
