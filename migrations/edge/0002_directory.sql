-- +goose Up

-- The directory: who is here and what is taught. On a box alone it is the truth, under a hub a copy of what came down.
-- Every reference includes the tenant, so that no row can point into another school; ids belong to one tenant. No
-- reference is deferred: one that fails must undo its own statement and not the commit of its neighbours.
CREATE TABLE tenants (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL CHECK (name <> ''),
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended'))
) STRICT, WITHOUT ROWID;

-- domain is folded.
CREATE TABLE tenant_domains (
    domain TEXT PRIMARY KEY NOT NULL CHECK (domain <> ''),
    tenant_id BLOB NOT NULL REFERENCES tenants (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tenant_domains_of ON tenant_domains (tenant_id);

-- The folded names are what is compared and unique; NULL where there is none. password_hash is '' or argon2id in PHC form.
CREATE TABLE users (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    email TEXT NOT NULL,
    email_folded TEXT CHECK (email_folded <> ''),
    username TEXT NOT NULL,
    username_folded TEXT CHECK (username_folded <> ''),
    display_name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    password_hash TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (email_folded IS NOT NULL OR username_folded IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_email ON users (tenant_id, email_folded) WHERE email_folded IS NOT NULL;
CREATE UNIQUE INDEX users_by_username ON users (tenant_id, username_folded) WHERE username_folded IS NOT NULL;

-- scope_id is X'' for the scope 'tenant'.
CREATE TABLE user_roles (
    tenant_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('teacher', 'student', 'assistant', 'admin')),
    scope TEXT NOT NULL CHECK (scope IN ('tenant', 'course', 'session')),
    scope_id BLOB NOT NULL CHECK (length(scope_id) = iif(scope = 'tenant', 0, 16)),
    PRIMARY KEY (tenant_id, user_id, scope, scope_id, role),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE courses (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    title TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('draft', 'published')),
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lessons (
    tenant_id BLOB NOT NULL,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    course_id BLOB NOT NULL,
    title TEXT NOT NULL,
    order_index INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, course_id) REFERENCES courses (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX lessons_of ON lessons (tenant_id, course_id, order_index, id);

CREATE TABLE enrolments (
    tenant_id BLOB NOT NULL,
    course_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('teacher', 'student', 'assistant', 'admin')),
    PRIMARY KEY (tenant_id, course_id, user_id),
    FOREIGN KEY (tenant_id, course_id) REFERENCES courses (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolments_of ON enrolments (tenant_id, user_id, course_id);

-- Links of sign-ins: the SHA-256 of each refresh token, never the token. used_at and revoked_at are 0 until it happens.
CREATE TABLE refresh_tokens (
    tenant_id BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    user_id BLOB NOT NULL,
    sign_in_id BLOB NOT NULL CHECK (length(sign_in_id) = 16),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_of_sign_in ON refresh_tokens (tenant_id, sign_in_id);
CREATE INDEX refresh_tokens_of_user ON refresh_tokens (tenant_id, user_id);
CREATE INDEX refresh_tokens_by_end ON refresh_tokens (expires_at);

-- Answers of requests outside a class, for 24 h, so that a repeat gets the first one. An actor need not be a user.
CREATE TABLE answered_requests (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    actor_id BLOB NOT NULL CHECK (length(actor_id) = 16),
    idempotency_key TEXT NOT NULL CHECK (idempotency_key <> ''),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    status INTEGER NOT NULL CHECK (status BETWEEN 100 AND 599),
    answer BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, actor_id, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_requests_by_age ON answered_requests (created_at);
